"""What is said of a claim in words: how it was read, why it has its verdict, what it would take."""

from __future__ import annotations

from flows.indices.formulas.claim_phrases import (
    BASES,
    Names,
    Row,
    criterion,
    percent,
    subject,
    subjects,
)

LACKS = ("edition_lacks_code", "partial_basket")
"""Reasons that are told by the codes that lack."""
UNDECLARED = "nothing is declared that would meet the claim"


def understood(one: Row, claim: Row, names: Names) -> str:
    """Say how a claim was read."""
    questions = one["questions"]
    if not questions:
        metric = (claim.get("metric") or "it").replace("_", " ")
        return sentence(f"{metric}: no question that trade could answer")
    first = questions[0]
    asked = criterion(first)
    word = word_of(first, claim) if first["word"] and asked else ""
    basis = BASES[first["basis"]] if first["basis"] else "by value, with mass beside it"
    year = f"in {first['year']}" if first["year"] else "in the newest year"
    ending = f": {word}{asked}" if asked else ": no figure, and no word with a declared threshold"
    return sentence(f"{subjects(questions, names)}, {basis}, {year}{ending}")


def word_of(question: Row, claim: Row) -> str:
    """Name the word that stands for a threshold, and say where the claim has none of its own."""
    word = repr(question["word"])
    if "qualifier" in claim and claim["qualifier"] is None:
        return f"it has no figure and no such word, and is held against {word}, "
    return f"{word} read as "


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def why(one: Row, names: Names) -> str:
    """Say why a claim has its verdict."""
    questions = one["questions"]
    if not questions:
        opening = "trade does not measure it"
        if one["verdict"] == "opinion":
            opening = "nothing that is counted would settle it"
        return sentence(f"{opening}; it would take {one['needs']}")
    if len(questions) > 1:
        return of_several(one, names)
    return of_one(one, names)


def of_one(one: Row, names: Names) -> str:
    """Say why a claim with one question has its verdict."""
    verdict = one["verdict"]
    if one["primary_low_share"] is None:
        told = [f"the data here have no number for {subject(one, names)}; {missing(one, names)}"]
        return sentence("; ".join([UNDECLARED, *told] if verdict == "opinion" else told))
    told = [number(one, names)]
    met = one["met_years"]
    if verdict == "opinion":
        told.append(UNDECLARED)
    elif verdict == "inconclusive":
        told.append(doubt(one))
    elif verdict == "supported":
        told.append(f"that meets {criterion(one)}")
    elif verdict == "outdated":
        told.append(
            f"it last met {criterion(one)} in {met[-1]}, and in none of the last five years"
        )
    else:
        ever = f"it last did in {met[-1]}" if met else "it never did"
        told.append(f"that does not meet {criterion(one)}; {ever}")
    return " ".join([sentence("; ".join(told)), *beside(one)])


def number(one: Row, names: Names) -> str:
    """Say what the primary cell holds."""
    newest = ""
    if one["primary_year"] != one["year"]:
        newest = f", the newest up to {one['year']}" if one["year"] else ", the newest year here"
    when = f"{BASES[one['primary_basis']]} in {one['primary_year']}{newest}"
    if one["primary_share"] is None:
        ends = f"{percent(one['primary_low_share'])} and {percent(one['primary_high_share'])}"
        return f"{subject(one, names)} lies between {ends} percent {when}"
    rank = f", rank {one['primary_rank']}" if one.get("rank") is not None else ""
    return f"{subject(one, names)} was {percent(one['primary_share'])} percent{rank} {when}"


def doubt(one: Row) -> str:
    """Say why a number does not settle the claim."""
    if not one["decides"]:
        meets = {True: "would meet", False: "would not meet", None: "does not tell of"}
        return f"it {meets[one['meets']]} {criterion(one)}, but trade only informs this claim"
    if one["primary_share"] is None:
        return f"the code mixes minerals, and these bounds hold {criterion(one)}"
    return "a code of the basket is a proxy, which decides nothing"


def beside(one: Row) -> list[str]:
    """Say what the other cells hold: the range of the year and the nearest cell."""
    told = []
    if one["range_low_share"] is not None:
        low, high = percent(one["range_low_share"]), percent(one["range_high_share"])
        told.append(f"Over all cells of {one['primary_year']}: {low} to {high} percent.")
    if one["stated"] is not None and one["nearest_share"] is not None:
        basis = BASES[one["nearest_basis"]]
        ways = ", territories counted in," if one["nearest_territories"] else ""
        told.append(
            f"Nearest is {one['nearest_basket']} {basis}{ways} of {one['nearest_year']} "
            f"({percent(one['nearest_share'])} percent), 1 of {one['cells']} cells, "
            f"{one['computed_cells']} of which have a number."
        )
    return told


def of_several(one: Row, names: Names) -> str:
    """Say why a claim with several questions has its verdict."""
    questions = one["questions"]
    met = sum(1 for q in questions if q["meets"])
    shares = "; ".join(of_many(q, names) for q in questions)
    asks = criterion(questions[0])
    opening = UNDECLARED
    if asks:
        opening = f"{met} of {len(questions)} meet {asks}"
    return sentence(f"{opening} (percent {BASES[questions[0]['basis'] or 'value']}: {shares})")


def of_many(question: Row, names: Names) -> str:
    """Say what one of several questions found: where, of what, how much and when."""
    importer = question["importer_iso3"]
    about = ", ".join([names.goods(question), *([names.economy(importer)] if importer else [])])
    if question["primary_share"] is None:
        return f"{about} no number"
    return f"{about} {percent(question['primary_share'])} in {question['primary_year']}"


def missing(one: Row, names: Names) -> str:
    """Say what the data lack."""
    lacking = ", ".join(lacking_codes(one))
    reason = names.reasons.get(one["reason"], one["reason"])
    return f"they lack HS {lacking}" if lacking and one["reason"] in LACKS else reason


def lacking_codes(one: Row) -> list[str]:
    """Codes of the claim's baskets that an edition at hand lacks."""
    return sorted({code for codes in one["missing"] or [] for code in codes.split("+")})


def needs(one: Row, claim: Row, metric: Row, names: Names) -> str | None:
    """Say what data and codes it would take to settle a claim; null where it is settled."""
    if one["verdict"] in {"supported", "contradicted", "outdated"}:
        return None
    codes = lacking_codes(one)
    if not codes and one["primary_low_share"] is None:
        of_mineral = names.codes.get(one["mineral"] or "", [])
        codes = [*(claim.get("hs6") or []), *(claim.get("hs4") or [])] or of_mineral
    data = metric.get("needs") or "annual trade by supplier"
    return f"{data} (HS {', '.join(codes)})" if codes else data
