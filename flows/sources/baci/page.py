"""CEPII's page about BACI: which versions it links to, and when one was released."""

from __future__ import annotations

import re
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path

from flows.sources.contract import SourceError

VERSION = r"(\d{6}[a-z]?)"
"""Year and month of a release; a letter marks its correction."""
DATES = {
    r"\d{4}[-/ .]\d{2}[-/ .]\d{2}": "%Y %m %d",
    r"\d{1,2} [A-Z][a-z]+ \d{4}": "%d %B %Y",
    r"[A-Z][a-z]+ \d{1,2}, \d{4}": "%B %d, %Y",
}
RELEASED = re.compile(
    rf"(?:release[sd]?|updated?)\b[^.\d]{{0,40}}(?P<day>{'|'.join(DATES)})", re.IGNORECASE
)
FROM_VERSION = 120
"""Characters after a version's name within which its date stands."""
SHOWN = 10


class Page(HTMLParser):
    """A page's links and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.path = path
        self.links: list[str] = []
        self._words: list[str] = []
        self.feed(path.read_text(encoding="utf-8", errors="replace"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note where a link leads."""
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self._words.append(data)

    @property
    def text(self) -> str:
        """The page's text, blanks folded."""
        return " ".join(" ".join(self._words).split())


def newest(page: Page, pattern: str) -> str:
    """Give the newest version that the page links to, of the zip with this name pattern.

    Raises:
        SourceError: it links to none; the message shows what it does link to.

    """
    base = pattern.rpartition("/")[2]
    form = re.compile(re.escape(base).replace(re.escape("{version}"), VERSION))
    links = [link.partition("#")[0].partition("?")[0] for link in page.links]
    found = [m[1] for link in links if (m := form.fullmatch(link.rpartition("/")[2]))]
    if found:
        return max(found)
    zips = [link for link in page.links if link.lower().endswith(".zip")]
    shown = ", ".join((zips or page.links)[:SHOWN]) or "nothing"
    raise SourceError(
        f"{page.path}: CEPII's page links to no {base}; it links to {shown}. Has the page or the "
        "name changed? See `addresses` in baci/source.yml"
    )


def released(page: Page, version: str) -> date | None:
    """Give the release date that the page states beside the version; null where it states none."""
    text = page.text
    for mention in re.finditer(rf"\bV?{version}\b", text):
        near = RELEASED.search(text, mention.end(), mention.end() + FROM_VERSION)
        if near and (day := read_day(near["day"])) and day >= begun(version):
            return day
    return None


def read_day(text: str) -> date | None:
    """Read a date; null where it is none."""
    for form, style in DATES.items():
        if re.fullmatch(form, text):
            plain = re.sub(r"[-/.]", " ", text) if style == "%Y %m %d" else text
            try:
                return datetime.strptime(plain, style).date()  # noqa: DTZ007 - a day, no time
            except ValueError:
                return None
    return None


def begun(version: str) -> date:
    """The first day of the month that names a version.

    Raises:
        SourceError: it names no month.

    """
    try:
        return date(int(version[:4]), int(version[4:6]), 1)
    except ValueError as error:
        raise SourceError(f"BACI version {version}: no year and month ({error})") from error
