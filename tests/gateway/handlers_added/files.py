"""A kind that the project does not have: files of many parts."""

from collections import Counter

from domain.calls import Call
from domain.downloads import Download
from domain.refusals import Refusal
from storage.database import Transaction, Unavailable

LINES = 1_000
READ: Counter[str] = Counter()


def part(number: int) -> bytes:
    """A part of every file."""
    return b"".join(b'{"number":%d}\n' % (number * LINES + line) for line in range(LINES))


def get_file(call: Call, id: str) -> Download:  # noqa: ARG001 - as every handler
    """A file whose id says how many parts it has, and what happens to it: `3`, `late-3-1`, `never`."""
    kind, _, size = id.partition("-")
    if kind == "never":
        raise Refusal("not_found", "There is no such file.")
    count, _, last = (size or kind).partition("-")

    def read(_: Transaction, number: int) -> bytes:
        READ[id] += 1
        if str(number) == last:
            raise Unavailable("The disk reports an error.")
        return part(number)

    return Download(f"file_{id}", f"{id}.ndjson", int(count), read)


def get_no_file(call: Call, id: str) -> str:  # noqa: ARG001 - as every handler
    """A result that is no file."""
    return id
