"""The store of raw bytes: kept once, unchanged, found again by what they are."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.sources import raw
from flows.sources.contract import Raw, SourceError, read_source

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, text in (("b.csv", "t\n1\n"), ("a.csv", "t\n2\n")):
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / "b.csv", folder / "a.csv"]


def kept(files: list[Path], store: Path, now: datetime = NOW) -> Raw:
    return raw.keep("baci", "composed", files, store, now, url="composed:")


def ledger(store: Path) -> list[dict[str, object]]:
    lines = (store / raw.LEDGER).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_bytes_are_kept_unchanged_with_a_row_each(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "raw"
    found = kept(files, store)
    assert [path.name for path in found.files] == ["a.csv", "b.csv"]
    assert found.one("a.csv").read_text(encoding="utf-8") == "t\n2\n"
    assert found.folder.parent == store / "baci" / "composed"
    rows = ledger(store)
    assert [row["file"] for row in rows] == [str(p.relative_to(store)) for p in found.files]
    assert rows[0] == {
        "source": "baci",
        "edition": "composed",
        "file": f"baci/composed/{found.folder.name}/a.csv",
        "url": "composed:",
        "time": "2026-11-20T09:30:00+00:00",
        "bytes": 4,
        # printf 't\n2\n' | sha256sum
        "sha256": "450c551673afcde50e12b2eaa7fe824fbc110db915f3822833a9ca827867329e",
    }
    with pytest.raises(SourceError, match=r"no file c\.csv in .*it has a\.csv, b\.csv"):
        found.one("c.csv")


def test_the_same_bytes_are_kept_once(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "raw"
    first = kept(files, store)
    again = kept(files[::-1], store, NOW + timedelta(days=1))
    assert again.folder == first.folder
    assert len(ledger(store)) == 2


def test_other_bytes_and_other_names_lie_elsewhere(files: list[Path], tmp_path: Path) -> None:
    store = tmp_path / "raw"
    first = kept(files, store)
    files[0].write_text("t\n3\n", encoding="utf-8")
    other = kept(files, store)
    assert other.folder != first.folder
    assert first.one("b.csv").read_text(encoding="utf-8") == "t\n1\n"
    renamed = files[0].rename(files[0].with_name("c.csv"))
    assert kept([renamed, files[1]], store).folder not in {first.folder, other.folder}


@pytest.mark.parametrize("change", ["t\n9\n", None])
def test_kept_bytes_that_changed_are_refused(
    files: list[Path], tmp_path: Path, change: str | None
) -> None:
    path = kept(files, tmp_path / "raw").one("a.csv")
    path.unlink()
    if change:
        path.write_text(change, encoding="utf-8")
    with pytest.raises(
        SourceError, match=r"a\.csv: changed or lost since .*delete .* fetch it anew"
    ):
        kept(files, tmp_path / "raw")


def test_a_copy_that_fails_leaves_nothing(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "raw"

    def fail(source: Path, target: Path) -> None:
        Path(target).write_bytes(b"ha")
        raise OSError(28, "No space left on device", str(source))

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", fail)
        with pytest.raises(OSError, match="No space left"):
            kept(files, store)
    assert list((store / "baci" / "composed").iterdir()) == []
    assert not (store / raw.LEDGER).exists()
    assert kept(files, store).one("b.csv").is_file()


def test_two_files_of_one_name_are_refused(files: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / "a.csv"
    twin.write_text("t\n", encoding="utf-8")
    with pytest.raises(SourceError, match="two files of one name"):
        kept([*files, twin], tmp_path / "raw")


def test_a_missing_bundled_file_is_named(tmp_path: Path) -> None:
    source = read_source("baci")
    edition = source.editions[0].model_copy(update={"bundled": ["lost.parquet"]})
    with pytest.raises(SourceError, match=r"lost\.parquet is missing; restore the checkout"):
        raw.keep_bundled(source, edition, tmp_path, NOW)
