"""`orewatch report`: it finds a snapshot's report, or makes it beside the snapshot."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.settings import Settings
from tests import command, published

pytestmark = pytest.mark.slow


def test_a_report_is_made_once_and_copied(
    orewatch: command.Orewatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The snapshot stays as it is; its own report is taken where it has one."""
    snapshot = published.publish_composed(tmp_path)
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    before = sorted(path.name for path in snapshot.iterdir())
    made = orewatch("report", "--json").json
    path = Path(made["path"])
    assert path == Settings().warehouse / "reports" / f"{snapshot.name}.html"
    assert path.stat().st_size == made["bytes"]
    assert sorted(one.name for one in snapshot.iterdir()) == before
    (snapshot / "report.html").write_text("its own", encoding="utf-8")
    copy = tmp_path / "copy" / "brief.html"
    refused = orewatch("report", snapshot.name, "--out", str(copy))
    assert refused.code == 1
    assert "is no folder; make it first" in refused.err
    assert not copy.parent.exists()
    copy.parent.mkdir()
    assert orewatch("report", snapshot.name, "--out", str(copy)).code == 0
    assert copy.read_text(encoding="utf-8") == "its own"


def test_no_snapshot_no_report(
    orewatch: command.Orewatch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 1, and what to do."""
    monkeypatch.setenv("OREWATCH_HOME", str(tmp_path))
    said = orewatch("report")
    assert said.code == 1
    assert "orewatch run" in said.err
