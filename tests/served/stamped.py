"""A host that stamps its answers with an ETag which never changes, whatever they hold.

The worst of hosts for whoever was given bad bytes once: asked whether anything changed, it says no.
"""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from tests.served.host import Asked, Handler, Reply

STAMP = '"composed"'


def stamped(handler: Handler) -> Handler:
    """Stamp the good answers of a handler."""

    def answer(asked: Asked) -> Reply:
        if asked.headers.get("if-none-match") == STAMP:
            return Reply(304, headers={"ETag": STAMP})
        reply = handler(asked)
        if reply.status != HTTPStatus.OK:
            return reply
        return replace(reply, headers={**reply.headers, "ETag": STAMP})

    return answer
