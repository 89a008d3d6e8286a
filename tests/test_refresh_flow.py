"""The flows `refresh` and `backfill` under a real Prefect server, against the tests' own hosts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.settings import Settings
from flows.sources.contract import read_source
from flows.sources.editions import accepted
from tests.served import comtrade, ecb
from tests.served.host import hosts

pytestmark = pytest.mark.slow

CANARY = "canary-91d7e02b6c5f4a38"


def test_flows_fetch_resume_and_keep_the_key_to_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_server: str
) -> None:
    from flows import backfill, refresh  # noqa: PLC0415 - Prefect reads its environment at import

    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    monkeypatch.setenv("COMTRADE_API_KEY", CANARY)
    monkeypatch.setenv("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "true")
    apis = {comtrade.HOST: comtrade.handler(key=CANARY), ecb.HOST: ecb.handler()}
    with hosts(apis) as served:
        monkeypatch.setattr(refresh, "Door", served.door)
        monkeypatch.setattr(backfill, "Door", served.door)
        outcomes = refresh.refresh(["ecb_rates"])
        assert {one.state for one in outcomes} == {"accepted"}
        done = backfill.backfill("comtrade", 2022, 2023, reporters=["JPN", "KOR"])
        assert [(one.edition, one.state) for one in done] == [("annual_H6", "accepted")]
        asked = len([path for path in served.paths() if "/get/" in path])
        assert asked == 4
        # The second time all years are kept: announcements only.
        again = backfill.backfill("comtrade", 2022, 2023, reporters=["JPN", "KOR"])
        assert [one.state for one in again] == ["unchanged"]
        assert len([path for path in served.paths() if "/get/" in path]) == asked
        # A year that nobody has announced yet does not undo the others.
        backfill.backfill("comtrade", 2023, 2026, reporters=["JPN"])
    assert set(accepted(Settings().raw, read_source("comtrade"))) == {"annual_H6"}
    places = [tmp_path, Path(os.environ["PREFECT_HOME"])]
    files = [path for place in places for path in place.rglob("*") if path.is_file()]
    assert prefect_server.startswith("http://127.0.0.1")
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
