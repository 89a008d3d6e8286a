"""A blocked run released by hand: exactly its build, with a trace wherever somebody may look."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from flows import publish, release, warehouse, write
from flows.gate.contract import Check, Verdict, blocks
from flows.release import ReleaseError
from tests import world

LATER = world.NOW + timedelta(hours=2)
REASON = "the source confirmed the figure by mail of 19 November"


@pytest.fixture
def blocked(tiny: world.Built, tmp_path: Path) -> write.Plan:
    """The plan of a run of the tiny world that a composed check blocks."""
    check = tiny.checks()[0]
    other = Check("mart.trade", "own_check", "authored", "composed", {}, "critical", "composed")
    verdicts = [
        Verdict(check, "pass", "none in 9 rows", 0),
        Verdict(other, "fail", "1 failing in 9 rows", 1, ({"year": 1998, "value_usd": 7},)),
    ]
    where = tiny.settings.model_copy(update={"home": tmp_path})
    where.warehouse.mkdir(parents=True)
    shutil.copyfile(tiny.settings.build, where.build)
    return replace(tiny.plan(verdicts), settings=where)


def test_a_release_publishes_what_was_blocked_and_leaves_its_trace(blocked: write.Plan) -> None:
    where = blocked.settings
    folder = release.blocked(blocked)
    assert not where.build.exists()
    assert publish.current(where.current) is None
    path = release.release(where, folder.name, f"  {REASON}\n", LATER)

    assert publish.current(where.current) == path.resolve()
    body = publish.read_manifest(path)
    trace = body["released_by_hand"]
    assert (trace["run"], trace["reason"]) == (folder.name, REASON)
    assert (trace["time"], trace["by"] != "") == ("2026-11-20T11:30:00+00:00", True)
    assert trace["checks"] == ["mart.trade.own_check (fail)"]
    assert body["created"] == trace["time"]
    assert body["as_of"] == blocked.as_of.isoformat()
    # The next run over the same inputs has nothing to do: they are published.
    assert body["inputs"] == blocked.inputs
    assert body["checks"]["fail"] == 1
    lines = (where.warehouse / release.LEDGER).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [trace]
    assert REASON in (path / "quality.html").read_text(encoding="utf-8")
    said = json.loads((path / "quality.json").read_text(encoding="utf-8"))
    assert said["released_by_hand"] == trace
    with warehouse.snapshot_reader(path / publish.DATABASE) as con:
        assert warehouse.counts(con, ["mart.trade"])["mart.trade"] > 0
        sql = 'SELECT "check" FROM quality."check" WHERE outcome = \'fail\''
        assert con.execute(sql).fetchall() == [("own_check",)]
    # Once: nothing is left to release, nor to build on.
    assert not where.build.exists()
    with pytest.raises(ReleaseError, match="there can be released: none"):
        release.release(where, folder.name, REASON, LATER + timedelta(hours=1))


def test_a_sound_snapshot_has_no_such_trace(blocked: write.Plan) -> None:
    path = world.publication(blocked)
    assert "released_by_hand" not in publish.read_manifest(path)


def test_verdicts_are_read_back_as_they_were_given(blocked: write.Plan) -> None:
    folder = release.blocked(blocked)
    found = {v.check.id: v for v in release.read_verdicts(folder / release.QUALITY)}
    for given in blocked.verdicts:
        again = found[given.check.id]
        # These two only say how a check is put.
        put = {"condition": given.check.condition, "reads_rows": given.check.reads_rows}
        assert replace(again, check=replace(again.check, **put)) == given
    assert len(blocks(list(found.values()))) == 1


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_release_needs_a_reason(blocked: write.Plan, reason: str) -> None:
    with pytest.raises(ReleaseError, match="needs a --reason"):
        release.release(blocked.settings, release.blocked(blocked).name, reason, LATER)


def test_what_cannot_be_released_any_more_is_refused(
    blocked: write.Plan, tiny: world.Built
) -> None:
    where = blocked.settings
    folder = release.blocked(blocked)
    with pytest.raises(ReleaseError, match=f"there can be released: {folder.name}"):
        release.release(where, "20250101", REASON, LATER)
    plan = folder / release.PLAN
    text = plan.read_text(encoding="utf-8")
    body = json.loads(text)
    body["inputs"]["code"] = "other"
    plan.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(ReleaseError, match="code changed since the run"):
        release.release(where, folder.name, REASON, LATER)
    plan.write_text(text, encoding="utf-8")
    with (folder / release.BUILD).open("ab") as file:
        file.write(b"0")
    with pytest.raises(ReleaseError, match="changed since the run; run again"):
        release.release(where, folder.name, REASON, LATER)
    # Only the last blocked run keeps its build: the disk is not filled by failures.
    shutil.copyfile(tiny.settings.build, where.build)
    later = release.blocked(replace(blocked, now=LATER))
    assert not (folder / release.BUILD).exists()
    assert release.find(where, "blocked") == later
    assert publish.snapshots(where.snapshots) == []


@pytest.mark.slow
def test_a_release_that_fails_can_be_tried_again(
    blocked: write.Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = blocked.settings
    folder = release.blocked(blocked)

    def full(*_: object) -> Path:
        raise publish.PublishError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("flows.release.write.snapshot", full)
        with pytest.raises(publish.PublishError):
            release.release(where, folder.name, REASON, LATER)
    assert not where.build.exists()
    assert release.release(where, folder.name, REASON, LATER).is_dir()
