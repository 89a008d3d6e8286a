"""The command `orewatch`: a verb is a few lines over a module of the house.

What takes long to import is imported within the verb that needs it.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from flows.cli import (
    alerting,
    articles,
    asking,
    checking,
    completing,
    exporting,
    fetching,
    history,
    purchases,
    qualities,
    reporting,
    running,
    showing,
)
from flows.cli.app import app
from flows.command import exits

VERBS = (
    running,
    fetching,
    asking,
    checking,
    qualities,
    reporting,
    history,
    articles,
    exporting,
    alerting,
    showing,
    purchases,
    completing,
)
"""The modules whose verbs the app has, by having been imported."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; an error that has a reader is one message, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A character that the terminal lacks is shown as another, and ends nothing.
            stream.reconfigure(errors="replace")
    try:
        app(sys.argv[1:] if arguments is None else arguments)
    except BrokenPipeError:
        # Whoever read our output has gone, as in `orewatch sources | head`.
        sys.stdout = None
        sys.exit(0)
    except Exception as error:
        code = exits.exit_code(error)
        if code is None:
            raise
        exits.complain(exits.message(error))
        sys.exit(code)
