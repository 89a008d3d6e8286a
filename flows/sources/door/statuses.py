"""What a status other than 200 means, and how long a host asks us to wait."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from flows.sources.door.refusals import (
    ForbiddenError,
    HostFaultError,
    KeyRefusedError,
    NotFoundError,
    OddStatusError,
    QuotaError,
    RefusalError,
    RequestRefusedError,
    TooManyRequestsError,
)

REDIRECTS = frozenset({301, 302, 303, 307, 308})
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS})
FAILED = range(500, 600)
CLIENTS = range(400, 500)
LATER = BUSY | frozenset(FAILED)
"""Statuses after which the same request may fare better."""
WORDS = 300

MISSING = "the host has no such thing ({said}); see whether it has moved, and correct source.yml"
NAMED: dict[int, tuple[type[RefusalError], str]] = {
    HTTPStatus.UNAUTHORIZED: (
        KeyRefusedError,
        "the host refuses the key, or wants one ({said}); get a valid one and set it again",
    ),
    HTTPStatus.FORBIDDEN: (
        ForbiddenError,
        "the host will not give this ({said}); see the source's terms",
    ),
    HTTPStatus.NOT_FOUND: (NotFoundError, MISSING),
    HTTPStatus.GONE: (NotFoundError, MISSING),
}
WRONG = (RequestRefusedError, "the host calls the request wrong ({said}); report this")
ODD = (OddStatusError, "neither an answer nor an error ({said}); see the source's own page")


def refusal(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> RefusalError:
    """Make an error of a status; `body` is free of the key."""
    said = f"status {status}{_said(body)}"
    seconds = retry_after(headers, now)
    if status in BUSY:
        return TooManyRequestsError(f"too many requests ({said}); {when(seconds)}", seconds)
    if status in FAILED:
        return HostFaultError(f"the host failed ({said}); {when(seconds)}", seconds)
    if status == HTTPStatus.FORBIDDEN and (seconds is not None or b"quota" in body.lower()):
        return QuotaError(f"a quota is used up ({said}); {when(seconds)}", seconds)
    kind, what = NAMED.get(status) or (WRONG if status in CLIENTS else ODD)
    return kind(what.replace("{said}", said))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that `Retry-After` asks for, as a number or as a date; null where it does not."""
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def when(seconds: float | None) -> str:
    """Say when to run again."""
    return "run again later" if seconds is None else f"run again in {seconds:,.0f} seconds"


def _said(body: bytes) -> str:
    text = re.sub(rb"<(script|style).*?</\1>|<[^>]*>", b" ", body, flags=re.DOTALL | re.IGNORECASE)
    words = " ".join(text.decode("utf-8", "replace").split())
    clean = "".join(letter for letter in words if letter.isprintable())
    return f", {clean[:WORDS]!r}" if clean else ""
