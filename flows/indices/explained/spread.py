"""How the indices of evenness and of certainty explain themselves."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

from flows.indices.explained.arithmetic import Number
from flows.indices.explained.sheet import Read, Row, Sheet, literal, plus, within
from flows.indices.explained.supply import Supply, concentration, counted, entropy, shares
from flows.indices.explained.trade import bought

QUANTILE = NormalDist().inv_cdf(0.975)


def certainty(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.certainty`."""
    sheet = Sheet()
    supply = bought(sheet, read, cell)
    if cell["reason"] is not None:
        return sheet
    concentration(supply)
    graded(sheet, read, cell)
    found = read("ref.uncertainty", source=cell["source"], basis=cell["basis"])
    errors: Row = found[0] if found else {}
    envelope(sheet, supply, cell, errors)
    spread(sheet, supply, errors)
    return sheet


def graded(sheet: Sheet, read: Read, cell: Row) -> None:
    """Write the parts of the confidence, and their geometric mean."""
    sheet.add("c_alloc", "1 - unallocated_share", "score", "part allocated to countries")
    if cell["basis"] == "mass":
        sheet.add("c_weight", "1 - weight_missing_share", "score", "part of the value with weight")
    series = {name: cell[name] for name in ("mineral", "stage", "source", "edition")}
    codes = read("mart.basket", **series, exclusion=None)
    how_clean = sorted({row["specificity"] for row in codes})
    factors = read("ref.specificity", specificity=how_clean)
    cleanness = ", ".join(literal(row["confidence_factor"]) for row in factors)
    least = f"min({cleanness})" if len(factors) > 1 else cleanness
    sheet.add("c_hs", least, "score", plus(row["specificity"] for row in factors))
    parts = [name for name in ("c_alloc", "c_weight", "c_hs") if name in sheet]
    sheet.add(
        "confidence_score",
        f"({' * '.join(parts)}) ** (1 / {len(parts)})",
        "score",
        "geometric mean",
    )


def envelope(sheet: Sheet, supply: Supply, cell: Row, errors: Row) -> None:
    """Write what each thing that is not known can do to the HHI, and the outermost of all."""
    lows, highs = ["hhi", "hhi_low"], ["hhi", "hhi_high"]
    half = errors.get("half_unit_usd") or errors.get("half_unit_kg")
    if half is not None:
        sheet.add("step", f"{literal(half)} / {supply.total}", "share", "half a unit")
        sheet.add("span", "suppliers * step", "share")
        rounded = "(hhi + suppliers * step**2 {} 2 * step) / (1 {} span)**2"
        least = f"max({rounded.format('-', '+')}, 1 / suppliers)"
        lows += ["rounded_low"]
        sheet.add("rounded_low", least, "hhi", "amounts are rounded")
        most = within(rounded.format("+", "-")) if sheet["span"] < 1 else "1"
        highs += ["rounded_high"]
        sheet.add("rounded_high", most, "hhi", "amounts are rounded")
    if cell["basis"] == "mass":
        sheet.add("kept", "1 - weight_missing_share", "share")
        sheet.add("weight_low", "hhi * kept**2", "hhi", "what has no weight is nobody's")
        sheet.add(
            "weight_high",
            f"(cr1 * kept + weight_missing_share)**2 + {within('hhi - cr1**2', 0, None)} * kept**2",
            "hhi",
            "what has no weight is the largest supplier's",
        )
        lows, highs = [*lows, "weight_low"], [*highs, "weight_high"]
    sheet.add("hhi_envelope_low", f"min({', '.join(lows)})", "hhi")
    sheet.add("hhi_envelope_high", f"max({', '.join(highs)})", "hhi")


def spread(sheet: Sheet, supply: Supply, errors: Row) -> None:
    """Write the standard deviation of the HHI by the delta method, and the interval."""
    if errors.get("relative_sd") is None:
        return
    sheet.add("rho", literal(errors["relative_sd"]), "share", f"{errors['origin']}")
    terms = plus(f"(2 * ({supply.s(p)} - hhi) * {supply.s(p)})**2" for p in supply.suppliers)
    sheet.add("hhi_sd", f"rho * sqrt({terms})", "hhi")
    quantile = literal(QUANTILE)
    sheet.add("hhi_ci95_low", f"max(hhi - {quantile} * hhi_sd, 1 / suppliers)", "hhi")
    sheet.add("hhi_ci95_high", f"min(hhi + {quantile} * hhi_sd, 1)", "hhi")


def diversification(cell: Row, read: Read) -> Sheet:
    """Explain a row of `indices.diversification`."""
    sheet = Sheet()
    supply = bought(sheet, read, cell)
    counted(supply)
    world = {
        name: cell[name] for name in ("mineral", "stage", "year", "basis", "source", "edition")
    }
    exporters = [row["suppliers"] for row in read("indices.export_concentration", **world)]
    says = "indices.export_concentration.suppliers"
    sheet.add("universe", str(exporters[0] if exporters else 0), "count", says)
    if cell["reason"] is not None:
        return sheet
    shares(supply)
    entropy(supply)
    n, everyone = len(supply.suppliers), int(sheet["universe"])
    own_measures(sheet, supply)
    if everyone:
        fixed_measures(sheet, supply, everyone - n)
        ranges(sheet, supply, everyone - n)
    return sheet


