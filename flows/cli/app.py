"""The command's app: what every verb hangs on, and the options that all of them share."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from flows import __version__

app = App(
    name="orewatch",
    help="Critical-minerals risk indicators, checked before they are published.",
    version=__version__,
    default_parameter=Parameter(negative=(), show_default=False),
)

Json = Annotated[bool, Parameter(name="--json")]
