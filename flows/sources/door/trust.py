"""TLS as the door speaks it, and silence of the libraries below while it does."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import certifi

TALKATIVE = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "stamina",
)
"""Loggers that write URLs, addresses and headers as they stand, or each try to whoever looks on."""

_asking: ContextVar[bool] = ContextVar("asking", default=False)


class Context(ssl.SSLContext):
    """A client's context that takes a connection cut without TLS's goodbye for what it is.

    Python's default reads it as the end of the answer, so that whoever cuts a wire could shorten
    an answer of unstated length unseen.
    """

    def wrap_socket(self, sock: socket.socket, *args: Any, **options: Any) -> ssl.SSLSocket:  # noqa: ANN401
        """Wrap a socket; see the class."""
        return super().wrap_socket(sock, *args, **(options | {"suppress_ragged_eofs": False}))


def tls_context(authorities: str | None = certifi.where()) -> ssl.SSLContext:
    """Make the door's context: TLS 1.2 or later, certificate and host name verified.

    Made by hand, because `ssl.create_default_context` would write session keys where
    SSLKEYLOGFILE says, and the system's defaults would trust what SSL_CERT_FILE names.
    """
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        context.load_verify_locations(authorities)
    return context


def refuse_lax(context: ssl.SSLContext) -> None:
    """Refuse a context that verifies nothing.

    Raises:
        ValueError: it does not check the certificate or the host name.

    """
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise ValueError("the door takes only a TLS context that verifies certificate and host")


class _Quiet(logging.Filter):
    """Lets nothing through that is logged while the door asks."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002
        return not _asking.get()


_quiet = _Quiet()


@contextmanager
def silence() -> Iterator[None]:
    """Keep the libraries' own logs shut, at every level, for this thread's requests only."""
    for name in TALKATIVE:
        # Adding the same filter again changes nothing.
        logging.getLogger(name).addFilter(_quiet)
    token = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(token)