def own_measures(sheet: Sheet, supply: Supply) -> None:
    """Write the measures over the suppliers that there are."""
    rising = [supply.s(who) for who in reversed(supply.suppliers)]
    squares = plus(f"{share}**2" for share in rising)
    sheet.add("effective_suppliers", f"1 / ({squares})", "count", "1 / HHI")
    sheet.add("hill_1", "exp(entropy)", "count")
    sheet.add("theil", within("ln(suppliers) - entropy", 0, None), "nats")
    if len(rising) > 1:
        sheet.add("pielou", within("entropy / ln(suppliers)"), "share")
        sheet.add("theil_relative", within("theil / ln(suppliers)"), "share")
    sheet.add("gini", gini(ranked(rising), "suppliers"), "share", "shares ranked upwards")


def ranked(rising: Sequence[str], absent: int = 0) -> str:
    """Write the sum of rank times share, those who supply nothing coming first."""
    return plus(f"{rank} * {share}" for rank, share in enumerate(rising, start=absent + 1))


def gini(rank_sum: str, n: str) -> str:
    """Write the Gini coefficient from the rank sum of shares."""
    return within(f"2 * ({rank_sum}) / {n} - ({n} + 1) / {n}")


def fixed_measures(sheet: Sheet, supply: Supply, absent: int) -> None:
    """Write the measures over all countries that export the mineral."""
    rising = [supply.s(who) for who in reversed(supply.suppliers)]
    normalised = within("(1 / effective_suppliers - 1 / universe) / (1 - 1 / universe)")
    one = sheet["universe"] == 1
    sheet.add("hhi_normalised_fixed", "1" if one else normalised, "share")
    sheet.add("theil_fixed", within("ln(universe) - entropy", 0, None), "nats")
    if not one:
        sheet.add("pielou_fixed", within("entropy / ln(universe)"), "share")
        sheet.add("theil_relative_fixed", within("theil_fixed / ln(universe)"), "share")
    says = f"{absent} who supply nothing rank first"
    sheet.add("gini_fixed", gini(ranked(rising, absent), "universe"), "share", says)


def ranges(sheet: Sheet, supply: Supply, absent: int) -> None:
    """Write both ends of what the unallocated part may do."""
    rising = list(reversed(supply.suppliers))
    u, whole = supply.unallocated, supply.whole
    parts = [f"{supply.x(who)} / {whole}" for who in rising]
    end(sheet, "most", [*parts[:-1], f"({supply.largest} + {u}) / {whole}"], absent)
    lifted = lifted_by(sheet, supply, absent)
    pool = plus([*(supply.x(who) for who in rising[:lifted]), u])
    level = f"({pool}) / {absent + lifted} / {whole}" if absent + lifted else "0"
    sheet.add("level", level, "share", f"the rest lifts the {absent + lifted} smallest to this")
    end(sheet, "least", ["level"] * (absent + lifted) + parts[lifted:], 0)
    sheet.add("hill_1_low", "exp(most_entropy)", "count", "the rest is the largest supplier's")
    sheet.add("hill_1_high", "exp(least_entropy)", "count", "the rest is spread evenly")
    for low_or_high, which in (("low", "least"), ("high", "most")):
        theil = within(f"ln(universe) - {which}_entropy", 0, None)
        sheet.add(f"theil_fixed_{low_or_high}", theil, "nats")
        sheet.add(f"gini_fixed_{low_or_high}", f"{which}_gini", "share")


def end(sheet: Sheet, which: str, rising: Sequence[str], absent: int) -> None:
    """Write entropy and Gini coefficient of one end, from its shares upwards."""
    names = []
    for place, share in enumerate(rising, start=1):
        names.append(share if share == "level" else f"{which}_{place}")
        if share != "level":
            sheet.add(names[-1], share, "share")
    above = [name for name in names if sheet[name] > 0]
    terms = plus(f"{name} * ln({name})" for name in above)
    sheet.add(f"{which}_entropy", within(f"-({terms})", 0, None), "nats")
    sheet.add(f"{which}_gini", gini(ranked(names, absent), "universe"), "share")


def lifted_by(sheet: Sheet, supply: Supply, absent: int) -> int:
    """Count the smallest suppliers that the unallocated part lifts when it fills them up."""
    rest = sheet[supply.unallocated]
    if not rest:
        return 0
    below: Number = 0
    for place, who in enumerate(reversed(supply.suppliers)):
        amount = sheet[supply.x(who)]
        if (absent + place) * amount - below >= rest:
            return place
        below += amount
    return len(supply.suppliers)
