"""UN Comtrade's bodies of error read: each kind becomes an error of its own that says what to do.

What not to assume:
- an error may come with status 200, and an empty answer is one for a well-formed wrong value.
- four shapes of body say what was wrong with a request, and the gateway before the API has a fifth.
- a key is replaced from time to time by the UN: 401 means "fetch the new one", not "try again".
- 500 is permanent for some requests; it was for every one with the classification H6.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flows.sources.comtrade.errors import (
    VARIABLES,
    BadRequestError,
    KeyExpiredError,
    LongAddressError,
    NoSuchAddressError,
    NotAllowedError,
    PolicyError,
    QuotaSpentError,
    RateError,
    ServerError,
)
from flows.sources.contract import SourceError
from flows.sources.door.parse import parsed_or_none

MOST_SAID = 300
LONG_WORD = re.compile(r"[\w-]{28,}")
WAIT = re.compile(r"replenished in (?:(\d{1,3})\.)?(\d{1,2}):(\d{2}):(\d{2})", re.ASCII)
"""Days, hours, minutes and seconds, as the gateway writes a span of time."""
SPANS = (86_400, 3_600, 60, 1)

BAD_REQUEST, SERVER_ERROR = 400, 500


def faults(status: int, headers: Mapping[str, str], body: bytes) -> SourceError | None:
    """Read an answer that may be an error; null where it is none that UN Comtrade is known for."""
    said = words(body)
    wait = next((v for k, v in headers.items() if k.lower() == "retry-after"), "")
    if "rejected by policy" in said:
        return PolicyError(
            f"UN Comtrade answers {status}: {said} It closed this service, as it did without a key "
            "from December 2024 to March 2025; use a key, or wait until it is open again"
        )
    if status in BY_STATUS:
        return BY_STATUS[status](said, wait)
    if status >= SERVER_ERROR:
        return ServerError(
            f"UN Comtrade answers {status}: {said} If it does so again, the request itself is the "
            "cause: it fails for good where data are asked for by the code of an HS revision"
        )
    return reported(body) if status < BAD_REQUEST else None


def bad_request(said: str, _: str) -> SourceError:
    """400."""
    return BadRequestError(f"UN Comtrade answers 400: {said} Trying again will not help")


def unauthorized(_: str, __: str) -> SourceError:
    """401."""
    return KeyExpiredError(
        "UN Comtrade refuses the key (401). Keys are replaced from time to time: get the present "
        f"one from the account and set {VARIABLES}; trying again will not help"
    )


def forbidden(said: str, wait: str) -> SourceError:
    """403: a used-up quota, or a key that may not."""
    if "quota" not in said.lower():
        return NotAllowedError(
            f"UN Comtrade answers 403: {said} The key is no key for this service: subscribe to "
            "`comtrade - v1` in the account, and set its primary key"
        )
    match = WAIT.search(said)
    until = match.group().split()[-1] if match else f"{wait or 'an unknown number of'} s"
    return QuotaSpentError(
        f"UN Comtrade's calls of the day are used up (403); it opens again in {until}. "
        "Run again then: what came before is kept and is not asked for again",
        sum(int(n or 0) * span for n, span in zip(match.groups(), SPANS, strict=True))
        if match
        else None,
    )


def not_found(said: str, _: str) -> SourceError:
    """404: a request that was too long, or an address that is not there."""
    if "resource you are looking for" in said:
        return too_long(said, "")
    return NoSuchAddressError(
        f"UN Comtrade answers 404: {said} Its addresses may have changed; compare those of "
        "source.yml with its documentation"
    )


def too_long(said: str, _: str) -> SourceError:
    """414, and the 404 that stands for it."""
    return LongAddressError(
        f"UN Comtrade answers as it does where a request is too long: {said} "
        "Ask for fewer codes or reporters at once"
    )


def too_fast(said: str, wait: str) -> SourceError:
    """429."""
    return RateError(
        f"UN Comtrade answers 429: {said} (Retry-After: {wait or 'not said'}). Is another program "
        "using the same key?"
    )


BY_STATUS: Mapping[int, Callable[[str, str], SourceError]] = {
    BAD_REQUEST: bad_request,
    401: unauthorized,
    403: forbidden,
    404: not_found,
    414: too_long,
    429: too_fast,
}
"""What a status means, given the words of the body and Retry-After."""


def reported(body: bytes) -> SourceError | None:
    """Read an answer with a good status: it may still be an error in its words."""
    found = parsed_or_none(body)
    if not isinstance(found, dict):
        return None
    status = found.get("statusCode")
    if isinstance(status, int) and status >= BAD_REQUEST:
        return faults(status, {}, body)
    if "data" in found and not found.get("error"):
        return None
    said = words(body)
    return ServerError(f"UN Comtrade reports an error in a good answer: {said}") if said else None


def words(body: bytes) -> str:
    """What a body says, in one line: its message in any known shape, or its text.

    Long words are left out, since one of them could be a key that the host repeats.
    """
    found = parsed_or_none(body)
    text = message(found) if isinstance(found, dict) else ""
    if not text and found is None:
        text = re.sub(r"<[^>]*>", " ", body.decode("utf-8-sig", "replace"))
    line = LONG_WORD.sub("[...]", "".join(c if c.isprintable() else " " for c in text))
    line = " ".join(line.split())[:MOST_SAID].rstrip()
    return line if not line or line.endswith((".", "!", "?")) else f"{line}."


def message(found: Mapping[str, object]) -> str:
    """The message of a JSON error, in the shapes of the API, of its preview and of the gateway."""
    inner = found.get("errorObject")
    if isinstance(inner, dict):
        return message(inner)
    details = found.get("details")
    parts = [found.get(key) for key in ("error", "ErrorMessage", "errorMessage", "message")]
    if isinstance(details, list):
        parts += [d.get("errorMessage") for d in details if isinstance(d, dict)]
    return "; ".join(part for part in parts if isinstance(part, str) and part)
