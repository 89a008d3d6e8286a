"""UN Comtrade's answers staged, and each way in which one can be broken.

The answers are composed (`tests/served/comtrade.py`); so is the flat file, except where the test
says that it reads real data, which lie beside the project and never in it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from flows.facts import read_facts
from flows.settings import CHECKOUT
from flows.sources.comtrade import balance, errors, stage
from flows.sources.comtrade.flat import COLUMNS
from flows.sources.comtrade.requests import FETCHED, file_name
from flows.sources.comtrade.rows import tidy_rows
from flows.sources.connect import Request
from flows.sources.contract import Edition, IncompleteError, Raw, SourceError, read_source
from flows.sources.door.refusals import RefusalError
from flows.sources.staging import check_keys, stage_edition, stage_unreviewed
from tests.served import comtrade
from tests.served.comtrade import CHN, DEU, FRA, JPN, NES, TWN, VNM

SHARED = Path(__file__).parents[3] / "shared" / "data" / "trade"
PULL = SHARED / "comtrade_2022_not_deduplicated.csv.gz"
BACI = SHARED / "baci_hs17_2022_30codes.csv"
ANSWERS = SHARED / "comtrade_api_rows"
SOURCE = read_source("comtrade")


def edition(name: str = "annual_H6", **changes: object) -> Edition:
    return Edition(id=name, released=None, hs_revision=name[-2:]).model_copy(update=changes)


def staged(*paths: Path, name: str = "annual_H6", **changes: object) -> pl.DataFrame:
    one = edition(name, **changes)
    return stage_edition(SOURCE, one, Raw(SOURCE.id, one.id, paths[0].parent, paths))


def answer(reporter: int = JPN, **options: object) -> dict[str, Any]:
    """A composed answer: one reporter's annual rows, pinned."""
    api = comtrade.handler(**options)
    asked = comtrade.Asked("GET", comtrade.HOST, "", {"breakdownMode": "classic"}, {})
    return comtrade.envelope([r for r in api.records(asked, "A") if r["reporterCode"] == reporter])


def written(folder: Path, body: object, name: str = "answer.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(body), encoding="utf-8")
    return path


def test_an_answer_comes_out_as_promised(tmp_path: Path) -> None:
    rows = staged(written(tmp_path, answer(annual=("2023",))))
    assert dict(rows.schema) == SOURCE.table.polars
    tuples = rows.filter(pl.col("hs6") == "280530", pl.col("flow") == "import").select(
        "edition", "hs_revision", "frequency", "year", "month", "reporter_code", "partner_code",
        "value_usd", "mass_kg", "is_mass_estimated",
    ).rows()  # fmt: skip
    head = ("annual_H6", "H6", "annual", 2023, None, JPN)
    # The World row's partner is null, and neither 0 nor null kg is a weight.
    assert tuples == [
        (*head, CHN, Decimal("1000.500"), Decimal("400.000"), False),
        (*head, VNM, Decimal("250.250"), Decimal("100.500"), False),
        (*head, NES, Decimal("0.125"), None, True),
        (*head, None, Decimal("1250.875"), Decimal("500.500"), False),
    ]


@pytest.mark.parametrize("cap", [500, 100_000, 250_000])
@pytest.mark.parametrize("is_list", [False, True])
def test_an_answer_from_elsewhere_of_a_limits_length_may_have_been_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cap: int, *, is_list: bool
) -> None:
    """The limits of the service without a key, with one, and with one that is paid for."""
    body = answer()
    path = written(tmp_path, body["data"] if is_list else body)
    rows = tidy_rows(path.read_bytes(), path.name)
    whole = staged(path)
    monkeypatch.setattr(stage, "tidy_rows", lambda *_: rows.sample(cap, with_replacement=True))
    with pytest.raises(errors.TruncatedError, match=rf"answer\.json: {cap:,} rows, the most"):
        staged(path)
    # One that was fetched here was held against its own service's limit when it came.
    fetched = path.rename(tmp_path / f"{JPN}_2022-2023_0123456789ab.json")
    with pytest.raises(errors.DuplicatedError):
        staged(fetched)
    monkeypatch.setattr(stage, "tidy_rows", lambda *_: rows)
    assert staged(fetched).equals(whole)


