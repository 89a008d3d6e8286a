"""The kept answers and their ledger, where processes die and disks fill."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.sources.connect import Request
from flows.sources.contract import SourceError
from flows.sources.door.answers import Answers, Row

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
BODY = b"composed"
DIGEST = hashlib.sha256(BODY).hexdigest()


def row(**changed: object) -> Row:
    fields = {
        "source": "composed",
        "url": "https://a.test/",
        "expects": "csv",
        "time": NOW,
        "status": 200,
        "bytes": len(BODY),
        "sha256": DIGEST,
    }
    return Row.model_validate(fields | changed)


def ask(mark: str = "") -> Request:
    return Request("composed", "https://a.test/", "csv", mark=mark)


def test_the_newest_good_row_counts(tmp_path: Path) -> None:
    answers = Answers(tmp_path, "composed")
    assert answers.last(ask()) is None
    for one in (
        row(mark="m1"),
        row(mark="m2"),
        row(mark="m2", refused="CutShortError: x"),
        row(mark="m2", status=304),
        row(mark="m2", sha256=None),
        row(mark="m2", url="https://a.test/x"),
        row(mark="m2", params={"p": "1"}),
        row(mark="m2", expects="zip"),
    ):
        answers.note(one)
    # Another process finds the same, and so does this one after it has read before.
    for reader in (answers, Answers(tmp_path, "composed"), answers):
        assert reader.last(ask()) == row(mark="m2")
        assert reader.last(ask("m1")) == row(mark="m1")
        assert reader.last(ask("m3")) is None
    assert len(answers.rows()) == 8
    answers.note(row(mark="m3"))
    assert answers.last(ask("m3")) == row(mark="m3")


def test_what_turned_out_to_be_no_answer_is_taken_back(tmp_path: Path) -> None:
    answers = Answers(tmp_path, "composed")
    good, newer = row(mark="m1"), row(mark="m2", sha256="0" * 64)
    answers.note(good)
    answers.note(newer)
    answers.spoil(answers.answer(ask("m2"), newer, is_new=True), "no partners", newer.time)
    for reader in (answers, Answers(tmp_path, "composed")):
        assert reader.last(ask("m2")) is None
        assert reader.last(ask()) == good
    assert answers.rows()[-1].refused == "no partners"
    answers.note(newer)
    assert answers.last(ask("m2")) == newer


def test_a_row_that_was_never_finished(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    answers = Answers(tmp_path, "composed")
    answers.note(row(mark="m1"))
    whole = answers.ledger.read_bytes()
    for size in (1, 40, len(whole) - 1):
        answers.ledger.write_bytes(whole + whole[:size])
        reader = Answers(tmp_path, "composed")
        assert reader.rows() == [row(mark="m1")]
        assert f"{answers.ledger}: line 2 was never finished and does not count" in caplog.text
        caplog.clear()
        reader.note(row(mark="m2"))
        assert "an unfinished last row was cut off" in caplog.text
        assert [one.mark for one in Answers(tmp_path, "composed").rows()] == ["m1", "m2"]
    answers.ledger.write_bytes(whole[:10])
    Answers(tmp_path, "composed").note(row(mark="m3"))
    assert [one.mark for one in Answers(tmp_path, "composed").rows()] == ["m3"]


@pytest.mark.parametrize(
    "line", [b"rubbish\n", b"\n", b"{}\n", b'{"status": "x"}\n', b"\xff\xfe\n", b"[" * 9000 + b"\n"]
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, line: bytes) -> None:
    answers = Answers(tmp_path, "composed")
    answers.note(row())
    with answers.ledger.open("ab") as file:
        file.write(line)
    answers.note(row())
    with pytest.raises(SourceError, match=r"answers\.jsonl: line 2 cannot be read .* restore"):
        Answers(tmp_path, "composed").rows()
    with pytest.raises(SourceError, match="line 2 cannot be read"):
        answers.last(ask())


def test_a_full_disk_leaves_no_half_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Answers(tmp_path, "composed")
    answers.note(row(mark="m1"))
    before = answers.ledger.read_bytes()
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda handle, data: write(handle, data[:20]))
        with pytest.raises(OSError, match=r"No space left on device: '.*answers\.jsonl'"):
            answers.note(row(mark="m2"))
    assert answers.ledger.read_bytes() == before


def test_bytes_lie_under_their_hash(tmp_path: Path) -> None:
    answers = Answers(tmp_path, "composed")
    assert answers.keep_small(BODY) == DIGEST
    path = tmp_path / "composed" / "answers" / DIGEST[:2] / DIGEST
    assert path.read_bytes() == BODY
    assert answers.is_intact(row())
    path.write_bytes(b"Composed")
    assert not answers.is_intact(row())
    answers.keep_small(BODY)
    assert answers.is_intact(row())
    path.unlink()
    assert not answers.is_intact(row())


def test_bytes_that_never_became_an_answer_go(tmp_path: Path) -> None:
    answers = Answers(tmp_path, "composed")
    with pytest.raises(OSError, match=r"No space left on device: '.*\.incoming-"):
        fill(answers)
    assert list(answers.folder.iterdir()) == []


def fill(answers: Answers) -> None:
    with answers.incoming() as (_, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """But not what one that is still at work has open, nor what was made a moment ago."""
    answers = Answers(tmp_path, "composed")
    answers.folder.mkdir(parents=True)
    dead, new = answers.folder / ".incoming-dead", answers.folder / ".incoming-new"
    for path in (dead, new):
        path.write_bytes(b"half")
    os.utime(dead, (0, 0))
    with Answers(tmp_path, "composed").incoming() as (alive, _):
        os.utime(alive, (0, 0))
        assert not dead.exists()
        with answers.incoming():
            assert alive.exists()
            assert new.exists()


WRITER = """
import sys
from pathlib import Path
from tests.sources.test_answers import row
from flows.sources.door.answers import Answers

for number in range(50):
    Answers(Path(sys.argv[1]), "composed").note(row(mark=f"{sys.argv[2]} {number}"))
"""


def test_two_processes_write_one_ledger(tmp_path: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in ("a", "b")
    ]
    assert [one.wait() for one in both] == [0, 0]
    marks = [one.mark for one in Answers(tmp_path, "composed").rows()]
    assert sorted(marks) == sorted(f"{name} {n}" for name in ("a", "b") for n in range(50))
    lines = (tmp_path / "composed" / "answers.jsonl").read_text("utf-8").splitlines()
    assert all(json.loads(line)["sha256"] == DIGEST for line in lines)
