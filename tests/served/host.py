"""Local hosts for the tests: one real HTTPS server that is every host a test names.

It behaves and misbehaves as told: it cuts bodies, pauses, claims a false length, redirects. What
it serves is composed by the test that asks; nothing here was recorded from a real host.

    with hosts({"a.test": handler}) as served:
        door = served.door(store, {source.id: source})

The door is the real one: real TLS against a certificate authority of the tests' own, real
addresses as far as the door can tell; only the last step, the socket, ends at this machine.
"""

from __future__ import annotations

import functools
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import trustme

from flows.sources.contract import Source
from flows.sources.door.trust import tls_context
from flows.sources.fetch import Door

PIECE = 1024


@dataclass(frozen=True)
class Asked:
    """A request as it arrived. Header names are in lower case."""

    method: str
    host: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer to give, or to get wrong on purpose."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    """Drop the connection after so many bytes of the body."""
    pause: float = 0.0
    """Seconds before the status line."""
    framing: Literal["length", "chunked", "close"] = "length"
    """How the end of the body is marked: Content-Length, chunks, or the end of the connection."""
    length: int | None = None
    """The Content-Length to claim, true or not."""
    piece_pause: float = 0.0
    """Seconds before each 1,024 bytes of the body."""
    head_pause: float = 0.0
    """Seconds between the status line and each header."""
    is_polite: bool = False
    """Whether a cut or closed connection ends with TLS's own goodbye."""


Handler = Callable[[Asked], Reply]


class Clock:
    """A clock that a sleep moves on at once."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Give the time, as if every sleep had taken place."""
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        self.slept.append(seconds)
        self.ahead += seconds


@dataclass
class Served:
    """The running hosts."""

    port: int
    authority: trustme.CA
    addresses: dict[str, list[str]]
    """What the resolver says, by host; a test may change it."""
    log: list[Asked] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    """The host name of each TLS handshake."""
    clock: Clock = field(default_factory=Clock)
    handlers: dict[str, Handler] = field(default_factory=dict)
    """Who answers, by host; a test may change it."""
    broken: list[BaseException] = field(default_factory=list)
    """What the test's own handlers raised."""

    def door(self, store: Path, sources: Mapping[str, Source], **changed: Any) -> Door:  # noqa: ANN401
        """Give a door that reaches these hosts and sleeps without waiting."""
        arguments: dict[str, Any] = {
            "resolver": self.resolve,
            "tls": self.tls(),
            "wire": self.wire,
            "sleep": self.clock.sleep,
            "now": self.clock.now,
        }
        return Door(store, sources, **(arguments | changed))

    def resolve(self, host: str) -> list[str]:
        """Resolve as a test wants it; unknown names do not resolve."""
        if host not in self.addresses:
            raise OSError(f"name or service not known: {host}")
        return self.addresses[host]

    def tls(self) -> ssl.SSLContext:
        """Give the door's own TLS rules, trusting this authority and no other."""
        context = tls_context(authorities=None)
        self.authority.configure_trust(context)
        return context

    def wire(self, ip: str, port: int) -> tuple[str, int]:  # noqa: ARG002 - one port serves all
        """Lead every checked address to this machine."""
        return "127.0.0.1", self.port

    def paths(self) -> list[str]:
        """Give the paths asked for, in order."""
        return [asked.path for asked in self.log]


@functools.cache
def authority() -> trustme.CA:
    """Make the certificate authority of this test run."""
    return trustme.CA()


@contextmanager
def hosts(handlers: Mapping[str, Handler], certified: tuple[str, ...] = ()) -> Iterator[Served]:
    """Serve hosts until the block ends; `certified` names the certificate's hosts if others."""
    certificate = authority().issue_cert(*(certified or tuple(handlers)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = _Server(("127.0.0.1", 0), context)
    numbers = itertools.count(1)
    served = server.served = Served(
        server.server_address[1],
        authority(),
        {host: [f"11.0.0.{next(numbers)}"] for host in handlers},
        handlers=dict(handlers),
    )
    context.sni_callback = lambda _socket, name, _context: served.names.append(name)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()
    if served.broken:
        raise served.broken[0]


class _Server(ThreadingHTTPServer):
    """A thread a connection; the TLS handshake is in that thread too."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    served: Served

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        self.context = context
        self.stopped = threading.Event()
        super().__init__(address, _Connection)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Shake hands and talk; a client that breaks off is no error of ours."""
        with suppress(OSError):
            request.settimeout(20)
            # Without it each small write waits for the client's word on the last.
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secure = self.context.wrap_socket(request, server_side=True)
            _Connection(secure, client_address, self)
            with suppress(OSError):
                secure.shutdown(socket.SHUT_RDWR)
            secure.close()


class _Connection(BaseHTTPRequestHandler):
    """One connection, which may ask more than once."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Ask the test what to say, and say it."""
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            host=self.headers.get("Host", ""),
            path=parts.path,
            params=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        self.server.served.log.append(asked)
        handler = self.server.served.handlers.get(asked.host)
        if handler is None:
            self._give(Reply(421, b"no such host here"))
            return
        try:
            reply = handler(asked)
        except Exception as error:  # noqa: BLE001 - the test hears of it when its block ends
            self.server.served.broken.append(error)
            reply = Reply(500, b"the handler of the test failed")
        self._give(reply)

    do_POST = do_HEAD = do_GET  # noqa: N815 - the server looks for these names

    def _give(self, reply: Reply) -> None:
        self._wait(reply.pause)
        self._line(f"HTTP/1.1 {reply.status} {responses.get(reply.status, 'Odd')}")
        for name, value in self._headers(reply).items():
            self._wait(reply.head_pause)
            self._line(f"{name}: {value}")
        self._line("")
        body = reply.body if reply.cut_at is None else reply.body[: reply.cut_at]
        for start in range(0, len(body), PIECE if reply.piece_pause else max(len(body), 1)):
            self._wait(reply.piece_pause)
            self._piece(body[start : start + PIECE] if reply.piece_pause else body, reply)
        if reply.cut_at is not None:
            self._end(reply)
        elif reply.framing == "chunked":
            self.wfile.write(b"0\r\n\r\n")
        elif reply.framing == "close":
            self._end(reply)

    def _headers(self, reply: Reply) -> dict[str, str]:
        framing = {
            "length": {"Content-Length": str(len(reply.body))},
            "chunked": {"Transfer-Encoding": "chunked"},
            "close": {"Connection": "close"},
        }[reply.framing]
        if reply.length is not None:
            framing["Content-Length"] = str(reply.length)
        if reply.status in {204, 304}:
            framing = {}
        return framing | dict(reply.headers)

    def _line(self, text: str) -> None:
        self.wfile.write(text.encode("latin-1") + b"\r\n")
        self.wfile.flush()

    def _piece(self, piece: bytes, reply: Reply) -> None:
        if reply.framing == "chunked":
            piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        self.wfile.write(piece)
        self.wfile.flush()

    def _end(self, reply: Reply) -> None:
        """End the connection: with TLS's goodbye, or as if a wire had been cut."""
        self.close_connection = True
        connection = self.connection
        if reply.is_polite and isinstance(connection, ssl.SSLSocket):
            with suppress(OSError):
                connection.unwrap()

    def _wait(self, seconds: float) -> None:
        if seconds:
            deadline = time.monotonic() + seconds
            self.server.stopped.wait(deadline - time.monotonic())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: `served.log` has it."""
