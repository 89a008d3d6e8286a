"""What UN Comtrade answered, held against what it was asked: checked before any of it is used.

A kept answer serves again as long as its datasets do not change. So an answer that is refused is
taken back: the next run asks again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from flows.sources.comtrade.balance import FLOWS, refuse_doubled, refuse_unbalanced
from flows.sources.comtrade.errors import ChangedError, EmptyError, OtherAnswerError, TruncatedError
from flows.sources.comtrade.layouts import BOM
from flows.sources.comtrade.requests import is_cut, parts
from flows.sources.comtrade.rows import tidy_rows
from flows.sources.connect import Answer, Ask, Offer, Request
from flows.sources.contract import Edition, Source, SourceError

NAMED = 10


@dataclass(frozen=True)
class Arrived:
    """A whole answer, checked, and the reporter's periods for which it has imports."""

    answer: Answer
    imports: frozenset[tuple[str, str]]


def whole(ask: Ask, request: Request, edition: Edition) -> Iterator[Arrived]:
    """Ask; where the answer was cut at the row limit, ask for its halves in its place.

    Raises:
        TruncatedError: it was cut, and its request has no halves.
        SourceError: it is not what was asked for.

    """
    answer = ask(request)
    try:
        rows = checked(answer, edition)
    except SourceError as error:
        ask.spoil(answer, str(error))
        raise
    if not is_cut(request, rows.height):
        yield Arrived(answer, frozenset(periods_with_imports(rows)))
        return
    halves = parts(request)
    if halves is None:
        raise TruncatedError(
            f"{request.url} ({answer.path}): {rows.height:,} rows, the most that are given at "
            f"once, for {asked_for(request)}: it was cut, and cannot be asked for in parts"
        )
    for half in halves:
        yield from whole(ask, half, edition)


def checked(answer: Answer, edition: Edition) -> pl.DataFrame:
    """Read an answer's rows; of one that was not cut, hold them against what was asked for.

    Raises:
        SourceError: it is not what was asked for.

    """
    request, name = answer.request, f"{answer.request.url} ({answer.path})"
    data = answer.path.read_bytes()
    if data.removeprefix(BOM).lstrip().startswith(b"["):
        raise ChangedError(f"{name}: a bare list in place of an answer, which states its count")
    rows = tidy_rows(data, name)
    if is_cut(request, rows.height):
        return rows
    refuse_doubled(name, rows)
    refuse_other(name, rows, request, edition)
    refuse_unbalanced(name, rows)
    return rows


def refuse_other(name: str, rows: pl.DataFrame, request: Request, edition: Edition) -> None:
    """Refuse rows of another reporter, period, flow, code or revision than was asked for.

    Raises:
        OtherAnswerError: naming what came, and what was asked for.

    """
    flows = [FLOWS[code] for code in request.params["flowCode"].split(",")]
    asked = {
        "reporter_code": (pl.col("reporter_code").cast(pl.String), "reporterCode"),
        "period": (period(), "period"),
        "hs6": (pl.col("hs6"), "cmdCode"),
    }
    tests = {
        name: (column, request.params[param].split(",")) for name, (column, param) in asked.items()
    }
    tests["flow"] = (pl.col("flow"), flows)
    tests["hs_revision"] = (pl.col("hs_revision"), [edition.hs_revision or ""])
    for what, (column, wanted) in tests.items():
        strays = rows.filter(~column.is_in(wanted))
        if strays.height:
            came = ", ".join(strays.select(column.unique().sort()).to_series().head(5))
            raise OtherAnswerError(
                f"{name}: {what} {came} in {strays.height} of {rows.height} rows of an answer to "
                f"{asked_for(request)} in {edition.hs_revision}; nothing of it is used. Run "
                "again to ask anew; if it comes again, tell the source's owner"
            )


def period() -> pl.Expr:
    """The period as the API writes it: YYYY or YYYYMM."""
    month = pl.col("month").cast(pl.String).str.zfill(2).fill_null("")
    return pl.col("year").cast(pl.String) + month


def periods_with_imports(rows: pl.DataFrame) -> list[tuple[str, str]]:
    """Reporter and period, where there is a row of imports."""
    imports = rows.filter(pl.col("flow") == FLOWS["M"])
    found = imports.select(pl.col("reporter_code").cast(pl.String), period().alias("period"))
    return found.unique().rows()


def refuse_empty(ask: Ask, source: Source, offer: Offer, came: list[Arrived]) -> None:
    """Refuse a reporter's period that was announced and has no import of any tracked code.

    Raises:
        EmptyError: naming those periods.

    """
    wanted = {
        (request.params["reporterCode"], one)
        for request in offer.requests
        for one in request.params["period"].split(",")
    }
    there: set[tuple[str, str]] = set().union(*(one.imports for one in came))
    if absent := sorted(wanted - there):
        named = ", ".join(f"{reporter} {one}" for reporter, one in absent[:NAMED])
        more = f" and {len(absent) - NAMED} more" if len(absent) > NAMED else ""
        error = EmptyError(
            f"{source.id} {offer.edition.id}: data are announced for {named}{more} (UN Comtrade's "
            "codes), and no import of any tracked code came. An empty answer is no zero: run "
            "again later, or leave the reporter out"
        )
        reporters = {reporter for reporter, _ in absent}
        for one in came:
            if one.answer.request.params["reporterCode"] in reporters:
                ask.spoil(one.answer, str(error))
        raise error


def asked_for(request: Request) -> str:
    """A request in words."""
    given = request.params
    return f"reporter {given['reporterCode']}, period {given['period']}, flow {given['flowCode']}"
