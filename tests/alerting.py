"""Composed alerts, snapshots of the tiny world to look for them in, and a receiver of messages."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb

from flows import publish
from flows.alerts.contract import Alert
from flows.settings import Settings
from tests import world

CREATED = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIRST, SECOND = "20261120T093000Z-aaaaaaaa", "20261122T093000Z-bbbbbbbb"


def snapshot(
    made: world.Built,
    settings: Settings,
    name: str = FIRST,
    changes: Sequence[str] = (),
    created: datetime = CREATED,
) -> Path:
    """Put a copy of a built file where snapshots lie, changed by SQL, and point to it."""
    folder = settings.snapshots / name
    folder.mkdir(parents=True)
    shutil.copyfile(made.settings.build, folder / publish.DATABASE)
    with duckdb.connect(str(folder / publish.DATABASE)) as con:
        for change in changes:
            con.execute(change)
    body = {"id": name, "created": created.isoformat()}
    (folder / publish.MANIFEST).write_text(json.dumps(body), encoding="utf-8")
    settings.current.unlink(missing_ok=True)
    settings.current.symlink_to(Path("snapshots") / name)
    return folder


def alert(**changes: Any) -> Alert:  # noqa: ANN401
    """Give a composed alert: of a threshold crossed in the newest year."""
    body: dict[str, Any] = {
        "rule": "cap",
        "kind": "level",
        "title": "One supplier above 65 percent",
        "what": "A, m: 0.700 in 2024; since 2024",
        "severity": "critical",
        "since": "2024",
        "key": {"importer_iso3": "A", "mineral": "m"},
        "value": 0.7,
        "threshold": 0.65,
    }
    return Alert(**body | changes)


def on(  # noqa: PLR0913 - a row has these
    rule: str,
    importer: str,
    mineral: str,
    value: float | None,
    since: int,
    *,
    fired: Sequence[int],
    crossed: Sequence[int] = (),
    year: int = 2024,
) -> str:
    """Give the SQL that adds a row that is on to indices.alert."""
    number = "NULL" if value is None else str(value)
    reason = "'no_trade'" if value is None else "NULL"
    texts = [
        "[" + ", ".join(f"'{year}'" for year in years) + "]::VARCHAR[]"
        for years in (fired, crossed)
    ]
    return (
        "INSERT INTO indices.alert BY NAME SELECT "
        f"'{rule}' AS rule, '{importer}' AS importer_iso3, '{mineral}' AS mineral, 'all' AS stage, "
        f"'value' AS basis, 'baci' AS source, 'HS92_V202601' AS edition, {year} AS year, "
        f"{number} AS value, 0.65 AS on_at, 0.585 AS off_at, 'on' AS state, {since} AS since_year, "
        f"1995 AS first_year, 20 AS known_years, {texts[0]} AS fired_years, "
        f"{texts[1]} AS crossed_years, []::VARCHAR[] AS ended_years, 'CHN' AS top_supplier_iso3, "
        f"[]::VARCHAR[] AS flags, {reason} AS reason"
    )


@dataclass
class Receiver:
    """What listens on this machine: how it answers, and what it got."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    """Statuses to come; 204 where none is left."""
    wait: float = 0.0
    """Seconds before it answers."""
    got: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """Idempotency key and body of each message, in their order."""
    paths: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook/s3cret"

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.got]


@contextmanager
def listening() -> Iterator[Receiver]:
    """Listen on a port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.paths.append(self.path)
            receiver.got.append((self.headers["Idempotency-Key"], json.loads(body)))
            time.sleep(receiver.wait)
            status = receiver.answers.pop(0) if receiver.answers else 204
            try:
                self.send_response(status)
                if status in range(300, 400):
                    self.send_header("Location", f"http://127.0.0.1:{receiver.port}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
            except OSError:
                pass  # whoever sent has gone

        do_GET = do_POST  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
