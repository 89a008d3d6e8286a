"""The article's claims as data: what the schema must keep apart, and what it refuses."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.sources.contract import Raw, SourceError, read_source
from flows.sources.staging import stage_edition

SHARED = Path(__file__).parents[3] / "shared"
ARTICLE = SHARED / "article.txt"
MATERIAL = SHARED / "data/article_claims.csv"
CURLY = "\N{RIGHT SINGLE QUOTATION MARK}"
SOURCE = read_source("article")
BUNDLED = SOURCE.folder / "bundled/claims.csv"

needs_article = pytest.mark.skipif(
    not (ARTICLE.is_file() and MATERIAL.is_file()), reason="the article is not in ../shared"
)


def staged(path: Path) -> pl.DataFrame:
    """Stage a claims file as the bundled edition."""
    edition = SOURCE.editions[0]
    return stage_edition(SOURCE, edition, Raw(SOURCE.id, edition.id, path.parent, (path,)))


@pytest.fixture(scope="module")
def claims() -> dict[str, dict[str, Any]]:
    """The bundled claims by their number."""
    return {claim["claim_id"]: claim for claim in staged(BUNDLED).to_dicts()}


def test_every_claim_is_there_once_and_of_its_type(claims: dict[str, dict[str, Any]]) -> None:
    assert list(claims) == [f"C{number:03}" for number in range(1, 90)]
    assert Counter(claim["claim_type"] for claim in claims.values()) == {
        "statistic": 28,
        "event": 28,
        "policy": 22,
        "investment": 8,
        "lead_time": 3,
    }


@pytest.mark.parametrize(
    ("claim_id", "expected"),
    [
        ("C010", (91.2, None, None, "percent", None)),
        ("C020", (9.0, 8.5, 9.5, "percent", "approximately")),
        ("C033", (None, 12.0, 28.0, "nanometre", None)),
        ("C044", (None, 2.0, None, "test", "multiple")),
        ("C047", (200.0, None, 200.0, "kilometre", "less than")),
        ("C075", (None, 1910.0, 1945.0, "calendar_year", None)),
        ("C085", (None, 7.0, 15.0, "year", None)),
        ("C016", (None, None, None, None, "heavily")),
    ],
)
def test_value_range_unit_and_qualifier_stay_apart(
    claims: dict[str, dict[str, Any]],
    claim_id: str,
    expected: tuple[object, ...],
) -> None:
    names = ("value", "low", "high", "unit", "qualifier")
    assert tuple(claims[claim_id][name] for name in names) == expected


def test_a_dollar_sign_is_not_a_currency(claims: dict[str, dict[str, Any]]) -> None:
    fab, projects = claims["C031"], claims["C060"]
    assert (fab["value"] * fab["scale"], fab["currency"]) == (8.6e9, "USD")
    assert (projects["value"] * projects["scale"], projects["currency"]) == (6.4e9, "CAD")
    assert projects["fx_date"] == date(2025, 10, 31)


@pytest.mark.parametrize(
    ("claim_id", "kind", "first", "last"),
    [
        ("C009", "stated", date(2010, 9, 1), date(2010, 9, 30)),
        ("C010", "inferred", date(2024, 1, 1), date(2024, 12, 31)),
        ("C026", "inferred", date(2019, 7, 1), date(2023, 3, 31)),
        ("C051", "inferred", date(2025, 1, 1), date(2026, 12, 31)),
        ("C060", "stated", date(2025, 10, 31), date(2025, 10, 31)),
        ("C020", "none", None, None),
    ],
)
def test_a_time_may_be_a_year_a_month_a_day_or_a_span(
    claims: dict[str, dict[str, Any]],
    claim_id: str,
    kind: str,
    first: date | None,
    last: date | None,
) -> None:
    claim = claims[claim_id]
    assert (claim["as_of_kind"], claim["as_of_from"], claim["as_of_to"]) == (kind, first, last)


def test_one_sentence_holds_several_claims(claims: dict[str, dict[str, Any]]) -> None:
    korea = [claims[name] for name in ("C016", "C017", "C018")]
    assert [claim["mineral"] for claim in korea] == ["graphite", "tungsten", "rare_earths"]
    assert len({claim["sentence"] for claim in korea}) == 1
    assert len({claim["char_start"] for claim in korea}) == 3


def test_the_headline_names_its_basket_and_parties(claims: dict[str, dict[str, Any]]) -> None:
    headline = claims["C010"]
    assert headline["hs6"] == ["280530", "284610", "284690"]
    parties = [headline[name] for name in ("subject", "reporter", "counterpart", "partner", "flow")]
    assert parties == ["JPN", "JPN", "CHN", "CHN", "M"]


def test_codes_are_text_of_their_length(claims: dict[str, dict[str, Any]]) -> None:
    for claim in claims.values():
        assert all(len(code) == 6 and code.isdigit() for code in claim["hs6"] or [])
        assert all(len(code) == 4 and code.isdigit() for code in claim["hs4"] or [])


@needs_article
def test_every_anchor_is_short_single_and_inside_its_quote(
    claims: dict[str, dict[str, Any]],
) -> None:
    text = ARTICLE.read_bytes().decode("utf-8")
    with MATERIAL.open(encoding="utf-8", newline="") as file:
        material = {row["id"]: row for row in csv.DictReader(file)}
    assert set(material) == set(claims)
    for claim_id, claim in claims.items():
        row = material[claim_id]
        assert claim["anchor"] in row["quote"], claim_id
        assert text.count(claim["anchor"]) == 1, claim_id
        assert int(row["char_start"]) <= claim["char_start"], claim_id
        assert claim["char_end"] <= int(row["char_end"]), claim_id
        assert len(claim["anchor"].split()) <= 6, claim_id
        assert claim["source_sha256"] == row["source_sha256"], claim_id
    assert sum(len(claim["anchor"]) for claim in claims.values()) < len(text) / 6


def broken(tmp_path: Path, change: Callable[[bytes], bytes]) -> Path:
    """The bundled file with one thing wrong."""
    path = tmp_path / "claims.csv"
    data = BUNDLED.read_bytes()
    changed = change(data)
    assert changed != data
    path.write_bytes(changed)
    return path


def without_topic(data: bytes) -> bytes:
    """The file without its column `topic`."""
    return pl.read_csv(data, infer_schema=False).drop("topic").write_csv().encode()


def shifted(data: bytes) -> bytes:
    """The file with two columns' values swapped under an unchanged header."""
    frame = pl.read_csv(data, infer_schema=False)
    return frame.with_columns(low="unit", unit="low").write_csv().encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_topic, r"columns lost: \['topic'\]"),
        (shifted, "conversion from `str` to `f64` failed in column 'low'"),
        (lambda data: data[: data.rindex(b"C089")], "88 rows after staging, 89 reviewed"),
        (lambda data: data[:-90], "C089|columns|fields|conversion|empty"),
        (lambda data: data + data[data.rindex(b"C089") :], "share a key.*C089"),
        (lambda data: data.replace(b",91.2,", b",91.2%,"), "91.2%"),
        (lambda data: data.replace(b",2010-09,", b",09/2010,"), "C009: as_of '09/2010' is no ISO"),
        (lambda data: data.replace(b",2010-09,", b",2010-13,"), "2010-13"),
        (
            lambda data: data.replace(b",2010-09,", b",,"),
            "C009: as_of None does not fit",
        ),
        (lambda data: data.replace(b"C010,statistic", b"C010,opinion"), "claim_type is no value"),
        (lambda data: data.decode().encode("cp1252"), "cannot read .*claims.csv"),
        (lambda data: data.replace(CURLY.encode(), b"'"), "C077: anchor .* is not as long"),
    ],
)
def test_a_damaged_file_is_refused(
    tmp_path: Path, change: Callable[[bytes], bytes], message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        staged(broken(tmp_path, change))
