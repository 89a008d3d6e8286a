"""The command `orewatch` as a test gives it: its arguments in, what it said out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flows import cli


@dataclass(frozen=True)
class Said:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)


Orewatch = Callable[..., Said]


def orewatch(capfd: pytest.CaptureFixture[str]) -> Orewatch:
    """Give the command, run within the test."""

    def run(*arguments: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return run
