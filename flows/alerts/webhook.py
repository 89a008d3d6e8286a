"""Send alerts to a webhook: one POST an event, at least once, the same key for the same event.

The address is a secret: it may hold a token, so it is neither printed nor put into an error. Only
https, or a receiver on this machine, and no redirect is followed.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from flows import __version__
from flows.alerts.contract import AlertError
from flows.alerts.memory import Event

SECONDS = 10.0
"""How long the receiver has to answer."""
WAITS = (1.0, 4.0)
"""Seconds before the second and the third attempt."""
AGAIN = frozenset({408, 425, 429, *range(500, 600)})
"""Answers after which trying again may help."""
HERE = ("localhost", "127.0.0.1", "::1")
VARIABLE = "OREWATCH_ALERT_WEBHOOK"
TAKEN = range(200, 300)

Taken = Callable[[Event], None]


class SendError(AlertError):
    """A channel did not take an alert; it is sent again next time."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other that is not 2xx."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


@dataclass(frozen=True)
class Webhook:
    """A receiver of alerts over HTTP."""

    address: SecretStr
    snapshot: str
    """Id of the snapshot that the alerts are of."""
    seconds: float = SECONDS
    waits: Sequence[float] = WAITS
    name: str = "webhook"

    def send(self, events: Sequence[Event], taken: Taken) -> None:
        """Post the events, one by one; `taken` is called after each that the receiver took.

        Raises:
            SendError: the receiver did not take one; those after it were not tried.

        """
        if not events:
            return
        address = checked(self.address)
        for event in events:
            self._deliver(address, event)
            taken(event)

    def _deliver(self, address: str, event: Event) -> None:
        """Post one event, again where that may help."""
        for wait in (*self.waits, None):
            fault, may_help = self._post(address, event)
            if fault is None:
                return
            if wait is None or not may_help:
                raise SendError(
                    f"the receiver named in {VARIABLE} did not take {event.alert.id}: {fault}; "
                    "it is sent again next time"
                )
            time.sleep(wait)

    def _post(self, address: str, event: Event) -> tuple[str | None, bool]:
        """Post once; give what went wrong, in words without the address, and whether to retry."""
        request = urllib.request.Request(  # noqa: S310 - the address was checked
            address,
            data=json.dumps(payload(event, self.snapshot), ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": event.key,
                "User-Agent": f"orewatch/{__version__}",
            },
            method="POST",
        )
        try:
            with opener(address).open(request, timeout=self.seconds) as answer:
                status = int(answer.status)
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except TimeoutError:
            return f"no answer within {self.seconds:g} seconds", True
        except (OSError, http.client.HTTPException, ssl.SSLError) as error:
            reason = getattr(error, "reason", None)
            if isinstance(reason, TimeoutError):
                return f"no answer within {self.seconds:g} seconds", True
            return f"no connection ({type(reason or error).__name__})", True
        if status in TAKEN:
            return None, False
        return f"it answered {status}", status in AGAIN


def opener(address: str) -> urllib.request.OpenerDirector:
    """Open addresses without redirects; one on this machine goes through no proxy."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if urllib.parse.urlsplit(address).hostname in HERE:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def checked(address: SecretStr) -> str:
    """Give the address, where it may be posted to.

    Raises:
        SendError: it is neither https nor on this machine.

    """
    text = address.get_secret_value()
    try:
        parts = urllib.parse.urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = None, None
    is_clean = text.isascii() and text.isprintable() and " " not in text
    is_safe = parts is not None and (
        parts.scheme == "https" or (parts.scheme == "http" and host in HERE)
    )
    if not (is_clean and host and is_safe):
        raise SendError(f"{VARIABLE} must be an https address, or http on this machine")
    return text


def payload(event: Event, snapshot: str) -> dict[str, Any]:
    """Give the body of a message: `text` for people, the rest for programs."""
    word = "" if event.what == "began" else "Ended: "
    return {
        "schema": 1,
        "event": event.what,
        "idempotency_key": event.key,
        "text": f"{word}{event.alert.text}",
        "snapshot": snapshot,
        "alert": event.alert.as_json(),
    }
