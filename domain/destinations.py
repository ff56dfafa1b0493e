"""Destinations: the URLs that may be sent to. Private networks are out of reach unless the operator allows them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from domain.calls import Call
from domain.refusals import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The registries of special-purpose addresses of IANA. Of IPv6 only one part is in public use at all.
NOT_PUBLIC = [
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]
PUBLIC_IPV6 = IPv6Network("2000::/3")
LOOPBACK = ip_address("127.0.0.1")
NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z", re.ASCII)
# A last label such as these makes many programs read the whole name as a number: 2130706433, 127.1, 0x7f.1.
NUMERIC = re.compile(r"([0-9]+|0x[0-9a-f]*)\Z", re.ASCII)
WELL_KNOWN_PORTS = (80, 443)
FIRST_FREE_PORT = 1024
LAST_PORT = 65_535


class Unfit(ValueError):
    """A URL that nothing is sent to; its text completes the sentence that starts with the field's name."""


def require(call: Call, url: str, field: str = "url") -> None:
    """Refuse a URL in a field that is not sent to in the call's mode; where its name leads is seen when it is."""
    try:
        _require(call, url)
    except Unfit as error:
        raise Invalid(field, "invalid_format", str(error)) from None


def _require(call: Call, url: str) -> None:
    parts = _split(url)
    if call.scope.mode == "live" and parts.scheme != "https":
        raise Unfit("must begin with https:// in live mode")
    if "@" in parts.netloc:
        raise Unfit("must not hold a user or a password")
    if "#" in url:
        raise Unfit("must not have a fragment")
    host, port = _host(parts), _port(parts)
    if port is not None and port not in WELL_KNOWN_PORTS and not FIRST_FREE_PORT <= port <= LAST_PORT:
        raise Unfit("must have port 80, 443 or one from 1024 to 65535")
    address = _address(host, is_bracketed="[" in parts.netloc)
    if address is not None and not may_reach(address, call.allowed_networks):
        raise Unfit(f"must not lead into a private network, as '{host}' does")


def may_reach(address: Address, allowed: Sequence[Network]) -> bool:
    """Whether something may be sent to an address: a public one, or one that the operator allows."""
    if any(address in network for network in allowed):
        return True
    if isinstance(address, IPv6Address) and (address not in PUBLIC_IPV6 or address.scope_id):
        return False
    return not any(address in network for network in NOT_PUBLIC)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Unfit("must have a host that is a name or an address") from None


def _host(parts: SplitResult) -> str:
    """The host without brackets, in lower case and without a dot at its end."""
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise Unfit("must have a host")
    return host


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise Unfit("must have a port that is a number up to 65535") from None


def _address(host: str, *, is_bracketed: bool) -> Address | None:
    """The address that a host is; None for a name that has to be looked up."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    if is_bracketed or not NAME.match(host) or NUMERIC.match(host.rpartition(".")[2]):
        raise Unfit("must have a host that is a name, or an address in its usual form")
    return LOOPBACK if host == "localhost" or host.endswith(".localhost") else None
