"""The World Bank's answers: `[about, rows]`, a page at a time, and what comes in their place.

An error has status 200 and a body of its own: `[{"message": [...]}]`, or XML although JSON was
asked for. A page without rows has null in their place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictFloat, StrictInt, TypeAdapter
from pydantic import ValidationError as Invalid

from flows.sources.connect import Faults
from flows.sources.contract import IncompleteError, SourceError

GONE = "175"
PREFIX = "GOV_WGI_"
ESTIMATE = re.compile(rf"{PREFIX}(?P<dimension>[A-Z]{{2}})\.EST")
DATABASE = "3"
"""The Bank's own number for the governance indicators."""
MARKUP = re.compile(r'<wb:message id="(\d+)" key="([^"]*)"[^>]*>([^<]*)')
SHOWN = 5


class Part(BaseModel):
    """Base of an answer's parts: a key never seen is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class About(Part):
    """What an answer says of itself."""

    page: int
    pages: int
    per_page: Annotated[int, Field(gt=0)]
    total: int
    sourceid: str
    lastupdated: date


class Indicator(Part):
    """An indicator: its code and its name."""

    id: str
    value: str


class Country(Part):
    """A country: its code, which is not ISO's alpha-3, and its name."""

    id: str | None
    value: str


class Row(Part):
    """One estimate."""

    indicator: Indicator
    country: Country
    countryiso3code: str | None
    date: Annotated[str, Field(pattern=r"^\d{4}$")]
    value: Annotated[StrictFloat, Field(allow_inf_nan=False)] | StrictInt | None
    unit: str = ""
    obs_status: str = ""
    decimal: int = 0


class Message(BaseModel):
    """What the service says in place of rows."""

    id: str
    key: str = ""
    value: str = ""


class Refusal(BaseModel):
    """An answer that is an error."""

    message: list[Message]


ANSWER = TypeAdapter(tuple[About, list[Row] | None])
REFUSAL = TypeAdapter(tuple[Refusal])


@dataclass(frozen=True)
class Page:
    """One page of one indicator's estimates."""

    where: str
    about: About
    rows: tuple[Row, ...]

    @property
    def indicator(self) -> str:
        """The indicator of all its rows."""
        return self.rows[0].indicator.id


def read_page(data: bytes, where: str) -> Page:
    """Read one page.

    Raises:
        IncompleteError: it has no rows.
        SourceError: it is an error of the service, or not in its form.

    """
    if refusal := refused(data, where):
        raise refusal
    try:
        about, rows = ANSWER.validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except Invalid as error:
        faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        more = f" and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise SourceError(
            f"{where}: not in the World Bank's form: {'; '.join(faults[:SHOWN])}{more}"
        ) from error
    if not rows:
        raise IncompleteError(f"{where}: no rows, of {about.total} in all; run again")
    found = sorted({row.indicator.id for row in rows})
    if about.sourceid != DATABASE or len(found) > 1:
        raise SourceError(
            f"{where}: rows of {', '.join(found)}, database {about.sourceid}; asked for one "
            f"indicator of database {DATABASE}"
        )
    return Page(where, about, tuple(rows))


def faults_of(indicator: str) -> Faults:
    """Give the reading of this indicator's answers that are errors."""
    return partial(fault, indicator)


def fault(
    indicator: str,
    status: int,  # noqa: ARG001 - an error comes with status 200 too
    headers: Mapping[str, str],  # noqa: ARG001
    body: bytes,
) -> SourceError | None:
    """Read an answer that is an error; null where it is none."""
    return refused(body, indicator)


def refused(data: bytes, where: str) -> SourceError | None:
    """Make an error of the service's own message; null where it is none."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        said = MARKUP.findall(text.decode("utf-8", "replace"))
        told = [Message(id=id_, key=key, value=value) for id_, key, value in said]
        what = "; ".join(map(line, told)) or repr(text[:80].decode("utf-8", "replace"))
        return SourceError(f"{where}: markup in place of JSON: {what}")
    try:
        (refusal,) = REFUSAL.validate_json(text)
    except Invalid:
        return None
    if any(message.id == GONE for message in refusal.message):
        return gone(where, refusal.message)
    return SourceError(f"{where}: the World Bank refuses: {'; '.join(map(line, refusal.message))}")


def gone(where: str, messages: Sequence[Message]) -> SourceError:
    """Say which code is gone, and which codes there were."""
    short = where.removeprefix(PREFIX)
    return SourceError(
        f"{where}: the indicator was not found, or archived ({'; '.join(map(line, messages))}). "
        f"The codes changed before: {short} was the old one, {PREFIX}{short} its successor. "
        "Look the indicator up on api.worldbank.org and write its code into `addresses` of "
        "worldbank_wgi/source.yml"
    )


def line(message: Message) -> str:
    """Write one message out."""
    return f"id {message.id}, {message.key}: {message.value}"


def whole(pages: Sequence[Page]) -> Sequence[Page]:
    """Hold the pages of one indicator against each other; give them in their order.

    Raises:
        IncompleteError: a page is missing, or has other rows than announced, or they are not of
            one state of the database.

    """
    ordered = sorted(pages, key=lambda page: page.about.page)
    first = ordered[0].about
    numbers = [page.about.page for page in ordered]
    if numbers != list(range(1, first.pages + 1)):
        raise IncompleteError(
            f"{ordered[0].where}: pages {', '.join(map(str, numbers))} of {first.pages}; run again"
        )
    for page in ordered:
        if page.about.model_copy(update={"page": first.page}) != first:
            raise IncompleteError(
                f"{page.where}: {page.about}; the first page said {first}; run again"
            )
    rows = sum(len(page.rows) for page in ordered)
    if rows != first.total:
        raise IncompleteError(
            f"{ordered[0].where}: {rows} rows came, {first.total} announced; run again"
        )
    return ordered