def test_what_was_fetched_is_known_by_its_name() -> None:
    for reporter, period in (("392", "2022"), ("842", "202301,202302")):
        asked = {"reporterCode": reporter, "period": period}
        assert FETCHED.fullmatch(file_name(Request("comtrade", "https://a.test", "json", asked)))
    assert not FETCHED.fullmatch("2022_all.json")


def test_a_weight_of_zero_is_no_weight_and_noise_is_no_value(tmp_path: Path) -> None:
    body = answer(annual=("2023",))
    assert body["data"][1]["partnerCode"] == CHN
    body["data"][1] |= {"netWgt": 0.0, "primaryValue": 1000.5000000001, "cifvalue": 1000.5000000001}
    china = staged(written(tmp_path, body)).filter(pl.col("partner_code") == CHN)
    assert china.select("value_usd", "mass_kg").row(0) == (Decimal("1000.500"), None)


def test_months_are_months(tmp_path: Path) -> None:
    asked = comtrade.Asked("GET", comtrade.HOST, "", {"breakdownMode": "classic"}, {})
    body = comtrade.envelope(list(comtrade.handler().records(asked, "M")))
    body["data"] = [row for row in body["data"] if row["classificationCode"] == "H6"]
    body["count"] = len(body["data"])
    rows = staged(written(tmp_path, body), name="monthly_H6")
    assert set(rows.select("frequency", "year", "month").rows()) == {
        ("monthly", 2023, 1),
        ("monthly", 2023, 2),
    }


def test_a_bare_list_a_bom_and_several_files_are_read_alike(tmp_path: Path) -> None:
    whole = staged(written(tmp_path, answer()))
    rows = answer()["data"]
    one = written(tmp_path, [r for r in rows if r["period"] == "2022"], "one.json")
    other = tmp_path / "other.json"
    text = json.dumps([r for r in rows if r["period"] == "2023"])
    other.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert staged(one, other).equals(whole)
    with pytest.raises(errors.DuplicatedError, match=f"{JPN} 2 times"):
        staged(one, other, written(tmp_path, answer(), "again.json"))


def test_codes_not_tracked_and_shorter_codes(tmp_path: Path) -> None:
    body = answer()
    for row in [dict(r) for r in body["data"] if r["cmdCode"] == "284690"]:
        body["data"].append(row | {"cmdCode": "2846"})
    body["count"] = len(body["data"])
    path = written(tmp_path, body)
    assert set(staged(path, hs6=["284690"])["hs6"]) == {"284690"}
    with pytest.raises(SourceError, match=r"2846 is no HS6 code \(6 of 24 rows\)"):
        staged(path)


def test_an_edition_holds_one_revision_and_one_frequency(tmp_path: Path) -> None:
    path = written(tmp_path, answer())
    assert set(staged(path, name="annual_H6", hs_revision=None)["hs_revision"]) == {"H6"}
    with pytest.raises(errors.ChangedError, match="hs_revision is not H5 in 18 of 18 rows"):
        staged(path, name="annual_H5")
    with pytest.raises(errors.ChangedError, match="frequency is not monthly"):
        staged(path, name="monthly_H6")
    with pytest.raises(errors.ChangedError, match="hs_revision is not H5 in 18 of 26 rows"):
        staged(path, written(tmp_path, answer(VNM), "vnm.json"), hs_revision=None)
    with pytest.raises(SourceError, match="no layout 'tsv'; there are"):
        staged(path, layout="tsv")


def test_unknown_countries_are_named_by_the_facts(tmp_path: Path) -> None:
    facts = read_facts(CHECKOUT / "warehouse" / "facts").frames
    frame = staged(written(tmp_path, answer()))
    check_keys("comtrade composed", frame, SOURCE.table, facts)
    body = answer()
    body["data"][1]["partnerCode"] = 7
    with pytest.raises(SourceError, match=r"partner_code 7 not in ref\.country_code"):
        check_keys("x", staged(written(tmp_path, body)), SOURCE.table, facts)


# ---------------------------------------------------------------------------------------- drift

Change = Callable[[dict[str, Any]], object]


def each(**values: object) -> Change:
    """Set keys of every row."""
    return lambda body: [row.update(values) for row in body["data"]]


def one(number: int = 1, **values: object) -> Change:
    """Set keys of one row; the first is World, the second China."""
    return lambda body: body["data"][number].update(values)


def lose(key: str, number: int | None = None) -> Change:
    def change(body: dict[str, Any]) -> None:
        for row in body["data"] if number is None else [body["data"][number]]:
            del row[key]

    return change


