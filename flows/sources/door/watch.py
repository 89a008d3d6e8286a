"""An end to heads of answers that drip."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from socket import SHUT_RDWR
from typing import Any


class Watch:
    """Ends a connection whose head does not come in time, however slowly it drips.

    The library's own limit starts anew with every byte.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._seconds = seconds
        self._timer: threading.Timer | None = None

    def see(self, event: str, info: Mapping[str, Any]) -> None:
        """Start when TLS stands: this is called at each step of the exchange."""
        if event == "connection.start_tls.complete":
            end = info["return_value"].get_extra_info("socket")
            self._timer = threading.Timer(self._seconds, self._end, [end])
            self._timer.daemon = True
            self._timer.start()

    def stop(self) -> None:
        """Let the connection be."""
        if self._timer:
            self._timer.cancel()

    def _end(self, connection: Any) -> None:  # noqa: ANN401 - a socket, as the library has it
        self.is_over = True
        with suppress(OSError):
            connection.shutdown(SHUT_RDWR)
