"""Why the door gave no answer: one error a reason, so that a caller can tell them apart.

Each message says what happened and what to do; the door puts source and URL before it.
"""

from __future__ import annotations

from flows.sources.connect import FetchError
from flows.sources.contract import IncompleteError, SourceError


class RefusalError(FetchError):
    """Base of the door's own errors."""

    fault: SourceError | None = None
    """What the source's own reading makes of the same answer; raised in its place."""

    def placed(self, source: str, url: str) -> None:
        """Put before the message whose request it was, and which."""
        self.args = (f"{source}: {url}: {self}",)


class AddressRefusedError(RefusalError):
    """A URL, or an address that its host resolves to, which the door never asks."""


class RedirectRefusedError(AddressRefusedError):
    """The host sent us where the door does not go."""


class UnreachableError(RefusalError):
    """No connection, or it broke before an answer."""


class CertificateError(RefusalError):
    """The host could not prove that it is the one asked for."""


class TooSlowError(RefusalError):
    """The answer did not come in the time that `source.yml` gives it."""


class CutShortError(RefusalError, IncompleteError):
    """The answer ended before its end."""


class DamagedError(RefusalError, IncompleteError):
    """The bytes contradict their own check sum or their own directory."""


class TooLargeError(RefusalError):
    """More bytes, packed or unpacked, than `source.yml` allows."""


class UnsafeArchiveError(RefusalError):
    """An archive made to mislead whoever unpacks it."""


class NotPromisedError(RefusalError):
    """A whole answer, but not of the kind that was promised."""


class KeyRefusedError(RefusalError):
    """The key is not one: the host refused it, or no header can carry it."""


class KeyLeakError(RefusalError):
    """The key would have gone, or come back, where it must not be."""


class ForbiddenError(RefusalError):
    """The host understood, and will not (403)."""


class NotFoundError(RefusalError):
    """The host has no such thing (404, 410)."""


class RequestRefusedError(RefusalError):
    """The host calls the request itself wrong (400 and other 4xx)."""


class OddStatusError(RefusalError):
    """A status that is neither an answer nor an error, such as 204 or 206."""


class WaitError(RefusalError):
    """The host asks for patience; `seconds` of it, where it says how much."""

    def __init__(self, text: str, seconds: float | None = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class HostFaultError(WaitError):
    """The host failed (5xx)."""


class TooManyRequestsError(WaitError):
    """The host wants fewer requests (429)."""


class QuotaError(WaitError):
    """The calls of the day are used up: the host says so."""


class CountedError(QuotaError):
    """The calls of the day are used up by our own count; nothing was asked."""
