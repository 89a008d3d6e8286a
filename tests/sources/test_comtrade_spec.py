"""Requests and answers of UN Comtrade against its OpenAPI files, and its recorded answers.

`PARAMETERS`, `RECORD` and `DATASET` are distilled from the OpenAPI files of October 2026: names,
closed lists and types, nothing else. Where the files are beside the project the distillation is
held against them, and requests and composed answers are validated by them. The recordings are
read only where they lie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import parse_qsl, urlsplit

import jsonschema
import pytest
from pydantic import SecretStr

from flows.facts import read_facts
from flows.settings import CHECKOUT
from flows.sources.comtrade import errors
from flows.sources.comtrade.announcements import Announcement, dataset, read_available
from flows.sources.comtrade.balance import refuse_doubled, refuse_unbalanced
from flows.sources.comtrade.connect import bring, offers
from flows.sources.comtrade.faults import faults
from flows.sources.comtrade.layouts import Row, read_rows
from flows.sources.comtrade.rows import tidy_rows
from flows.sources.connect import Wish
from flows.sources.contract import SourceError, read_source
from tests.served import comtrade
from tests.served.comtrade import HOST, KEY
from tests.served.host import Asked, Reply, hosts

SHARED = Path(__file__).parents[3] / "shared" / "data" / "api" / "comtrade"
SPECS = SHARED / "official" / "apidocs"
RECORDINGS = SHARED / "recordings"
no_specs = pytest.mark.skipif(not SPECS.exists(), reason="../shared/data is not here")
SOURCE = read_source("comtrade")

PUBLIC = ("HS", *(f"H{n}" for n in range(6, -1, -1)), "S4", "S3", "S2", "S1", "BE", "BE5", "EB",
          "EB10", "EB02", "EBS")  # fmt: skip
PARAMETERS: Mapping[str, tuple[tuple[str, ...], frozenset[str]]] = {
    # Path: the classifications it takes, and the names of its query parameters.
    "/data/v1/get": (
        ("HS", "SS", "S4", "S3", "S2", "S1", "BE", "BE5", "EB", "EB02", "EB10", "TM"),
        frozenset(
            {
                *("reporterCode", "period", "partnerCode", "partner2Code", "cmdCode", "flowCode"),
                *("customsCode", "motCode", "aggregateBy", "breakdownMode", "includeDesc"),
            }
        ),
    ),
    "/data/v1/getDa": (
        (*PUBLIC[:-1], "EBSDMX"),
        frozenset({"reporterCode", "period", "publishedDateFrom", "publishedDateTo"}),
    ),
    "/public/v1/preview": (
        PUBLIC,
        frozenset({"reporterCode", "period", "partnerCode", "cmdCode", "flowCode"}),
    ),
    "/public/v1/getDA": (PUBLIC, frozenset()),
}
UNDECLARED: Mapping[str, frozenset[str]] = {
    # Sent although the files do not declare them; others report that they are heeded.
    "/public/v1/preview": frozenset(errors.PINS),
    "/public/v1/getDA": frozenset({"reporterCode", "period"}),
}
CUSTOMS = re.compile(r"^((C|c)([0][0-9]|[1][0-5]|20))(,(C|c)([0][0-9]|[1][0-5]|20))*$")

TEXT, WHOLE, REAL, FLAG = "string", "integer", "number", "boolean"
RECORD: Mapping[str, tuple[str, bool]] = {
    # Key of a row: its type, and whether the files let it be null.
    **dict.fromkeys(("typeCode", "freqCode"), (TEXT, True)),
    **dict.fromkeys(("refPeriodId", "refYear", "refMonth"), (WHOLE, False)),
    "period": (TEXT, True),
    "reporterCode": (WHOLE, False),
    **dict.fromkeys(("reporterISO", "reporterDesc", "flowCode", "flowDesc"), (TEXT, True)),
    "partnerCode": (WHOLE, False),
    **dict.fromkeys(("partnerISO", "partnerDesc"), (TEXT, True)),
    "partner2Code": (WHOLE, False),
    **dict.fromkeys(("partner2ISO", "partner2Desc"), (TEXT, True)),
    **dict.fromkeys(("classificationCode", "classificationSearchCode"), (TEXT, True)),
    "isOriginalClassification": (FLAG, False),
    **dict.fromkeys(("cmdCode", "cmdDesc"), (TEXT, True)),
    "aggrLevel": (WHOLE, True),
    "isLeaf": (FLAG, True),
    **dict.fromkeys(("customsCode", "customsDesc", "mosCode"), (TEXT, True)),
    "motCode": (WHOLE, False),
    "motDesc": (TEXT, True),
    "qtyUnitCode": (WHOLE, True),
    "qtyUnitAbbr": (TEXT, True),
    "qty": (REAL, True),
    "isQtyEstimated": (FLAG, False),
    "altQtyUnitCode": (WHOLE, True),
    "altQtyUnitAbbr": (TEXT, True),
    "altQty": (REAL, True),
    "isAltQtyEstimated": (FLAG, False),
    "netWgt": (REAL, True),
    "isNetWgtEstimated": (FLAG, False),
    "grossWgt": (REAL, True),
    "isGrossWgtEstimated": (FLAG, False),
    **dict.fromkeys(("cifvalue", "fobvalue"), (REAL, True)),
    "primaryValue": (REAL, False),
    "legacyEstimationFlag": (WHOLE, True),
    **dict.fromkeys(("isReported", "isAggregate"), (FLAG, True)),
}
DATASET: Mapping[str, tuple[str, bool]] = {
    "datasetCode": (WHOLE, False),
    **dict.fromkeys(("typeCode", "freqCode"), (TEXT, True)),
    **dict.fromkeys(("period", "reporterCode"), (WHOLE, False)),
    **dict.fromkeys(("reporterISO", "reporterDesc"), (TEXT, True)),
    **dict.fromkeys(("classificationCode", "classificationSearchCode"), (TEXT, True)),
    "isOriginalClassification": (FLAG, False),
    **dict.fromkeys((f"isExtended{name}Code" for name in
                     ("Flow", "Partner", "Partner2", "Cmd", "Customs", "Mot")), (FLAG, False)),
    **dict.fromkeys(("totalRecords", "datasetChecksum"), (WHOLE, False)),
    **dict.fromkeys(("firstReleased", "lastReleased"), (TEXT, False)),
}  # fmt: skip
STRICTER = {
    # Nullable in the files, never null in 640 recorded rows, and used here: null stops.
    *("typeCode", "freqCode", "period", "flowCode", "classificationCode"),
    *("classificationSearchCode", "cmdCode", "customsCode", "mosCode"),
}
TYPES = {str: TEXT, int: WHOLE, float: REAL, bool: FLAG}


def json_schema(distilled: Mapping[str, tuple[str, bool]]) -> dict[str, Any]:
    """A JSON schema of an envelope with rows of these keys, no more and no fewer."""
    keys = {
        name: {"type": [kind, "null"] if nullable else kind}
        for name, (kind, nullable) in distilled.items()
    }
    row = {"type": "object", "properties": keys, "required": list(keys)}
    names = ("elapsedTime", "count", "data", "error")
    kinds = ({"type": TEXT}, {"type": WHOLE}, None, {"type": TEXT})
    properties = dict(zip(names, kinds, strict=True))
    properties["data"] = {"type": "array", "items": row | {"additionalProperties": False}}
    return {"type": "object", "properties": properties, "required": list(names)}


def official(name: str) -> dict[str, Any]:
    return json.loads((SPECS / f"{name}.json").read_text(encoding="utf-8"))


def operation(path: str) -> dict[str, Any]:
    """What the OpenAPI file says of one of our paths."""
    _, service, _, kind = path.split("/")
    spec = official({"data": "comtrade", "public": "public"}[service])
    assert spec["servers"] == [{"url": f"https://{HOST}/{service}/v1"}]
    return spec["paths"][f"/{kind}/{{typeCode}}/{{freqCode}}/{{clCode}}"]["get"]


@no_specs
@pytest.mark.parametrize("path", PARAMETERS)
def test_the_distilled_parameters_are_the_official_ones(path: str) -> None:
    parameters = operation(path)["parameters"]
    by_place: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
    for one in parameters:
        by_place[one["in"]][one["name"]] = one["schema"]
    classes, names = PARAMETERS[path]
    assert set(by_place["query"]) == names
    assert by_place["path"]["typeCode"]["enum"] == ["C", "S"]
    assert by_place["path"]["freqCode"]["enum"] == ["A", "M"]
    assert by_place["path"]["clCode"]["enum"] == list(classes)
    if "customsCode" in names:
        assert by_place["query"]["customsCode"]["pattern"] == CUSTOMS.pattern
        assert by_place["query"]["breakdownMode"]["enum"] == ["classic", "plus"]
        assert errors.PINS["motCode"] in by_place["query"]["motCode"]["pattern"]


@no_specs
@pytest.mark.parametrize(
    ("name", "distilled"), [("TradeDataRecord", RECORD), ("DataAvailability", DATASET)]
)
def test_the_distilled_rows_are_the_official_ones(
    name: str, distilled: Mapping[str, tuple[str, bool]]
) -> None:
    properties = official("comtrade")["components"]["schemas"][name]["properties"]
    found = {key: (one["type"], one.get("nullable", False)) for key, one in properties.items()}
    assert found == dict(distilled)
    assert list(found) == list(distilled)


@no_specs
def test_the_official_examples_are_read() -> None:
    for path in PARAMETERS:
        good = operation(path)["responses"]["200"]["content"]["application/json"]["example"]
        read = read_available if "getd" in path.lower() else read_rows
        assert len(read(json.dumps(good).encode(), path)) == 1


@pytest.mark.parametrize(("ours", "distilled"), [(Row, RECORD), (Announcement, DATASET)])
def test_what_we_read_is_the_distilled_row(
    ours: type, distilled: Mapping[str, tuple[str, bool]]
) -> None:
    hints = get_type_hints(ours)
    found = {}
    for key, hint in hints.items():
        kinds = set(get_args(hint)) or {hint}
        found[key] = (TYPES[next(iter(kinds - {type(None)}))], type(None) in kinds)
    assert list(found) == list(distilled)
    for key, (kind, nullable) in found.items():
        assert kind == distilled[key][0], key
        assert nullable == distilled[key][1] or key in STRICTER, key
    assert ours is not Row or len(found) == 47


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Asked, bytes]]:
    """Every request of a keyed and a keyless visit, annual and monthly, with its answer."""
    wish = Wish(
        today=date(2023, 3, 1),
        codes={"H5": ("280530",), "H6": ("280530", "284690")},
        reporters=("DEU", "JPN", "VNM"),
        years=(2022, 2023),
        monthly=True,
        keys={"comtrade": SecretStr(KEY)},
        country_codes={"comtrade": {"DEU": "276", "JPN": "392", "VNM": "704"}},
    )
    api = comtrade.handler()
    kept: list[tuple[Asked, bytes]] = []

    def witnessed(asked: Asked) -> Reply:
        reply = api(asked)
        kept.append((asked, reply.body))
        return reply

    with hosts({HOST: witnessed}) as served:
        for one in (wish, replace(wish, keyless=True)):
            door = served.door(tmp_path_factory.mktemp("store"), {SOURCE.id: SOURCE})
            for offer in offers(door, SOURCE, one):
                bring(door, SOURCE, offer)
    return kept


def places(asked: Asked) -> tuple[str, str, str, str]:
    """A request's path without its triple, and the triple."""
    head, goods, frequency, classes = asked.path.rsplit("/", 3)
    return head, goods, frequency, classes