def rename(old: str, new: str) -> Change:
    return lambda body: [row.update({new: row.pop(old)}) for row in body["data"]]


def swap(first: str, second: str) -> Change:
    def change(body: dict[str, Any]) -> None:
        for row in body["data"]:
            row[first], row[second] = row[second], row[first]

    return change


def rows_to(make: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Change:
    def change(body: dict[str, Any]) -> None:
        body["data"] = make(body["data"])
        body["count"] = len(body["data"])

    return change


DRIFT: dict[str, tuple[Change, type[SourceError], str]] = {
    # What the schema of 47 keys says.
    "a key lost": (lose("netWgt"), errors.ChangedError, r"netWgt: lost key \(at data\.0\.netWgt"),
    "a key lost in one row": (lose("qty", 3), errors.ChangedError, r"qty: lost key \(at data\.3"),
    "a key new": (each(tariff=1), errors.ChangedError, r"tariff: new key .*given 1"),
    "a key renamed, as bulk files spell it": (
        rename("isNetWgtEstimated", "isnetWgtEstimated"),
        errors.ChangedError,
        "isNetWgtEstimated: lost key .*isnetWgtEstimated: new key",
    ),
    "a number as text": (
        each(primaryValue="1000.5"),
        errors.ChangedError,
        "primaryValue: Input should be a valid number",
    ),
    "a code as a number": (
        each(cmdCode=280530),
        errors.ChangedError,
        "cmdCode: Input should be a valid string .*given 280530",
    ),
    "a flag as 0 and 1, as bulk files have it": (
        each(isNetWgtEstimated=0),
        errors.ChangedError,
        "isNetWgtEstimated: Input should be a valid boolean",
    ),
    "a period as a number": (each(period=2023), errors.ChangedError, "period: .*valid string"),
    "a null where none may be": (one(reporterCode=None), errors.ChangedError, "reporterCode: "),
    "a value missing": (one(primaryValue=None), errors.ChangedError, "primaryValue: .*given None"),
    "a negative value": (
        one(primaryValue=-5.0),
        errors.ChangedError,
        r"primaryValue: .*greater than or equal to 0 \(at data\.1\.primaryValue, given -5",
    ),
    "a negative weight": (one(netWgt=-1.0), errors.ChangedError, "netWgt: .*greater than"),
    "a value that is no number": (
        one(primaryValue=float("nan")),
        errors.ChangedError,
        "primaryValue: Input should be a finite number",
    ),
    "a value beyond the world's trade": (
        one(primaryValue=1e18),
        errors.ChangedError,
        "primaryValue: .*less than",
    ),
    # What the envelope says.
    "the count wrong": (
        lambda body: body.update(count=19),
        errors.CountError,
        "says 19 rows and holds 18",
    ),
    "a row lost on the way": (lambda body: body["data"].pop(), errors.CountError, "says 18 rows"),
    "an error in a good answer": (
        lambda body: body.update(error="Something went wrong"),
        errors.ServerError,
        "reports an error in a good answer: Something went wrong",
    ),
    "only counted": (
        lambda body: body.update(data=dict.fromkeys(body["data"][0])),
        errors.ChangedError,
        r"data: is no list of rows \(the answer to countOnly",
    ),
    "an envelope with more in it": (
        lambda body: body.update(next="page2"),
        errors.ChangedError,
        "next: new key",
    ),
    "another answer altogether": (
        lambda body: [body.clear(), body.update(statusCode=401, message="denied")],
        errors.ChangedError,
        "count: lost key.*data: lost key",
    ),
    # What the pins say.
    "another customs procedure": (one(customsCode="C07"), errors.PinError, "customsCode is C07"),
    "another transport": (one(motCode=2100), errors.PinError, "motCode is 2100 in 1 of 18 rows"),
    "another second partner": (one(partner2Code=842), errors.PinError, "partner2Code is 842"),
    "another mode of supply": (one(mosCode="1"), errors.PinError, "mosCode is 1"),
    "aggregated over customs": (each(customsCode="-2"), errors.PinError, "customsCode is -2"),
    # What a row says of itself.
    "services": (each(typeCode="S"), errors.ChangedError, r"typeCode is not C \(goods\)"),
    "another frequency": (each(freqCode="Q"), errors.ChangedError, "freqCode is neither A nor M"),
    "months called years": (each(freqCode="M"), errors.ChangedError, "refMonth does not fit"),
    "a month 13": (each(freqCode="M", refMonth=13), errors.ChangedError, "refMonth does not fit"),
    "a period of another year": (
        one(refYear=2021),
        errors.ChangedError,
        "period is not that of refYear",
    ),
    "re-exports": (one(flowCode="RX"), errors.ChangedError, "flowCode is neither M nor X"),
    "another classification": (
        each(classificationCode="S3"),
        errors.ChangedError,
        "classificationCode is no HS revision",
    ),
    "a mixed classification, as aggregateBy gives it": (
        each(classificationCode="GG"),
        errors.ChangedError,
        "classificationCode is no HS revision",
    ),
    "converted from another revision": (
        each(isOriginalClassification=False),
        errors.ChangedError,
        "isOriginalClassification is false",
    ),
    "value and weight swapped": (
        swap("primaryValue", "netWgt"),
        errors.ChangedError,
        "primaryValue: Input should be a valid number|primaryValue is neither",
    ),
    "value and weight swapped where both are": (
        lambda body: [swap("primaryValue", "netWgt")({"data": body["data"][:3]})],
        errors.ChangedError,
        "primaryValue is neither cifvalue nor fobvalue in 3 of 18 rows",
    ),
    "reporter and partner swapped": (
        swap("reporterCode", "partnerCode"),
        errors.UnbalancedError,
        "no World row",
    ),
    # What holds between rows.
    "a row twice": (
        rows_to(lambda rows: [*rows, rows[1]]),
        errors.DuplicatedError,
        rf"2 of 19 rows share a key.*{JPN} 1 to 1\.8 times",
    ),
    "every row twice": (
        rows_to(lambda rows: [*rows, *rows]),
        errors.DuplicatedError,
        f"36 of 36 rows share a key.* {JPN} 2 times",
    ),
    "the World row missing": (
        rows_to(lambda rows: rows[1:]),
        errors.UnbalancedError,
        r"in 1 of 6 groups.*'hs6': '280530'.*no World row, 3 partners with 1250\.875 USD",
    ),
    "a partner missing": (
        rows_to(lambda rows: [rows[0], *rows[2:]]),
        errors.UnbalancedError,
        r"World 1250\.875 USD, 2 partners with 250\.375 USD",
    ),
    "the partners missing": (
        rows_to(lambda rows: [row for row in rows if row["partnerCode"] == 0]),
        errors.UnbalancedError,
        "in 6 of 6 groups.*0 partners",
    ),
    "partners that do not add up": (
        one(primaryValue=1000.504, cifvalue=1000.504),
        errors.UnbalancedError,
        r"World 1250\.875 USD, 3 partners with 1250\.879 USD",
    ),
    "no rows": (rows_to(lambda _: []), IncompleteError, "no rows"),
}


@pytest.mark.parametrize("drift", DRIFT)
def test_an_answer_that_changed_trips_a_named_check(tmp_path: Path, drift: str) -> None:
    change, error, says = DRIFT[drift]
    body = answer()
    change(body)
    with pytest.raises(error, match=f"(?s){says}") as stopped:
        staged(written(tmp_path, body))
    assert type(stopped.value) is error
    assert str(tmp_path) in str(stopped.value) or "comtrade annual_H6" in str(stopped.value)


def test_partners_may_be_rounded_each_by_a_thousandth(tmp_path: Path) -> None:
    body = answer()
    one(primaryValue=1000.503, cifvalue=1000.503)(body)
    assert staged(written(tmp_path, body)).height == 18


@pytest.mark.parametrize("data", [b"", b"<html>", b"[[[", b'{"data": [', b"null", b"\xff\xfe{}"])
def test_what_is_no_answer_at_all_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "answer.json"
    path.write_bytes(data)
    with pytest.raises(errors.ChangedError, match=r"answer\.json: no answer of UN Comtrade"):
        staged(path)


# ----------------------------------------------------------------------------------------- flat


def flat_rows(*, pinned: bool) -> Iterator[str]:
    """The composed trade in the flat layout; without pins every row comes with its parts."""
    asked = comtrade.Asked("GET", "", "", {"breakdownMode": "classic" if pinned else "plus"}, {})
    for row in comtrade.handler(annual=("2022",)).records(asked, "A"):
        weight = "" if row["netWgt"] is None else row["netWgt"]
        yield (
            f"{row['period']},{row['reporterCode']},{row['partnerCode']},{row['cmdCode']},"
            f"{row['flowCode']},{row['primaryValue']},{weight},{weight or 0.0},8\n"
        )


HEADER = ",".join(COLUMNS) + "\n"


def flat_text(*, pinned: bool = True) -> str:
    return HEADER + "".join(flat_rows(pinned=pinned))


def flat(folder: Path, text: str | bytes, name: str = "pull.csv") -> Path:
    data = text.encode() if isinstance(text, str) else text
    path = folder / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def test_the_flat_layout_plain_packed_and_with_a_bom(tmp_path: Path) -> None:
    text = flat_text()
    plain = staged(flat(tmp_path, text), layout="flat")
    packed = staged(flat(tmp_path, text, "pull.csv.gz"), layout="flat")
    marked = staged(flat(tmp_path, b"\xef\xbb\xbf" + text.encode().replace(b"\n", b"\r\n")))
    assert plain.equals(packed)
    assert plain.equals(marked)
    china = plain.filter(pl.col("reporter_code") == JPN, pl.col("partner_code") == CHN)
    assert china.select("hs6", "value_usd", "mass_kg", "is_mass_estimated", "month").rows() == [
        ("280530", Decimal("1000.500"), Decimal("400.000"), None, None),
        ("284690", Decimal("3000.000"), Decimal("1500.000"), None, None),
    ]
    assert staged(flat(tmp_path, text), layout="flat", hs6=["284690"]).height == 14
    with pytest.raises(SourceError, match="does not say in which HS revision"):
        staged(flat(tmp_path, text), layout="flat", hs_revision=None)


def test_trade_pulled_without_pins_is_caught_and_repaired_on_request(tmp_path: Path) -> None:
    path = flat(tmp_path, flat_text(pinned=False))
    with pytest.raises(errors.DuplicatedError) as stopped:
        staged(path, layout="flat")
    # Three dimensions double three times; Japan, which breaks nothing down, shows nothing.
    assert stopped.value.factors == {DEU: (8.0, 8.0), FRA: (4.0, 4.0)}
    says = str(stopped.value)
    assert f"is there: {DEU} 8 times, {FRA} 4 times. The first key" in says
    assert "breakdownMode=classic&partner2Code=0&customsCode=C00&motCode=0" in says
    assert "the layout flat_largest" in says
    repaired = staged(path, layout="flat_largest")
    assert repaired.equals(staged(flat(tmp_path, flat_text()), layout="flat"))


def test_a_repair_that_does_not_prove_itself_is_refused(tmp_path: Path) -> None:
    # The total of one of Germany's partners was lost; the largest left is three quarters of it.
    lines = flat_text(pinned=False).splitlines(keepends=True)
    total = f"2022,{DEU},{CHN},280530,M,910.91,"
    kept = [line for line in lines if not line.startswith(total)]
    assert len(kept) == len(lines) - 1
    with pytest.raises(
        errors.UnbalancedError,
        match=rf"in 1 of 12 groups.*'reporter_code': {DEU}, 'hs6': '280530'.*World 910\.910 USD, "
        r"1 partners with 683\.182 USD",
    ):
        staged(flat(tmp_path, "".join(kept)), layout="flat_largest")


def test_the_largest_row_is_the_heaviest_among_equals_whatever_the_order() -> None:
    key = {"frequency": "annual", "year": 2022, "month": None, "flow": "import"}
    key |= {"reporter_code": JPN, "hs6": "280530", "partner_code": TWN, "hs_revision": "H6"}
    found = [("2.000", None), ("3.000", None), ("3.000", "7.000"), ("1.000", "9.000")]
    rows = [key | {"value_usd": Decimal(v), "mass_kg": Decimal(w) if w else None} for v, w in found]
    for order in (rows, rows[::-1]):
        kept = balance.largest(pl.DataFrame(order, schema=balance.TIDY))
        assert kept.select("value_usd", "mass_kg").rows() == [(Decimal("3.000"), Decimal("7.000"))]


LINE = 2  # The first row of the composed file, after its header.
FLAT_DRIFT: dict[str, tuple[Callable[[str], str | bytes], type[SourceError], str]] = {
    "a new column": (
        lambda t: t.replace("qtyunit\n", "qtyunit,customs\n", 1),
        errors.ChangedError,
        "new columns 'customs'; the header must be year,reporter",
    ),
    "a lost column": (
        lambda t: t.replace(",netwgt", "", 1),
        errors.ChangedError,
        "lost columns 'netwgt'",
    ),
    "a column renamed": (
        lambda t: t.replace("value", "primaryValue", 1),
        errors.ChangedError,
        "new columns 'primaryValue'; lost columns 'value'",
    ),
    "columns swapped": (
        lambda t: t.replace("reporter,partner", "partner,reporter", 1),
        errors.ChangedError,
        "columns in another order: year,partner,reporter",
    ),
    "another separator": (lambda t: t.replace(",", ";"), errors.ChangedError, "new columns 'year;"),
    "decimal commas": (
        lambda t: t.replace("1250.875", "1250,875"),
        errors.ChangedError,
        r"line 2 has 10 cells in place of 9 \(decimal commas\?\)",
    ),
    "decimal commas in quotes": (
        lambda t: t.replace("1250.875", '"1250,875"'),
        errors.ChangedError,
        "line 2 has 10 cells",
    ),
    "thousands in quotes": (
        lambda t: t.replace("1250.875", '"1250.875"'),
        errors.ChangedError,
        "column value does not read .*'line': 2",
    ),
    "in cp1252": (
        lambda t: t.replace("280530", "280530\u00e9", 1).encode("cp1252"),
        SourceError,
        r"line 2: byte 0xe9 is no UTF-8; .*save it as UTF-8",
    ),
    "in UTF-16": (lambda t: t.encode("utf-16"), SourceError, "line 1: byte 0xff is no UTF-8"),
    "cut in a line": (lambda t: t[:-3], IncompleteError, "ends in the middle of a line"),
    "a row cut short": (
        lambda t: t.replace(",8\n", "\n", 1),
        errors.ChangedError,
        "line 2 has 8 cells",
    ),
    "empty": (lambda _: "", errors.ChangedError, "lost columns 'year, reporter"),
    "a header only": (lambda _: HEADER, IncompleteError, "no rows"),
    "a negative value": (
        lambda t: t.replace(",1250.875", ",-1250.875"),
        errors.ChangedError,
        "column value .*'-1250.875'",
    ),
    "an exponent": (lambda t: t.replace("1250.875", "1.2e3"), errors.ChangedError, "column value"),
    "a value missing": (lambda t: t.replace("1250.875", ""), errors.ChangedError, "column value"),
    "a country by name": (lambda t: t.replace(",156,", ",CHN,"), errors.ChangedError, "partner"),
    "a code that lost its zero": (
        lambda t: t.replace("280530", "80530"),
        errors.ChangedError,
        "column cmd does not read",
    ),
    "a re-export": (lambda t: t.replace(",X,", ",RX,"), errors.ChangedError, "column flow"),
    "a month": (lambda t: t.replace("2022,", "202201,"), errors.ChangedError, "column year"),
    "values and weights swapped": (
        lambda t: (
            HEADER
            + "".join(
                ",".join([*c[:5], c[6], c[5], *c[7:]]) + "\n"
                for c in (line.split(",") for line in t.splitlines()[1:])
            )
        ),
        errors.ChangedError,
        "column value does not read",
    ),
    "reporters and partners swapped": (
        lambda t: (
            HEADER
            + "".join(
                ",".join([c[0], c[2], c[1], *c[3:]]) + "\n"
                for c in (line.split(",") for line in t.splitlines()[1:])
            )
        ),
        errors.UnbalancedError,
        "no World row",
    ),
    "a World row lost": (
        lambda t: HEADER + t.split("\n", 2)[2],
        errors.UnbalancedError,
        "in 1 of 12 groups.*no World row",
    ),
}


@pytest.mark.parametrize("drift", FLAT_DRIFT)
@pytest.mark.parametrize("name", ["pull.csv", "pull.csv.gz"])
def test_a_broken_flat_file_stops_and_is_named(tmp_path: Path, drift: str, name: str) -> None:
    change, error, says = FLAT_DRIFT[drift]
    with pytest.raises(error, match=f"(?s){says}") as stopped:
        staged(flat(tmp_path, change(flat_text()), name), layout="flat")
    assert name in str(stopped.value) or "comtrade annual_H6" in str(stopped.value)


def test_a_damaged_gzip_and_a_bomb_are_refused(tmp_path: Path) -> None:
    path = flat(tmp_path, flat_text(), "pull.csv.gz")
    whole = path.read_bytes()
    for cut in (10, len(whole) // 2, len(whole) - 4):
        path.write_bytes(whole[:cut])
        with pytest.raises(RefusalError, match="fetch it again"):
            staged(path, layout="flat")
    path.write_bytes(whole[:60] + bytes([whole[60] ^ 255]) + whole[61:])
    with pytest.raises(RefusalError, match="damaged"):
        staged(path, layout="flat")
    path.write_bytes(gzip.compress(b"2" * 20_000_000, 9))
    with pytest.raises(RefusalError, match="unpacks to more than 100 times its size"):
        staged(path, layout="flat")


# ------------------------------------------------------------------------------------ real data


@pytest.mark.skipif(not PULL.exists(), reason="../shared/data is not here")
def test_the_real_pull_without_pins() -> None:
    with pytest.raises(errors.DuplicatedError, match=r"276 8 times, .*251 4 times, ") as stopped:
        staged(PULL, layout="flat")
    factors = stopped.value.factors
    assert factors[276] == (8.0, 8.0)
    assert factors[251] == factors[826] == (4.0, 4.0)
    assert not {392, 410, 842, 156} & factors.keys()


@pytest.mark.skipif(not (PULL.exists() and BACI.exists()), reason="../shared/data is not here")
def test_the_real_pull_repaired_agrees_with_baci() -> None:
    rows = staged(PULL, layout="flat_largest")
    assert rows.height == 37_722
    tidy = rows.with_columns(pl.col("partner_code").fill_null(0))
    groups = balance.balance(tidy)
    assert groups.height == 4_379
    off = (groups["world"] - groups["sum"]).abs().cast(pl.Float64) / groups["partners"]
    assert off.max() is not None
    assert float(str(off.max())) <= 0.001 + 1e-12

    codes = {392: "JPN", 410: "KOR", 842: "USA"}
    value = pl.col("value_usd").cast(pl.Float64)
    ours = (
        rows.filter(pl.col("flow") == "import", pl.col("reporter_code").is_in(list(codes)))
        .group_by(pl.col("reporter_code").replace_strict(codes).alias("iso3"), "hs6")
        .agg(
            china=value.filter(pl.col("partner_code") == 156).sum(),
            world=value.filter(pl.col("partner_code").is_null()).sum(),
        )
        .select("iso3", "hs6", share=pl.col("china") / pl.col("world"))
    )
    theirs = (
        pl.read_csv(BACI, schema_overrides={"cmd": pl.String})
        .filter(pl.col("j").is_in(list(codes.values())))
        .group_by(pl.col("j").alias("iso3"), pl.col("cmd").alias("hs6"))
        .agg(china=pl.col("value").filter(pl.col("i") == "CHN").sum(), world=pl.col("value").sum())
        .select("iso3", "hs6", baci=pl.col("china") / pl.col("world"))
    )
    both = ours.join(theirs, on=["iso3", "hs6"])
    # 30 codes of 3 importers, every one of them in both.
    assert both.height == theirs.height == 90
    apart = both.filter((pl.col("share") - pl.col("baci")).abs() > 0.06)
    assert set(apart.select("iso3", "hs6").rows()) == {
        ("JPN", "810820"),
        ("JPN", "252922"),
        ("JPN", "251010"),
        ("USA", "810194"),
        ("KOR", "811212"),
        ("KOR", "252910"),
    }


@pytest.mark.skipif(not ANSWERS.exists(), reason="../shared/data is not here")
@pytest.mark.parametrize(("reporter", "rows"), [(392, 17), (410, 28)])
def test_real_answers_are_whole_and_of_a_heading(reporter: int, rows: int) -> None:
    path = ANSWERS / f"2023_2846_M_{reporter}.json"
    tidy = tidy_rows(path.read_bytes(), path.name)
    assert tidy.height == rows
    balance.refuse_doubled(path.name, tidy)
    balance.refuse_unbalanced(path.name, tidy)
    with pytest.raises(SourceError, match="2846 is no HS6 code"):
        staged(path)
    one = edition(hs6=["284690"])
    raw = Raw(SOURCE.id, one.id, path.parent, (path,))
    assert stage_unreviewed(SOURCE, one, raw).height == 0
