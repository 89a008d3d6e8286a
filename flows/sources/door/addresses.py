"""Where the door goes: https, port 443, a host of `source.yml`, and only public addresses.

The address that was checked is the address connected to. A name is not resolved twice, so an
answer of the name server that changes between check and use has nothing to change.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urljoin, urlsplit

from flows.sources.door.refusals import AddressRefusedError, UnreachableError

PORT = 443
UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
"""Control characters and backslashes: readers of URLs disagree about them."""
KEPT = "%/:=&?~+!$,;'@()*[]-._"
"""Characters of a URL that are not quoted again."""

Resolver = Callable[[str], Iterable[str]]
"""Host name -> addresses; raises OSError where there is none."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.ip_network("64:ff9b::/96")
SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
UNICAST = ipaddress.ip_network("2000::/3")
"""The only part of IPv6 that is given out as public unicast."""
NEVER = [
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # relays of 6to4, given up
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
]
"""What the special-purpose registries set apart and not every Python 3.11 knows of."""


@dataclass(frozen=True)
class Place:
    """A checked URL: https, port 443, a host that the source may ask."""

    host: str
    target: str
    """Path and query, quoted."""

    @property
    def url(self) -> str:
        """The URL, whole."""
        return f"https://{self.host}{self.target}"


def place(url: str, hosts: Iterable[str], params: Mapping[str, str] | None = None) -> Place:
    """Check a URL against the hosts of its source.

    Raises:
        AddressRefusedError: it is none that the door asks; the message says why.

    """
    if UNSAFE.search(url):
        raise AddressRefusedError("a URL with a control character or a backslash is never asked")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise AddressRefusedError(f"no URL ({error})") from None
    if parts.scheme != "https":
        raise AddressRefusedError(f"{parts.scheme or 'no scheme'} in place of https is never asked")
    if "@" in parts.netloc:
        raise AddressRefusedError("a URL with a user name in it is never asked")
    if port not in {None, PORT}:
        raise AddressRefusedError(f"port {port} is never asked, only {PORT}")
    allowed = sorted({name.lower() for name in hosts})
    if host not in allowed or is_address(host):
        raise AddressRefusedError(
            f"{host or 'no host'} is not among the source's hosts "
            f"({', '.join(allowed) or 'it has none'}); if it should be, add it to source.yml"
        )
    query = "&".join(
        part for part in (parts.query, urlencode(params or {}, safe=",", quote_via=quote)) if part
    )
    target = quote(parts.path or "/", safe=KEPT) + (f"?{quote(query, safe=KEPT)}" if query else "")
    return Place(host, target)


def redirected(before: Place, location: str, hosts: Iterable[str]) -> Place:
    """Check where a host sends us.

    Raises:
        AddressRefusedError: the door does not go there.

    """
    if UNSAFE.search(location):
        raise AddressRefusedError("a URL with a control character or a backslash is never asked")
    try:
        joined = urljoin(before.url, location.strip())
    except ValueError as error:
        raise AddressRefusedError(f"no URL ({error})") from None
    return place(joined, hosts)


def resolved(host: str) -> list[str]:
    """Ask the machine's own name servers."""
    found = socket.getaddrinfo(host, PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def public_addresses(host: str, resolver: Resolver) -> list[str]:
    """Resolve a host; all of its addresses must be public.

    Raises:
        AddressRefusedError: one of them is not, whichever would have been used.
        UnreachableError: the name does not resolve.

    """
    try:
        addresses = list(resolver(host))
    except (OSError, UnicodeError) as error:
        raise UnreachableError(f"{host} does not resolve ({error}); is there a network?") from None
    if not addresses:
        raise UnreachableError(f"{host} resolves to no address; is there a network?")
    for address in addresses:
        if not is_public(address):
            raise AddressRefusedError(
                f"{host} resolves to {address}, which is no public address; nothing was sent. "
                "Ask whoever runs the name server, or fetch the file elsewhere and use --file"
            )
    return addresses


def is_address(text: str) -> bool:
    """Whether a host is written as an address."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True


def is_public(text: str) -> bool:
    """Whether an address is global unicast, and so is any IPv4 address inside it."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_global(address)
    if address.scope_id is not None:
        return False
    if address in NAT64:
        return _is_global(_last_four(address))
    if address in SIX_TO_FOUR:
        return address.sixtofour is not None and _is_global(address.sixtofour)
    return address in UNICAST and _is_global(address)


def _last_four(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _is_global(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in NEVER if network.version == address.version)
    )
