"""Alerts of what turned since the snapshot before: verdicts, grades, numbers that moved."""

# ruff: noqa: S608 - names are those of the snapshot's own tables and columns, quoted

from __future__ import annotations

from collections.abc import Iterator

from flows.alerts.contract import Alert
from flows.alerts.dated import plain
from flows.alerts.reading import BEFORE, Ground, Rule
from flows.alerts.yearly import spelt
from flows.indices.formulas.alert_series import AlertRuleError, pairs
from flows.warehouse import quoted

CLAIMS = "indices.claim_verdict"
MOVES = "quality.movement"
TESTS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}


def alerts(ground: Ground) -> Iterator[Alert]:
    """Give what turned; nothing where there is no snapshot before."""
    for rule in ground.of_kind("moved"):
        yield from moved(ground, rule)
    for rule in ground.of_kind("claim_turned"):
        yield from claims(ground, rule)
    for rule in ground.of_kind("badge_fell"):
        yield from grades(ground, rule)


def both_have(ground: Ground, table: str) -> bool:
    """Whether a table is in the snapshot and in the one before."""
    return {table, f"{BEFORE}.{table}"} <= ground.tables


def moved(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Give the figures of which a number moved by more than the rule allows."""
    if MOVES not in ground.tables:
        return
    if rule["on_at"] is None or rule["comparison"] is None:
        raise AlertRuleError(f"alerts.yml: {rule['rule']}: needs comparison and on_at")
    test = f"{quoted(rule['column'] or 'largest')} {TESTS[rule['comparison']]} ?"
    rows = ground.asked(f'FROM {MOVES} WHERE {test} ORDER BY "table", figure', rule["on_at"])
    for row in rows:
        said = (
            f"{row['table']}.{row['figure']}: {row['moved']:,} of {row['compared']:,} numbers "
            f"moved by more than a tenth, one by {row['largest']:.3f}"
        )
        yield plain(
            rule, {"table": row["table"], "figure": row["figure"]}, ground.snapshot.name, said
        )


def claims(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Give the claims whose verdict is another than before."""
    if not both_have(ground, CLAIMS):
        return
    rows = ground.asked(
        f"SELECT n.claim_id, b.verdict AS was, n.verdict, n.why FROM {CLAIMS} AS n "
        f"JOIN {BEFORE}.{CLAIMS} AS b ON b.claim_id = n.claim_id "
        "WHERE n.verdict <> b.verdict ORDER BY n.claim_id"
    )
    for row in rows:
        said = f"{row['claim_id']}: {row['verdict']}, before {row['was']}; {row['why']}"
        yield plain(
            rule,
            {"claim_id": row["claim_id"], "verdict": row["verdict"]},
            ground.snapshot.name,
            said,
        )


def grades(ground: Ground, rule: Rule) -> Iterator[Alert]:
    """Give the figures of the newest year whose grade fell, D being the lowest."""
    table, grade = str(rule["table"]), quoted(str(rule["column"]))
    if not both_have(ground, table):
        return
    columns = ground.frame(f"FROM {table} LIMIT 0").columns
    wanted = pairs(rule["filters"], rule, columns)
    tests = [f"n.{quoted(name)} = ?" for name, _ in wanted]
    values: list[object] = [value for _, value in wanted]
    if watched := ground.watched(rule):
        tests.append("n.importer_iso3 IN (SELECT unnest(?))")
        values.append(list(watched))
    words = spelt(ground)
    key = ("indicator", "importer_iso3", "mineral", "stage", "basis", "source")
    same = " AND ".join(f"b.{n} = n.{n}" for n in (*key, "edition", "variant", "year"))
    rows = ground.asked(
        f"WITH newest AS (SELECT * FROM {table} AS n WHERE {' AND '.join(tests) or 'true'} "
        f"QUALIFY year = max(year) OVER (PARTITION BY source, edition)) "
        f"SELECT n.*, b.{grade} AS was FROM newest AS n JOIN {BEFORE}.{table} AS b ON {same} "
        f"WHERE n.{grade} > b.{grade} ORDER BY ALL",
        *values,
    )
    for row in rows:
        about = ", ".join(words.get(row[name], row[name]) for name in ("importer_iso3", "mineral"))
        said = f"{about}, {row['year']}: {row[rule['column']]}, before {row['was']}"
        yield plain(rule, {name: row[name] for name in key}, ground.snapshot.name, said)
