"""Where a request comes from, and how many bad keys came from there."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from contract.middleware import Scope
from storage.limits import MICROSECONDS, REQUEST

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Whoever has one IPv6 address has this many bits of them.
SITE_BITS = 64


def networks(text: str) -> list[Network]:
    """The networks in a setting, separated by spaces; raises ValueError that names the one that is none."""
    try:
        return [ipaddress.ip_network(each) for each in text.split()]
    except ValueError as error:
        raise ValueError(f"{error}. Give addresses and networks such as 10.0.0.0/8, separated by spaces.") from error


class Addresses:
    """Finds the client's address: the connection's, or what proxies that are trusted say."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def of(self, scope: Scope) -> str:
        """The address nearest to us that no trusted proxy has; "" for a connection that has none."""
        nearest = scope["client"][0] if scope["client"] else ""
        if not self._trusted or not self._trusts(nearest):
            return nearest
        given = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        for hop in reversed(given.decode("latin-1").split(",")):
            address = _parsed(hop)
            if address is None:
                break
            nearest = str(address)
            if not self._trusts(nearest):
                break
        return nearest

    def _trusts(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


class FailedAttempts:
    """Counts the bad keys from each address: so many at once, and as many a minute from then on.

    Two generations bound what is remembered: a minute after its last bad key an address starts afresh.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._young: dict[str, tuple[int, int]] = {}
        self._old: dict[str, tuple[int, int]] = {}
        self._ends = 0

    def wait(self, address: str, now: float) -> int:
        """The seconds until a key from this address is looked up; 0 for at once."""
        over = self._backlog(site(address), int(now * MICROSECONDS)) + (1 - self._per_minute) * REQUEST
        return max(0, -(-over // (self._per_minute * MICROSECONDS)))

    def record(self, address: str, now: float) -> None:
        """Count a bad key."""
        at, where = int(now * MICROSECONDS), site(address)
        if not self._ends - 2 * REQUEST < at < self._ends:
            self._old = self._young if at < self._ends + REQUEST else {}
            self._young, self._ends = {}, at + REQUEST
        self._young[where] = self._backlog(where, at) + REQUEST, at

    def _backlog(self, where: str, at: int) -> int:
        backlog, drained = self._young.get(where) or self._old.get(where) or (0, at)
        return max(0, backlog - max(0, at - drained) * self._per_minute)


def site(address: str) -> str:
    """The address, or the network that belongs to whoever has it."""
    found = _parsed(address)
    if found is None or found.version == 4:
        return address
    return str(ipaddress.ip_network((found, SITE_BITS), strict=False))


def _parsed(text: str) -> Address | None:
    """An address, without the port and the brackets that some proxies write."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if address.version == 6 else address
