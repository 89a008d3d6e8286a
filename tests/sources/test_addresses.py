"""Which addresses are public, and which URLs are asked."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.sources.door.addresses import is_public, place, redirected
from flows.sources.door.refusals import AddressRefusedError

# From the special-purpose address registries (RFC 6890 and what updates it).
SPECIAL_4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
SPECIAL_6 = (
    "::/96",
    "::ffff:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
NETWORKS_4 = [ipaddress.IPv4Network(text) for text in SPECIAL_4]
NETWORKS_6 = [ipaddress.IPv6Network(text) for text in SPECIAL_6]


@pytest.mark.parametrize("text", [*SPECIAL_4, *SPECIAL_6])
def test_no_special_network_is_public(text: str) -> None:
    network = ipaddress.ip_network(text)
    for address in (network[0], network[network.num_addresses // 2], network[-1]):
        assert not is_public(str(address))


@given(
    st.sampled_from([*NETWORKS_4, *NETWORKS_6]).flatmap(lambda net: st.ip_addresses(network=net))
)
def test_nothing_in_a_special_network_is_public(address: ipaddress.IPv4Address) -> None:
    assert not is_public(str(address))


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_too(inner: ipaddress.IPv4Address) -> None:
    special = any(inner in network for network in NETWORKS_4)
    number = int(inner)
    assert is_public(str(inner)) is not special
    assert is_public(str(ipaddress.IPv6Address((0x64FF9B << 96) | number))) is not special
    assert is_public(str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80)))) is not special
    assert not is_public(f"::ffff:{inner}")
    assert not is_public(f"::{inner}")


@given(st.ip_addresses(v=6))
def test_only_global_unicast_is_public(address: ipaddress.IPv6Address) -> None:
    if is_public(str(address)):
        assert address in ipaddress.IPv6Network("2000::/3") or str(address).startswith("64:ff9b::")
        assert not any(address in network for network in NETWORKS_6)


@pytest.mark.parametrize("text", ["8.8.8.8", "11.0.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_a_public_address(text: str) -> None:
    assert is_public(text)
    assert not is_public(f"{text}%eth0")


@pytest.mark.parametrize("text", ["", "a.test", "8.8.8", "8.8.8.8/32", "010.8.8.8", "0x8.8.8.8"])
def test_a_text_that_is_no_address(text: str) -> None:
    assert not is_public(text)


@given(st.text(max_size=60), st.text(max_size=40))
def test_whatever_url_passes_leads_to_the_host_of_the_list(before: str, after: str) -> None:
    for url in (before, f"https://{before}a.test{after}", f"https://a.test{after}"):
        try:
            found = place(url, ["a.test"])
        except AddressRefusedError:
            continue
        assert found.host == "a.test"
        assert found.url.isascii()
        assert found.url.startswith("https://a.test/")
        assert not set(found.target) & set(' \r\n\t\\#"<>')


def test_a_url_is_written_as_it_travels() -> None:
    params = {"code": "1,2", "name": "x y&z=é", "empty": ""}
    assert place("https://A.test:443/ä b/%20?a=1#part", ["a.TEST"], params).url == (
        "https://a.test/%C3%A4%20b/%20?a=1&code=1,2&name=x%20y%26z%3D%C3%A9&empty="
    )
    assert place("https://a.test", ["a.test"]).url == "https://a.test/"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x?y=1", "https://a.test/x?y=1"),
        ("x", "https://a.test/folder/x"),
        ("../x", "https://a.test/x"),
        ("?z", "https://a.test/folder/file?z"),
        ("https://b.test/x y", "https://b.test/x%20y"),
    ],
)
def test_a_redirect_is_read_as_a_browser_does(location: str, url: str) -> None:
    before = place("https://a.test/folder/file", ["a.test"])
    assert redirected(before, location, ["a.test", "b.test"]).url == url
