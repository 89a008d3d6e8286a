"""UN Comtrade's errors, one a reason; and the pins whose lack is the reason of most."""

from __future__ import annotations

from collections.abc import Mapping

from flows.sources.connect import NoKeyError
from flows.sources.contract import IncompleteError, SourceError

VARIABLES = "COMTRADE_API_KEY (or COMTRADE_PRIMARY)"
PINS: Mapping[str, str] = {
    "breakdownMode": "classic",
    "partner2Code": "0",
    "customsCode": "C00",
    "motCode": "0",
    "includeDesc": "false",
}
"""Sent with every request: without them totals and their parts come together, and trade multiplies.
The flag that asks for descriptions goes along, since the answer without them is a third shorter."""
PINNED = "&".join(f"{name}={value}" for name, value in PINS.items())


class KeyMissingError(NoKeyError):
    """No key is set, and the service without one was not asked for."""


class KeyExpiredError(SourceError):
    """The key is refused (401): it is wrong, or was replaced."""


class QuotaSpentError(SourceError):
    """The calls of the day are used up (403). `seconds`: until they are given again, if known."""

    def __init__(self, text: str, seconds: float | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class TooManyCallsError(SourceError):
    """More requests than a day allows would be needed; nothing was fetched."""


class NotAllowedError(SourceError):
    """The key is good, but not for this service (403)."""


class RateError(SourceError):
    """Requests came too fast (429)."""


class BadRequestError(SourceError):
    """The API calls a parameter wrong (400)."""


class LongAddressError(SourceError):
    """The request was longer than the host takes (404 in plain words, or 414)."""


class NoSuchAddressError(SourceError):
    """The host has no such address (404)."""


class PolicyError(SourceError):
    """The host refuses every call, whoever calls."""


class ServerError(SourceError):
    """The API failed (500), or reported a failure in an answer that looks good."""


class ChangedError(SourceError):
    """An answer has other keys or types than those known, or values that contradict each other."""


class CountError(IncompleteError):
    """An answer holds another number of rows than it says."""


class TruncatedError(IncompleteError):
    """An answer was cut at the host's row limit, and its request cannot be split further."""


class EmptyError(IncompleteError):
    """Nothing came where something was announced. It does not mean that there was no trade."""


class OtherAnswerError(SourceError):
    """An answer to another question than the one asked."""


class PinError(SourceError):
    """Rows that are parts of other rows: a dimension was not held at its total."""


class DuplicatedError(SourceError):
    """Trade that is there more than once. `factors`: by reporter, how often, at least and most."""

    def __init__(self, text: str, factors: Mapping[int, tuple[float, float]]) -> None:
        super().__init__(text)
        self.factors = dict(factors)


class UnbalancedError(SourceError):
    """A reporter's partners do not add up to its World row, or it has none."""
