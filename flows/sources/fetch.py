"""The one door to HTTP: asks politely, believes nothing, keeps what it got.

    door = Door(settings.raw, {source.id: source})
    answer = door(request)

Only https, only port 443, only the hosts of the source's `source.yml`, and only at public
addresses, checked again at every redirect. A key travels in its header to the first host and to
no other. How often and how long a host is asked stands in its source's `manners`.

Nothing here reads a setting or an environment variable: no proxy, no `.netrc`, no key log, and
the certificate authorities are those of the locked `certifi`. Where a network opens TLS on the
way, files come by `orewatch refresh SOURCE --file PATH`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import stamina

from flows import __version__
from flows.sources.connect import Answer, Request, Secret
from flows.sources.contract import Source, SourceError
from flows.sources.door import addresses, keys
from flows.sources.door.addresses import PORT, Place, Resolver
from flows.sources.door.answers import Answers
from flows.sources.door.letters import Errand, Letter
from flows.sources.door.pace import Pace
from flows.sources.door.receive import conditions, reads_as_fault, receive, redirect
from flows.sources.door.refusals import (
    AddressRefusedError,
    CertificateError,
    CutShortError,
    KeyLeakError,
    RedirectRefusedError,
    RefusalError,
    TooSlowError,
    UnreachableError,
)
from flows.sources.door.retries import Retry
from flows.sources.door.statuses import REDIRECTS
from flows.sources.door.trust import refuse_lax, silence, tls_context
from flows.sources.door.watch import Watch

AGENT = f"orewatch/{__version__}"
HEADERS = {
    "User-Agent": AGENT,
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
MOST_ADDRESSES = 3
"""Addresses of one host that are tried before it counts as unreachable."""

Wire = Callable[[str, int], tuple[str, int]]
"""Checked address and port -> where the socket goes."""


class Door:
    """Asks the hosts of some sources; satisfies `connect.Ask`.

    `resolver`, `tls`, `wire`, `sleep` and `now` are for tests, which have hosts of their own;
    they are arguments and never settings.
    """

    def __init__(  # noqa: PLR0913 - all but two are for tests
        self,
        store: Path,
        sources: Mapping[str, Source],
        *,
        resolver: Resolver = addresses.resolved,
        tls: ssl.SSLContext | None = None,
        wire: Wire = lambda ip, port: (ip, port),
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.sources = sources
        self.answers = {name: Answers(store, name) for name in sources}
        self.pace = Pace(store, sleep, now)
        self._resolver = resolver
        self._tls = tls or tls_context()
        refuse_lax(self._tls)
        self._wire = wire
        self._now = now

    def holds(self, request: Request) -> bool:
        """Whether a kept answer serves, without asking: same request, same mark, not empty."""
        return bool(request.mark) and self._errand(request).kept is not None

    def spoil(self, answer: Answer, why: str) -> None:
        """Take back a kept answer: see `connect.Ask`."""
        safe = keys.scrubbed(why, answer.request.secret)
        self.answers[answer.request.source].spoil(answer, safe, self._now())

    def __call__(self, request: Request) -> Answer:
        """Give an answer: see `connect.Ask`.

        Raises:
            RefusalError: see `flows/sources/door/refusals.py` for its kinds.
            SourceError: the source is not one of this door's, its ledger cannot be read, or what
                `request.faults` made of the answer.

        """
        try:
            return self._answer(request)
        except RefusalError as error:
            fault = error.fault
            if fault is None:
                error.placed(request.source, keys.scrubbed(_url(request), request.secret))
                raise
        raise fault

    def _answer(self, request: Request) -> Answer:
        keys.checked(request.secret)
        if keys.held_by(_url(request).encode(), request.secret):
            raise KeyLeakError("the key is in the URL; it travels in a header only: report this")
        errand = self._errand(request)
        start = addresses.place(request.url, errand.source.hosts, request.params)
        if request.mark and errand.kept:
            return errand.answers.answer(request, errand.kept, is_new=False)
        retry = Retry(self.pace, start.host)
        # The hook says no long before stamina's own count ends.
        with silence():
            for attempt in stamina.retry_context(on=retry, attempts=99, timeout=None):
                with attempt:
                    return self._try(errand, start)
        raise AssertionError("stamina ends with an answer or an error")

    def _errand(self, request: Request) -> Errand:
        """Find what is kept for a request, and whether it still is what it was."""
        if request.source not in self.sources:
            raise SourceError(f"{request.source} is none of {', '.join(self.sources) or 'nothing'}")
        source, answers = self.sources[request.source], self.answers[request.source]
        row = answers.last(request)
        if row is None:
            return Errand(request, source, answers)
        if not answers.is_intact(row):
            note = f"the kept bytes {row.sha256} were changed or lost, and fetched again"
            return Errand(request, source, answers, note=note)
        if reads_as_fault(answers, request, row):
            note = f"the kept bytes {row.sha256} are an error in the source's reading of today"
            return Errand(request, source, answers, note=note)
        return Errand(request, source, answers, row, conditions(row))

    def _try(self, errand: Errand, start: Place) -> Answer:
        """Follow redirects to an answer, with all rules at each."""
        way: tuple[Place, ...] = (start,)
        secret = errand.request.secret
        while True:
            came = self._ask(errand, way, secret)
            if isinstance(came, Answer):
                return came
            if came.host != start.host:
                secret = None
            way = (*way, came)

    def _ask(self, errand: Errand, way: tuple[Place, ...], secret: Secret | None) -> Answer | Place:
        """Send one request to a checked address; give its answer, or where it sends us."""
        host = way[-1].host
        try:
            found = addresses.public_addresses(host, self._resolver)[:MOST_ADDRESSES]
        except AddressRefusedError as error:
            raise (RedirectRefusedError(f"redirected: {error}") if way[1:] else error) from None
        self.pace.wait(host, errand.source.manners)
        while True:
            try:
                return self._talk(errand, way, secret, found.pop(0))
            except UnreachableError:
                if not found:
                    raise

    def _talk(
        self, errand: Errand, way: tuple[Place, ...], secret: Secret | None, ip: str
    ) -> Answer | Place:
        """Connect to an address, prove the host's name, ask, and take what comes."""
        # The transport and not the client above it: no proxy, no cookie, no redirect of its own.
        # One for each exchange: a connection made for one host is never used for another.
        with httpx.HTTPTransport(verify=self._tls, trust_env=False) as transport:
            response = self._send(transport, errand, way[-1], secret, ip)
            try:
                letter = Letter(
                    status=response.status_code,
                    headers=_headers(response, errand.request.secret),
                    pieces=_pieces(response),
                    via=tuple(place.url for place in way[1:]),
                    time=self._now(),
                )
                if letter.status in REDIRECTS:
                    return redirect(letter, errand, way)
                return receive(letter, errand)
            finally:
                response.close()

    def _send(
        self,
        transport: httpx.HTTPTransport,
        errand: Errand,
        where: Place,
        secret: Secret | None,
        ip: str,
    ) -> httpx.Response:
        """Send a request and wait for the head of its answer."""
        manners = errand.source.manners
        host, port = self._wire(ip, PORT)
        watch = Watch(manners.read_seconds)
        limits = httpx.Timeout(manners.read_seconds, connect=manners.connect_seconds)
        request = httpx.Request(
            "GET",
            httpx.URL(scheme="https", host=host, port=port, raw_path=where.target.encode()),
            headers={"Host": where.host, **HEADERS, **errand.conditions},
            extensions={
                "sni_hostname": where.host,
                "timeout": limits.as_dict(),
                "trace": watch.see,
            },
        )
        if secret:
            request.headers[secret.header] = secret.value.get_secret_value()
        try:
            return transport.handle_request(request)
        except httpx.HTTPError as error:
            problem = _problem(error, watch)
        finally:
            watch.stop()
        # Raised here, so that it carries nothing of the library's error, whose request has the key.
        raise problem


