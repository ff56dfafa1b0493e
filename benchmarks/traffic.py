"""The requests of each operation, the same for every contender."""

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence

from benchmarks import client
from benchmarks.client import Request
from benchmarks.peers import rows

PATH = "/v2/resources"
UNKNOWN = "res_7zzzzzzzzzzzzzzzzzzzzzzzzz"
SEED = 20240115
SAMPLE = 4000
# No turn creates so many, and nowhere are so many stored beforehand.
TURN = 10_000_000
CREATE_END = b',"type":"production"}'


def sample(ids: Sequence[str]) -> list[str]:
    """Choose ids spread over all of them, the same in each run."""
    return random.Random(SEED).sample(ids, min(SAMPLE, len(ids)))  # noqa: S311 - which rows are read is no secret


def get(key: str, ids: Sequence[str]) -> Iterator[Request]:
    """Read one resource after the other, without end."""
    return itertools.cycle([client.build("GET", f"{PATH}/{each}", key) for each in sample(ids)])


def list_first_page(key: str) -> Iterator[Request]:
    """Read the first page of 20 with its total, without end."""
    return itertools.repeat(client.build("GET", f"{PATH}?limit=20", key))


def list_from_the_middle(key: str, ids: Sequence[str]) -> Iterator[Request]:
    """Read a page of 20 active ones behind the middle one, with their total, without end."""
    query = f"limit=20&status=active&starting_after={ids[len(ids) // 2]}"
    return itertools.repeat(client.build("GET", f"{PATH}?{query}", key))


def create(key: str, count: int | None = None, turn: int = 0) -> Iterator[Request]:
    """Create resources with names that no other turn gives, `count` of them or without end."""
    head = _head("POST", PATH, key, _body(rows.name(0), CREATE_END))
    for number in itertools.islice(itertools.count(turn * TURN), count):
        yield Request(head + _body(rows.name(number), CREATE_END), b"201")


def patch(key: str, ids: Sequence[str], turn: int) -> Iterator[Request]:
    """Rename one resource after the other, without end and never to the name that it has; `turn` counts the calls."""
    heads = [_head("PATCH", f"{PATH}/{each}", key, _body(_renamed(0), b"}")) for each in sample(ids)]
    numbers = itertools.count(turn * 100_000_000)
    for head, number in zip(itertools.cycle(heads), numbers, strict=False):
        yield Request(head + _body(_renamed(number), b"}"), b"200")


def delete(key: str, ids: Iterable[str]) -> Iterator[Request]:
    """Delete each of the resources once."""
    return (client.build("DELETE", f"{PATH}/{each}", key) for each in ids)


def unknown(key: str) -> Iterator[Request]:
    """Ask for a resource that does not exist, without end."""
    return itertools.repeat(client.build("GET", f"{PATH}/{UNKNOWN}", key, status=404))


def invalid(key: str) -> Iterator[Request]:
    """Send a body with three mistakes, without end."""
    body = b'{"name":"ab","type":"unknown","configuration":{"timeout_ms":1}}'
    return itertools.repeat(client.build("POST", PATH, key, body, status=400))


def _renamed(number: int) -> str:
    return f"Renamed {number:010d}"


def _body(name: str, end: bytes) -> bytes:
    # Names are of one length, so that the head with its Content-Length can be built once.
    return b'{"name":"%s"%s' % (name.encode(), end)


def _head(method: str, path: str, key: str, body: bytes) -> bytes:
    wire = client.build(method, path, key, body).wire
    return wire[: -len(body)]