def test_our_requests_are_those_of_the_files(exchanges: list[tuple[Asked, bytes]]) -> None:
    seen = set()
    for asked, _ in exchanges:
        head, goods, frequency, classes = places(asked)
        seen.add((head, frequency))
        known, names = PARAMETERS[head]
        assert (goods, frequency in {"A", "M"}, classes in known) == ("C", True, True)
        assert set(asked.params) <= names | UNDECLARED.get(head, frozenset())
        assert all(re.fullmatch(r"\d+(,\d+)*", asked.params[n]) for n in ("reporterCode", "period"))
        if head.endswith(("get", "preview")):
            assert asked.params["breakdownMode"] in {"classic", "plus"}
            assert asked.params["includeDesc"] in {"true", "false"}
            assert CUSTOMS.fullmatch(asked.params["customsCode"])
            assert set(asked.params["flowCode"].split(",")) <= set(comtrade.FLOWS)
        assert len(asked.path) + sum(map(len, asked.params.values())) < 4000
        assert len(asked.params["period"].split(",")) <= 12
        # The key is in its header, for the keyed service alone.
        has_key = asked.headers.get("ocp-apim-subscription-key") == KEY
        assert has_key == head.startswith("/data/")
        assert KEY not in str(asked.params) + asked.path
    assert seen == {(head, frequency) for head in PARAMETERS for frequency in ("A", "M")}


