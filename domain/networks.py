"""Networks that a key may be used from, as CIDR. An IPv4 address mapped into IPv6 is the IPv4 address."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
# Where the IPv4 address begins within a mapped one, in bits.
MAPPED_BITS = 96


def parse(text: str) -> Network:
    """The network that a text such as `203.0.113.0/24` means; bits behind its prefix do not count."""
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - MAPPED_BITS))
    return network


def written(texts: Sequence[str]) -> list[str]:
    """The networks in their shortest spelling, each once, in the order given."""
    return list(dict.fromkeys(str(parse(text)) for text in texts))


def admit(networks: Sequence[Network], address: str) -> bool:
    """Whether an address is in one of the networks; text that is no address is in none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)
