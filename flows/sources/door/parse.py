"""JSON that came from outside, parsed: whatever is wrong with it is an error of a source.

What not to assume: deep nesting is no ValueError, and a few thousand brackets are enough for it.
"""

from __future__ import annotations

import json

from flows.sources.contract import IncompleteError, SourceError

BOM = b"\xef\xbb\xbf"
DEEP = "nested deeper than any data is"


def parsed(data: bytes, where: str) -> object:
    """Parse a JSON document; `where` is the file that it came in.

    Raises:
        IncompleteError: it is no JSON, or not all of it.
        SourceError: it is nested too deeply.

    """
    try:
        return _loaded(data)
    except RecursionError:
        raise SourceError(f"{where}: no JSON of any use: {DEEP}; fetch it again") from None
    except ValueError as error:
        raise IncompleteError(f"{where}: no whole JSON ({error}); fetch it again") from error


def unparsed(data: bytes) -> str:
    """Why a document cannot be parsed; empty where it can."""
    try:
        _loaded(data)
    except RecursionError:
        return DEEP
    except ValueError as error:
        return str(error)
    return ""


def parsed_or_none(data: bytes) -> object:
    """Parse what may be a JSON document; null where it is none."""
    try:
        return _loaded(data)
    except (ValueError, RecursionError):
        return None


def _loaded(data: bytes) -> object:
    found: object = json.loads(data.removeprefix(BOM))
    return found
