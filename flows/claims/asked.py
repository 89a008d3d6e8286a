"""What is asked of the figures: said in options, held by a command, and written as a question."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flows.claims.figures import amount
from flows.claims.tokens import key
from flows.claims.words import ClaimWord, Words
from flows.indices.formulas.claim_question import EXPORT_SHARE, IMPORT_SHARE, interval, question

IMPORTS, NEEDS, EXPORTS, PRODUCTION, MARKET = "imports", "needs", "exports", "production", "market"
WHOLES: Mapping[str, tuple[str, bool]] = {
    IMPORTS: (IMPORT_SHARE, True),
    NEEDS: (IMPORT_SHARE, False),
    EXPORTS: (EXPORT_SHARE, True),
    PRODUCTION: (EXPORT_SHARE, False),
    MARKET: (EXPORT_SHARE, False),
}
"""What a share is of -> the measure, and whether trade decides it or only informs."""

BASES = ("value", "mass")
FIRST_YEAR, LAST_YEAR = 1900, 2100


class AskedError(Exception):
    """What is asked names nothing, or cannot be asked together."""


@dataclass(frozen=True)
class Asked:
    """A claim in options; every field is an option of `orewatch check`."""

    importer: str | None = None
    supplier: str | None = None
    mineral: str | None = None
    share: str | None = None
    at_least: str | None = None
    at_most: str | None = None
    word: str | None = None
    as_of: int | None = None
    basis: str | None = None
    stage: str | None = None
    code: tuple[str, ...] = field(default=())
    of: str | None = None

    def command(self) -> str:
        """Give the command that asks this."""
        said = ["orewatch", "check"]
        for name, value in vars(self).items():
            values = value if isinstance(value, tuple) else () if value is None else (value,)
            for one in values:
                said += [f"--{name.replace('_', '-')}", str(one)]
        return shlex.join(said)


def question_of(asked: Asked, words: Words) -> dict[str, Any]:
    """Write what is asked as a row of QUESTION.

    Raises:
        AskedError: a name is not known or means several, a share is no share, or options clash.

    """
    importer, supplier = economy(asked.importer, words), economy(asked.supplier, words)
    whole = asked.of or (IMPORTS if importer else EXPORTS)
    if whole not in WHOLES:
        raise AskedError(f"--of takes {', '.join(WHOLES)}; not {asked.of!r}")
    measure, decides = WHOLES[whole]
    if importer and measure == EXPORT_SHARE:
        raise AskedError(f"--of {whole} is of all the world's: leave --importer out")
    if supplier is None:
        raise AskedError("whose share? name the supplier: --supplier CHN")
    if importer is None and measure == IMPORT_SHARE:
        raise AskedError("whose imports? name the importer: --importer JPN")
    if asked.as_of is not None and not FIRST_YEAR <= asked.as_of <= LAST_YEAR:
        raise AskedError(f"--as-of takes a year such as 2023, not {asked.as_of}")
    if asked.basis not in {None, *BASES}:
        raise AskedError(f"--basis takes {' or '.join(BASES)}; not {asked.basis!r}")
    mineral = mineral_of(asked.mineral, words)
    return question(
        measure=measure,
        importer_iso3=importer,
        exporter_iso3=supplier,
        mineral=mineral,
        hs6=codes_of(asked, mineral, words),
        stage=stage_of(asked, words),
        basis=asked.basis,
        year=asked.as_of,
        decides=decides,
        **criterion(asked, words),
    )


def economy(said: str | None, words: Words) -> str | None:
    """Give the economy of an id or a name."""
    if said is None:
        return None
    if said.upper() in words.economies:
        return said.upper()
    meant = words.places.get(key(said), ())
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise AskedError(f"{said!r} means {' or '.join(meant)}: give the one that is meant")
    raise AskedError(f"no economy is called {said!r}; give an ISO code such as JPN, or a name")


def mineral_of(said: str | None, words: Words) -> str:
    """Give the mineral of an id or a name."""
    known = sorted({*words.minerals.values()})
    if said is None:
        raise AskedError("which mineral? name it: --mineral rare_earths")
    found = words.minerals.get(key(said.replace("_", " ")))
    if found is None:
        raise AskedError(f"no mineral is called {said!r}; there are: {', '.join(known)}")
    return found


def codes_of(asked: Asked, mineral: str, words: Words) -> list[str]:
    """Give the codes that are asked for; they must be codes of the mineral."""
    own = {code for form in words.forms.get(mineral, ()) for code in form.hs6}
    if strange := sorted(set(asked.code) - own):
        raise AskedError(
            f"{', '.join(strange)} is no code of {mineral}; its codes: {', '.join(sorted(own))}"
        )
    return sorted(set(asked.code))


def stage_of(asked: Asked, words: Words) -> str | None:
    """Give the stage that is asked for."""
    if asked.stage is not None and asked.stage not in words.stages:
        raise AskedError(
            f"no stage is called {asked.stage!r}; there are: {', '.join(sorted(words.stages))}"
        )
    return asked.stage


def criterion(asked: Asked, words: Words) -> dict[str, Any]:
    """Give what meets the claim, as columns of QUESTION."""
    if asked.at_least is not None or asked.at_most is not None:
        return between(asked)
    word = word_of(asked.word, words)
    if asked.share is None:
        return by_word(word)
    if word and word.kind in {"threshold", "rank"}:
        raise AskedError(f"{word.word!r} stands for a figure of its own; leave --share out")
    stated, half_unit = share_of(asked.share)
    kind, allowance = (word.kind, word.allowance) if word else ("exact", None)
    low, high, strict = interval(stated, half_unit, kind, allowance)
    named = word.word if word else None
    return {"stated": stated, "low": low, "high": high, "strict": strict, "word": named}


def between(asked: Asked) -> dict[str, Any]:
    """Give the bounds of a range, open where only one side is given."""
    if asked.share is not None or asked.word is not None:
        raise AskedError(
            "give --share, with --word where there is one, or --at-least and --at-most"
        )
    low = high = None
    if asked.at_least is not None:
        low = interval(*share_of(asked.at_least), "at_least")[0]
    if asked.at_most is not None:
        high = interval(*share_of(asked.at_most), "at_most")[1]
    if low is not None and high is not None and low > high:
        raise AskedError(f"--at-least {asked.at_least} is above --at-most {asked.at_most}")
    return {"low": low, "high": high}


def by_word(word: ClaimWord | None) -> dict[str, Any]:
    """Give what a word stands for that takes the place of a figure."""
    if word is None:
        raise AskedError("what is claimed? give --share 0.912, --at-least, --at-most or --word")
    if word.kind not in {"threshold", "rank"}:
        raise AskedError(f"{word.word!r} bounds a figure; give the figure: --share 0.6")
    return {
        "low": word.threshold,
        "strict": word.strict,
        "rank": word.rank,
        "hhi": word.hhi,
        "word": word.word,
    }


def word_of(said: str | None, words: Words) -> ClaimWord | None:
    """Give the declared word of a spelling."""
    if said is None:
        return None
    found = words.claim_words.get(key(said))
    if found is None:
        known = sorted({word.word for word in words.claim_words.values()})
        raise AskedError(f"{said!r} is not declared; there are: {', '.join(known)}")
    return found


def share_of(said: str) -> tuple[float, float]:
    """Give a share and half a unit of its last digit."""
    found = amount(said)
    if found is None:
        raise AskedError(f"{said!r} is no share; give 0.912, 91.2% or 2/3")
    if found[0] > 1:
        raise AskedError(f"{said} is more than the whole; a share is 0 to 1, or ends in %")
    return found
