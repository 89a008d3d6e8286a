"""Publications small enough to be done a hundred times, by a process that can be killed in one.

Each holds a table whose every row bears the publication's number, so that a torn read shows. The
steps are those of `flows.publish`, in the order in which a run takes them.

`python -m tests.publishing HOME` publishes in a child of its own for each line `NUMBER FATAL` it
reads: killed at the file operation, or the step, that `FATAL` names; `-` lets it live. It answers
with the signal that ended the child, and the file operations it did. `... HOME --read` reads on
until its input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from flows import publish, warehouse
from flows.settings import Settings
from flows.sources.raw import sha256

STEPS = ("begun", "database written", "sealed", "renamed", "pointed")
OPERATIONS = frozenset(
    {
        "open",
        "os.link",
        "os.listdir",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.scandir",
        "os.symlink",
        "os.truncate",
        "shutil.rmtree",
    }
)
"""Audit events of the file system; each comes before what it tells of."""
ROWS, FILES = 500, 10
PATIENCE = 0.01
"""Seconds that a reader waits for a new snapshot before it reads the last one again."""
LOOKS = "SELECT count(*), min(number), max(number) FROM mart.figure"


def small(where: Settings, number: int, step: publish.Step = lambda _: None) -> Path:
    """Publish as a run does: clear what is left, write aside, seal, rename, point."""
    with publish.lock(where.lock):
        publish.clear_leftovers(where.warehouse)
        publish.finish_interrupted(where.snapshots, where.current)
        with publish.aside(where.snapshots, f"run-{number:06d}") as part:
            step("begun")
            path = part / publish.DATABASE
            with warehouse.build(path, threads=1, memory_limit="256MiB") as con:
                con.execute("CREATE SCHEMA IF NOT EXISTS mart")
                con.execute(
                    "CREATE TABLE mart.figure AS SELECT $1::INT AS number FROM range($2::INT)",
                    [number, ROWS + number],
                )
            (part / "beside").mkdir()
            for place in range(FILES):
                path = part / "beside" / f"{place}.json"
                path.write_text(f'{{"number": {number}}}\n', encoding="utf-8")
            step("database written")
            name = f"20261120T{number:06d}Z-c0ffee00"
            publish.seal(part, {"id": name, "number": number, "rows": ROWS + number})
            step("sealed")
            return publish.release(part, where.snapshots, name, where.current, step)


def assert_whole(snapshot: Path) -> int:
    """Hold every file and the table against the manifest; give the publication's number."""
    body = publish.read_manifest(snapshot)
    listed = {one["path"]: one["sha256"] for one in body["files"]}
    paths = [p for p in snapshot.rglob("*") if p.is_file() and p.name != publish.MANIFEST]
    assert {str(path.relative_to(snapshot)): sha256(path) for path in paths} == listed
    assert body["id"] == snapshot.name
    assert_consistent(snapshot, body)
    number: int = body["number"]
    return number


def assert_consistent(snapshot: Path, body: dict[str, Any], pause: float = 0) -> None:
    """Ask the table twice within one connection, and hold both against the manifest."""
    with warehouse.snapshot_reader(snapshot / publish.DATABASE) as con:
        for wait in (pause, 0):
            found = con.execute(LOOKS).fetchone()
            assert found == (body["rows"], body["number"], body["number"]), (found, body["id"])
            time.sleep(wait)


def fatal(at: str, told: Path) -> publish.Step:
    """Count this process's file operations in the home, and kill it at one, or at a step."""
    seen, home = 0, str(told.parent)

    def count(event: str, what: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in OPERATIONS or not any(str(one).startswith(home) for one in what):
            return
        seen += 1
        if at.isdigit() and seen == int(at):
            os.kill(os.getpid(), signal.SIGKILL)

    def on(step: str) -> None:
        if step == at:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == STEPS[-1]:
            # The last step: after it only the lock is given back.
            told.write_text(str(seen), encoding="utf-8")

    sys.addaudithook(count)
    return on


def serve(home: Path) -> None:
    """Publish in a child for each line read; answer with its end and its file operations."""
    where, told = Settings(home=home), home / "operations"
    # What DuckDB imports at first is imported once, not in each child.
    with warehouse.build(home / "warm.duckdb", threads=1, memory_limit="256MiB") as con:
        con.execute("SELECT $1", [1]).fetchall()
    for line in sys.stdin:
        number, _, at = line.strip().partition(" ")
        told.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            try:
                small(where, int(number), fatal(at, told))
            except BaseException as error:  # noqa: BLE001 - the parent is told, and the child ends
                sys.stderr.write(f"{error!r}\n")
                os._exit(1)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        operations = int(told.read_text(encoding="utf-8")) if told.is_file() else None
        print(json.dumps({"ended": status, "operations": operations}), flush=True)  # noqa: T201


def fresh(where: Settings, last: Path | None) -> Path:
    """What is current, as soon as it is another than the last, or after a moment."""
    until = time.monotonic() + PATIENCE
    while True:
        snapshot = publish.current(where.current)
        assert snapshot is not None, "nothing is current"
        if snapshot != last or time.monotonic() > until:
            return snapshot


def read_on(home: Path) -> None:
    """Read what is current until the input ends; print how often, and which numbers were seen."""
    where = Settings(home=home)
    answers, seen, stop, snapshot = 0, set(), False, None
    print("reading", flush=True)  # noqa: T201
    os.set_blocking(sys.stdin.fileno(), False)
    while not stop:
        try:
            stop = not os.read(sys.stdin.fileno(), 1)
        except BlockingIOError:
            stop = False
        snapshot = fresh(where, snapshot)
        body = publish.read_manifest(snapshot)
        assert_consistent(snapshot, body, pause=0.002)
        answers += 1
        seen.add(body["number"])
    print(json.dumps({"answers": answers, "seen": sorted(seen)}))  # noqa: T201


if __name__ == "__main__":
    (read_on if "--read" in sys.argv else serve)(Path(sys.argv[1]))
