"""Which addresses are public, held against what Python's own `ipaddress` says of them."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.ingestion.addresses import refusal

# What `ipaddress` (3.11) calls global but is fetched from by nobody: relays, and a cloud's own.
STRICTER = [ip_network(n) for n in ("192.88.99.0/24", "168.63.129.16/32")]


def network_bounds(address: str) -> list[str]:
    """Return the two ends of a network, and what lies just beyond them."""
    network = ip_network(address)
    first, last = int(network[0]), int(network[-1])
    most = 2**network.max_prefixlen - 1
    kind = type(network[0])
    return [str(kind(n)) for n in (first - 1, first, last, last + 1) if 0 <= n <= most]


SPECIAL = [
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.2.0/24",
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4",
]


@pytest.mark.parametrize("network", " ".join(SPECIAL).split())
def test_the_bounds_of_special_networks(network: str) -> None:
    for text in network_bounds(network):
        address = IPv4Address(text)
        public = address.is_global and not address.is_multicast
        assert (refusal(address) is None) == public, text


@given(st.ip_addresses(v=4))
@example(IPv4Address("169.254.169.254"))
@example(IPv4Address("255.255.255.255"))
def test_public_addresses_of_version_four(address: IPv4Address) -> None:
    public = address.is_global and not (address.is_multicast or address.is_reserved)
    if any(address in network for network in STRICTER):
        assert refusal(address) is not None
    elif address not in ip_network("192.0.0.0/24"):  # parts of it are global to newer versions
        assert (refusal(address) is None) == public


@given(st.ip_addresses(v=6))
def test_nothing_is_public_that_python_calls_private(address: IPv6Address) -> None:
    if refusal(address) is None:
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved
        assert not address.is_site_local
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.integers(0, 2**125 - 1))
def test_most_of_global_unicast_is_public(low: int) -> None:
    address = IPv6Address((1 << 125) | low)
    special = ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
    inside = any(address in ip_network(network) for network in special)
    assert (refusal(address) is not None) == inside


@given(st.ip_addresses(v=4))
def test_addresses_within_addresses_are_refused(inner: IPv4Address) -> None:
    low = int(inner)
    carriers = [
        IPv6Address(low),
        IPv6Address((0xFFFF << 32) | low),
        IPv6Address((0x64FF9B << 96) | low),
        IPv6Address((0x64FF9B0001 << 80) | low),
        IPv6Address((0x2002 << 112) | (low << 80)),
        IPv6Address((0x20010000 << 96) | (low ^ 0xFFFFFFFF)),
    ]
    for carrier in carriers:
        assert refusal(carrier) is not None, carrier


@given(st.ip_addresses(), st.integers(0, 32))
def test_what_is_allowed_is_allowed_and_no_more(
    address: IPv4Address | IPv6Address, prefix: int
) -> None:
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    assert refusal(address, [network]) is None
    other = ip_address("10.9.8.7") if address.version == 6 else ip_address("fd00::1")
    assert refusal(other, [network]) == "private"


def test_a_zone_changes_nothing() -> None:
    assert refusal(IPv6Address("fe80::1%eth0")) == "link-local"
    assert refusal(IPv6Address("fe80::1%eth0"), [ip_network("fe80::/10")]) is None
