"""Answer a question in a process of its own, which the system bounds in time and memory.

DuckDB keeps its own bounds, but not in every function: some go on when they are interrupted, some
take memory that it does not count. What it cannot stop, the system does. A single thread also
makes an answer the same each time: no sum and no order depends on which thread came first.

`python -m flows.command.confined` reads a request from its input and prints the answer.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from flows.command.exits import complain, exit_code, message

Form = Literal["table", "json", "csv"]

MEMORY = 3 * 2**30
"""Bytes the process may take in all: the 1 GiB of DuckDB's own limit, and what else it takes."""

GRACE = 2.0
"""Seconds that DuckDB has to stop by itself."""

ROWS: dict[str, int] = {"table": 40, "json": 10_000, "csv": 10_000}
"""Rows shown where no number is named."""


class AnswerError(Exception):
    """The process that was to answer had to be ended."""


@dataclass(frozen=True)
class Request:
    """A question as it came from the command line."""

    sql_or_name: str
    snapshot: str | None = None
    parameters: Sequence[str] = ()
    form: Form = "table"
    rows: int | None = None
    seconds: float = 30.0
    as_of: str | None = None
    """A day: what was known then answers."""
    beside: Sequence[str] = ()
    """Further snapshots, each `name=snapshot`."""


def answer(request: Request) -> int:
    """Have a request answered on standard output; give the exit code.

    Raises:
        AnswerError: it took too long or too much, or broke the process.

    """
    # -P: what lies in the folder we happen to be in is no module of ours.
    command = [sys.executable, "-P", "-m", "flows.command.confined"]
    body = json.dumps(asdict(request))
    child = subprocess.run(  # noqa: S603
        command, input=body, stderr=subprocess.PIPE, text=True, check=False
    )
    if child.returncode == -signal.SIGALRM:
        raise AnswerError(f"no answer within {request.seconds:g} seconds; ask for less")
    if child.returncode == -signal.SIGPIPE:
        return 0
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        raise AnswerError(
            f"the query broke off ({name}): most likely it asks for too much memory; ask for less"
        )
    if child.stderr.strip():
        complain(child.stderr.strip())
    return child.returncode


def confine(seconds: float) -> None:
    """Bound this process: some memory, no core dump, an end after `seconds`."""
    # It would import pandas, for most of a second, to look whether a parameter is one of its.
    sys.modules["pandas"] = None  # type: ignore[assignment]
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most == resource.RLIM_INFINITY or most > MEMORY:
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # No handler: the system ends the process, whatever it is doing.
    signal.setitimer(signal.ITIMER_REAL, seconds + GRACE)


def respond(request: Request) -> None:
    """Answer a request and print the rows in the form asked for."""
    from flows.command import answers, terminal, vintages  # noqa: PLC0415
    from flows.command.queries import question  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    asked = question(request.sql_or_name, request.parameters, settings.sql / "queries")
    path = vintages.chosen(settings, request.snapshot, request.as_of)
    beside = vintages.named(settings, request.beside)
    confine(request.seconds)
    given = answers.ask(
        path,
        asked.sql,
        asked.parameters,
        most_rows=request.rows or ROWS[request.form],
        seconds=request.seconds,
        beside=beside,
    )
    signal.setitimer(signal.ITIMER_REAL, 0)
    terminal.show_answer(given, request.form)


def main() -> int:
    """Serve one request; errors go to the error stream in plain words."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        respond(Request(**json.load(sys.stdin)))
        sys.stdout.flush()
    except MemoryError:
        sys.stderr.write("the answer needs too much memory; ask for less\n")
        return 1
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        sys.stderr.write(f"{message(error)}\n")
        return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
