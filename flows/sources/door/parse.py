"""JSON and CSV that came from outside, parsed: whatever is wrong is an error of a source.

What not to assume: deep nesting is no ValueError, and a few thousand brackets are enough for it.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

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


def csv_lines(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read a CSV as UTF-8, with or without a byte order mark: its header, and its lines as text.

    Raises:
        IncompleteError: it ends in the middle of a line.
        SourceError: it is not UTF-8, or no CSV.

    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: not UTF-8 ({error}); re-encoded? fetch it again") from error
    if not text.endswith("\n"):
        raise IncompleteError(f"{path}: ends in the middle of a line; fetch it again")
    try:
        header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (csv.Error, ValueError) as error:
        raise SourceError(f"{path}: not a CSV ({error}); fetch it again") from error
    return header, lines


def _loaded(data: bytes) -> object:
    found: object = json.loads(data.removeprefix(BOM))
    return found
