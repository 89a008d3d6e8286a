"""The way of a key: into one header of one host, and out of every text that we keep or say."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from flows.sources.connect import Secret
from flows.sources.door.refusals import KeyLeakError, KeyRefusedError

MASK = "[key]"
CARRIED = re.compile(r"[!-~]+")
"""What a header carries unchanged: visible ASCII, no blank, no line end."""
SHORTEST = 8
"""Letters of a key; one that is shorter could not be taken out of a text and leave one."""


def checked(secret: Secret | None) -> None:
    """Refuse a key that no header can carry, before a library quotes it in an error.

    Raises:
        KeyRefusedError: it is short, or holds a blank, a line end or a letter beyond ASCII.

    """
    if secret is None:
        return
    is_long = len(secret.value.get_secret_value()) >= SHORTEST
    if not (is_long and CARRIED.fullmatch(secret.value.get_secret_value())):
        raise KeyRefusedError(
            f"the key for the header {secret.header} is too short, or holds a blank, a line end "
            "or a letter that no header carries; set it again, without quotes"
        )


def forms(secret: Secret | None) -> list[str]:
    """Give the key as it may be written: plain, in a URL, in JSON, in HTML, in base64."""
    key = secret.value.get_secret_value().strip() if secret else ""
    if len(key) < SHORTEST:
        return []
    written = {
        key,
        quote(key, safe=""),
        quote_plus(key),
        json.dumps(key)[1:-1],
        html.escape(key),
        base64.b64encode(key.encode()).decode().rstrip("="),
    }
    return sorted(written, key=len, reverse=True)


def scrubbed(text: str, secret: Secret | None) -> str:
    """Give a text without the key, however it is written there."""
    for form in forms(secret):
        text = re.sub(re.escape(form), MASK, text, flags=re.IGNORECASE)
    return text


def scrubbed_bytes(data: bytes, secret: Secret | None) -> bytes:
    """Give bytes without the key."""
    return scrubbed(data.decode("latin-1"), secret).encode("latin-1") if secret else data


def held_by(data: bytes, secret: Secret | None) -> bool:
    """Whether bytes hold the key."""
    lower = data.lower()
    return any(form.encode().lower() in lower for form in forms(secret))


def watched(pieces: Iterable[bytes], secret: Secret | None) -> Iterator[bytes]:
    """Pass pieces of an answer on, unless the key is in them, also across two of them.

    Raises:
        KeyLeakError: the host sent the key back.

    """
    overlap = max((len(form) for form in forms(secret)), default=1) - 1
    before = b""
    for piece in pieces:
        if overlap and held_by(before + piece, secret):
            # What a traceback shows of this function must not be the key.
            del before, piece
            raise KeyLeakError(
                "the host sent the key back in its answer, which was not kept; "
                "have the key replaced, and tell the source's owner"
            )
        before = (before + piece)[-overlap:] if overlap else b""
        yield piece