def _headers(response: httpx.Response, secret: Secret | None) -> dict[str, str]:
    """Headers by name in lower case, without the key."""
    return {name.lower(): keys.scrubbed(value, secret) for name, value in response.headers.items()}


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    """The body as it travels; the library's errors become the door's."""
    try:
        # Without a size: as it comes, so that its pace can be seen.
        yield from response.iter_raw()
    except httpx.HTTPError as error:
        problem = _problem(error)
    else:
        return
    raise problem


def _problem(error: httpx.HTTPError, watch: Watch | None = None) -> RefusalError:
    """Say what a library's error means, without its words: a key may be in them."""
    if isinstance(error, httpx.ConnectTimeout):
        return UnreachableError("no connection in the time allowed; run again later")
    if isinstance(error, httpx.ConnectError):
        return _no_connection(error)
    if isinstance(error, httpx.TimeoutException) or (watch and watch.is_over):
        return TooSlowError(
            "the host was silent too long; run again later, or raise read_seconds in source.yml"
        )
    return CutShortError(
        f"the connection broke off ({type(error).__name__}) before the answer's end; run again"
    )


def _no_connection(error: httpx.ConnectError) -> RefusalError:
    cause: BaseException | None = error
    while cause:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CertificateError(
                f"the host's certificate is not good ({cause.verify_message}); nothing was sent. "
                "Where a network opens TLS on the way, fetch the file elsewhere and use --file"
            )
        cause = cause.__cause__ or cause.__context__
    return UnreachableError(f"no connection ({error}); is there a network?")


def _url(request: Request) -> str:
    """The whole URL, for words and for looking through."""
    query = "&".join(f"{name}={value}" for name, value in request.params.items())
    return f"{request.url}?{query}" if query else request.url
