"""Exit codes, and what an error says to the person at the terminal.

0 answered, published or nothing to do; 1 error; 2 usage; 3 gate blocked; 4 source incomplete;
6 lock held. Every error class of ours is written for its reader and shown as one message; any
other is a fault of the program, and keeps its traceback.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from typing import Any

CODES = {
    "UsageError": 2,
    "UnknownSourceError": 2,
    "GateBlockedError": 3,
    "IncompleteError": 4,
    "LockHeldError": 6,
    "AlreadyServedError": 6,
}
"""Error class -> exit code, where it is not 1. By name: importing them would cost seconds."""

NO_SPACE = "no space left on device"


class UsageError(Exception):
    """The command was given something it cannot take."""


def exit_code(error: BaseException) -> int | None:
    """Give the exit code of an error that has a message for its reader; null where it has none."""
    kinds = [kind for kind in type(error).__mro__ if kind is not object]
    if any(kind.__module__.partition(".")[0] == "flows" for kind in kinds):
        return next((CODES[kind.__name__] for kind in kinds if kind.__name__ in CODES), 1)
    is_known = isinstance(error, OSError) or is_no_space(error) or is_setting(error)
    return 1 if is_known else None


def message(error: BaseException) -> str:
    """Say in words what went wrong, and what to do where the error itself does not."""
    if is_no_space(error):
        return f"{error}\n{space_wanted()}"
    if is_setting(error):
        # Only what our own checks say, never the values: a key may be among them.
        faults = error.errors(include_input=False, include_url=False)  # type: ignore[attr-defined]
        return "\n".join(fault_in_words(fault) for fault in faults)
    return str(error)


def fault_in_words(fault: Mapping[str, Any]) -> str:
    """Say which variable holds what cannot be a setting, and what it should."""
    names = [name if name.isupper() else f"OREWATCH_{name.upper()}" for name in fault["loc"]]
    return ": ".join([*names, fault["msg"].removeprefix("Value error, ")])


def is_no_space(error: BaseException) -> bool:
    """Whether the disk is full, whichever library found out."""
    return getattr(error, "errno", None) == errno.ENOSPC or NO_SPACE in str(error).lower()


def is_setting(error: BaseException) -> bool:
    """Whether an environment variable holds what cannot be a setting."""
    return type(error).__name__ == "ValidationError" and getattr(error, "title", "") == "Settings"


def space_wanted() -> str:
    """Say how much is free and how much a run needs."""
    import shutil  # noqa: PLC0415

    from flows import publish  # noqa: PLC0415
    from flows.settings import Settings  # noqa: PLC0415

    settings = Settings()
    free = shutil.disk_usage(settings.home).free / 1e6
    last = publish.current(settings.current)
    if last is None:
        wanted = "a first run needs about 1,000 MB"
    else:
        size = sum(path.stat().st_size for path in last.rglob("*") if path.is_file()) / 1e6
        wanted = f"a run needs {publish.SPARE * size:,.0f} MB, {publish.SPARE} times its snapshot"
    return (
        f"{settings.home}: {free:,.0f} MB free; {wanted}. The last snapshot stays as it was. "
        "Free some space and run again"
    )


def complain(text: str) -> None:
    """Write an error to the error stream."""
    red, plain = ("\x1b[31m", "\x1b[0m") if sys.stderr.isatty() else ("", "")
    sys.stderr.write(f"{red}orewatch:{plain} {text}\n")