def of_each_kind(exchanges: list[tuple[Asked, bytes]]) -> dict[tuple[str, str], bytes]:
    """One answer, the last, of each service and frequency."""
    return {(places(asked)[0], places(asked)[2]): body for asked, body in exchanges}


def test_composed_answers_have_the_official_shape(exchanges: list[tuple[Asked, bytes]]) -> None:
    for (head, _), body in of_each_kind(exchanges).items():
        distilled = DATASET if head.lower().endswith("getda") else RECORD
        jsonschema.validate(json.loads(body), json_schema(distilled))


@no_specs
def test_composed_answers_are_valid_by_the_official_files(
    exchanges: list[tuple[Asked, bytes]],
) -> None:
    def validate(body: bytes, name: str) -> None:
        spec = official("comtrade")
        schema = {"components": spec["components"], "$ref": f"#/components/schemas/{name}"}
        jsonschema.validate(json.loads(body), nullable(schema))

    for (head, _), body in of_each_kind(exchanges).items():
        ok = operation(head)["responses"]["200"]["content"]["application/json"]["schema"]
        validate(body, ok["$ref"].rsplit("/", 1)[1])
    for reply in (comtrade.failed(), comtrade.invalid("clCode")):
        validate(reply.body, "ErrorResponse")
    for reply in (comtrade.refused_key(), comtrade.too_fast(), comtrade.quota_spent()):
        validate(reply.body, "GatewayError")


