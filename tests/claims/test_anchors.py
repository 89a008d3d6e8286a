"""Anchors held against a copy of the article: a composed text, and the real one where it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from flows.claims.anchors import AnchorError, verify_anchors
from flows.sources.contract import Raw, read_source
from flows.sources.staging import stage_edition

ARTICLE = Path(__file__).parents[3] / "shared/article.txt"
# Composed. The curly quote and the dash make bytes run ahead of characters.
TEXT = (
    "Atlantis\N{RIGHT SINGLE QUOTATION MARK}s mines shipped 12.5 percent less orichalcum—a first.\n"
    "Prices rose 40 percent in Lemuria.\nNobody asked why."
)


def composed_claims(text: str = TEXT) -> pl.DataFrame:
    """Composed claims on the composed text, not in the order of the text."""
    data = text.encode()
    rows = []
    for claim_id, anchor in (("K2", "40 percent"), ("K3", "asked why"), ("K1", "12.5 percent")):
        start = text.index(anchor)
        offset = len(text[:start].encode())
        rows.append(
            {
                "claim_id": claim_id,
                "anchor": anchor,
                "char_start": start,
                "char_end": start + len(anchor),
                "byte_start": offset,
                "byte_end": offset + len(anchor.encode()),
                "source_sha256": hashlib.sha256(data).hexdigest(),
                "source_chars": len(text),
                "source_bytes": len(data),
            }
        )
    return pl.DataFrame(rows)


def copy(tmp_path: Path, data: bytes) -> Path:
    """A copy of the text with these bytes."""
    path = tmp_path / "copy.txt"
    path.write_bytes(data)
    return path


def test_the_text_itself_passes(tmp_path: Path) -> None:
    report = verify_anchors(composed_claims(), copy(tmp_path, TEXT.encode()))
    assert (report.checked, report.same_file, report.difference) == (3, True, "")


def test_the_first_that_differs_is_named_in_order_of_the_text(tmp_path: Path) -> None:
    changed = TEXT.replace("12.5", "12.6").replace("40 percent", "41 percent")
    with pytest.raises(AnchorError) as error:
        verify_anchors(composed_claims(), copy(tmp_path, changed.encode()))
    assert str(error.value).startswith(
        "K1: expected '12.5 percent' at characters 25 to 37, found '12.6 percent'. "
    )
    assert "the file is not the source" in str(error.value)


def test_a_moved_anchor_says_where_it_stands(tmp_path: Path) -> None:
    changed = TEXT.replace("Prices rose", "All prices rose")
    with pytest.raises(AnchorError, match=r"K2: .*; it stands at character 79 instead"):
        verify_anchors(composed_claims(), copy(tmp_path, changed.encode()))


def test_bytes_are_checked_apart_from_characters(tmp_path: Path) -> None:
    # As many characters, fewer bytes.
    changed = TEXT.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    with pytest.raises(AnchorError, match=r"K1: expected '12.5 percent' at bytes 27 to 39"):
        verify_anchors(composed_claims(), copy(tmp_path, changed.encode()))


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (lambda data: b"\xef\xbb\xbf" + data, "saved anew, with a byte order mark at its start"),
        (lambda data: data.replace(b"\n", b"\r\n"), "saved anew, with CRLF line ends;"),
        (
            lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n") + b"\r\n",
            "a byte order mark at its start and CRLF line ends and line ends added at its end",
        ),
        (lambda data: data.decode().encode("cp1252"), "not UTF-8 at byte 8; save it as UTF-8"),
        (lambda data: data[:60], "the file is not the source: 60 bytes, the source has 119"),
        (lambda _: b"", "found ''"),
    ],
)
def test_a_file_saved_anew_is_told_how_it_differs(
    tmp_path: Path, change: Callable[[bytes], bytes], how: str
) -> None:
    with pytest.raises(AnchorError, match=how):
        verify_anchors(composed_claims(), copy(tmp_path, change(TEXT.encode())))


def test_another_file_with_all_anchors_in_place_is_not_called_the_source(tmp_path: Path) -> None:
    report = verify_anchors(composed_claims(), copy(tmp_path, TEXT.encode() + b"\n"))
    assert not report.same_file
    assert report.checked == 3
    assert "line ends added at its end" in report.difference


def test_nothing_to_check_is_an_error(tmp_path: Path) -> None:
    path = copy(tmp_path, TEXT.encode())
    with pytest.raises(AnchorError, match="claims of one article are needed; these are of 0"):
        verify_anchors(composed_claims().clear(), path)
    with pytest.raises(AnchorError, match=r"missing.txt: cannot be read"):
        verify_anchors(composed_claims(), tmp_path / "missing.txt")


@pytest.mark.skipif(not ARTICLE.is_file(), reason="the article is not in ../shared")
def test_the_real_article_holds_every_anchor(tmp_path: Path) -> None:
    source = read_source("article")
    folder = source.folder / "bundled"
    raw = Raw(source.id, source.editions[0].id, folder, (folder / "claims.csv",))
    claims = stage_edition(source, source.editions[0], raw)
    report = verify_anchors(claims, ARTICLE)
    assert (report.checked, report.same_file) == (89, True)
    changed = ARTICLE.read_bytes().replace(b"91.2 percent", b"92.1 percent")
    with pytest.raises(AnchorError, match=r"C010: expected '91.2 percent' at characters 1128 "):
        verify_anchors(claims, copy(tmp_path, changed))
