"""Whether our server's memory grows with the number of requests that it has answered."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks import client, traffic
from benchmarks.client import Request
from benchmarks.contenders import Contender

NOISE = 0.02
# How many of ten requests each operation is; the rest is faulty ones.
MIX = ("get", "get", "get", "get", "list", "create", "patch", "patch", "unknown", "invalid")


@dataclass(frozen=True)
class Growth:
    """Resident bytes after the first and after all requests."""

    first_requests: int
    all_requests: int
    first_bytes: int
    all_bytes: int

    @property
    def growth(self) -> float:
        """The change as a share of the first figure."""
        return self.all_bytes / self.first_bytes - 1

    @property
    def holds(self) -> bool:
        """Whether it has not grown, measuring noise apart."""
        return self.all_bytes <= self.first_bytes * (1 + NOISE)


def measure(contender: Contender, first: int, total: int) -> Growth:
    """Send a mix of good and faulty requests and read the server's memory after `first` and after `total` of them."""
    requests = mixed(contender)
    client.closed_loop(contender.server.port, itertools.islice(requests, first), 600)
    before = contender.server.resident_bytes()
    client.closed_loop(contender.server.port, itertools.islice(requests, total - first), 600)
    return Growth(first, total, before, contender.server.resident_bytes())


def mixed(contender: Contender) -> Iterator[Request]:
    """Return the mix without end."""
    key, ids = contender.key, contender.ids
    sources = {
        "get": traffic.get(key, ids),
        "list": traffic.list_first_page(key),
        "create": traffic.create(key),
        "patch": traffic.patch(key, ids, turn=99),
        "unknown": traffic.unknown(key),
        "invalid": traffic.invalid(key),
    }
    return (next(sources[name]) for name in itertools.cycle(MIX))