def nullable(schema: Any) -> Any:  # noqa: ANN401
    """OpenAPI 3.0's `nullable` as JSON schema has it; no other key than those named is let in."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: nullable(value) for key, value in schema.items()}
    if found.pop("nullable", False) is True:
        found["type"] = [found["type"], "null"]
    if "properties" in found:
        found.setdefault("additionalProperties", False)
    return found


# ----------------------------------------------------------------------------------- recordings

ROWS, HOLDS = "rows of the 47 keys", "rows that hold every check"
OUTCOMES: Mapping[str, type[SourceError] | str] = {
    # The first pattern that a recording's path fits says what becomes of it.
    r"get/count_13_periods": errors.BadRequestError,
    r"get/count_cl_code_be5": errors.BadRequestError,
    r"get/count_flow_code_unknown": errors.BadRequestError,
    r"get/count_period_malformed": errors.BadRequestError,
    r"get/count_services_eb10_mos_code_mode_1": errors.BadRequestError,
    r"get/count_cl_code_h6.*": errors.ServerError,
    r"get/count_rate_limited": errors.RateError,
    r"get/invalid_key": errors.KeyExpiredError,
    # Counted only: the rows are an object of nulls.
    r"get/count_.*": errors.ChangedError,
    # Without pins: Switzerland's exports 32 times, and four times their value.
    r"get/ch_exports_2023(_ag2_.*|_breakdown_mode_plus|_include_desc)?": errors.PinError,
    r"get/services_.*": errors.ChangedError,
    r"get/partners_ch_total_2023": HOLDS,
    # The World row alone, or one partner: right in themselves, and never a whole pull.
    r"get/(unknown_reporter|ch_exports_2023_.*|series_.*|bilateral_.*|world_.*)": ROWS,
    r"get/over_limit_max_records": errors.PinError,
    r"get_da/services_ebsdmx": errors.BadRequestError,
    r"get_da/.*": "announcements",
    r"get_live_update/latest": errors.ChangedError,
    r"get_metadata/.*": errors.ChangedError,
    r"reference/be_absent": errors.NoSuchAddressError,
    r"reference/.*": errors.ChangedError,
}


def recorded() -> Iterable[Any]:
    if not RECORDINGS.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="../shared/data is not here"))]
    paths = sorted(RECORDINGS.glob("*/*.json"))
    return [pytest.param(p, id=f"{p.parent.name}/{p.stem}") for p in paths]


@pytest.mark.parametrize("path", recorded())
def test_every_recorded_answer_is_read_or_refused_by_name(path: Path) -> None:
    response = json.loads(path.read_text(encoding="utf-8"))["response"]
    name, body = f"{path.parent.name}/{path.stem}", response["body"].encode()
    outcome = next(one for fits, one in OUTCOMES.items() if re.fullmatch(fits, name))
    fault = faults(response["status"], dict(response["headers"]), body)
    if isinstance(outcome, str):
        assert fault is None
        read(outcome, body, name)
        return
    if fault:
        assert type(fault) is outcome
        return
    with pytest.raises(SourceError) as stopped:
        tidy_rows(body, name)
    assert type(stopped.value) is outcome, stopped.value


def read(outcome: str, body: bytes, name: str) -> None:
    """Read what is to be read."""
    if outcome == "announcements":
        frequency = "A"
        for row in read_available(body, name):
            assert dataset(row, frequency, name).revision in {f"H{n}" for n in range(7)}
        return
    rows = tidy_rows(body, name)
    assert rows.height == json.loads(body)["count"]
    refuse_doubled(name, rows)
    if outcome == HOLDS:
        refuse_unbalanced(name, rows)


@pytest.mark.skipif(not RECORDINGS.exists(), reason="../shared/data is not here")
def test_the_recorded_trap_is_exactly_four_times() -> None:
    def value(name: str) -> float:
        body = json.loads((RECORDINGS / "get" / f"{name}.json").read_text("utf-8"))["response"]
        return sum(row["primaryValue"] for row in read_dicts(body["body"]))

    assert value("ch_exports_2023") / value("ch_exports_2023_breakdown_mode_classic") == (
        pytest.approx(4.0, abs=1e-9)
    )


def read_dicts(body: str) -> list[dict[str, Any]]:
    return json.loads(body)["data"]


@pytest.mark.skipif(not RECORDINGS.exists(), reason="../shared/data is not here")
def test_the_recorded_requests_that_held_are_like_ours(
    exchanges: list[tuple[Asked, bytes]],
) -> None:
    """The request of the recording whose partners add up has our pins, and no partner."""
    path = RECORDINGS / "get" / "partners_ch_total_2023.json"
    url = json.loads(path.read_text(encoding="utf-8"))["request"]["url"]
    sent = dict(parse_qsl(urlsplit(url).query))
    ours = next(asked for asked, _ in exchanges if asked.path == urlsplit(url).path)
    assert set(sent) == set(ours.params)
    free = {"reporterCode", "period", "cmdCode", "flowCode", "includeDesc"}
    assert {k: v for k, v in sent.items() if k not in free} == {
        k: v for k, v in ours.params.items() if k not in free
    }


@pytest.mark.skipif(not RECORDINGS.exists(), reason="../shared/data is not here")
def test_every_reporter_recorded_has_a_country_but_groups() -> None:
    facts = read_facts(CHECKOUT / "warehouse" / "facts").frame("country_code")
    known = set(facts.filter(facts["system"] == "comtrade")["code"])
    path = RECORDINGS / "get_da" / "all_reporters_2023.json"
    body = json.loads(path.read_text(encoding="utf-8"))["response"]["body"].encode()
    found = {str(row["reporterCode"]) for row in read_available(body, path.name)}
    assert found - known == {"97", "975"}
