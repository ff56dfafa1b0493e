"""A batch does what its operations do one by one: the same answers, but for ids and times, and the same objects."""

from __future__ import annotations

import re
from typing import Any

import hypothesis
import orjson
from hypothesis import strategies as st

from tests.api.batches import change, create, delete, read, run
from tests.serving import Client, Server

ID = re.compile(r"(res|req)_[0-9a-z]{26,32}")
TAG = re.compile(r"-[0-9a-f]{32}|\b[0-9a-f]{32}\b")
TIME = re.compile(r"\b[1-9][0-9]{9}\b|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z")

CONTRACTS = st.sampled_from(["v1", "v2"])
NAMES = st.sampled_from(["A resource", "ab", "Other", "x" * 255, "x" * 256, "a\0b", "ä"])
# Which of the objects made so far is meant, if there is one.
WHICH = st.integers(0, 4)
STEPS = st.one_of(
    st.tuples(st.just("create"), CONTRACTS, NAMES),
    st.tuples(st.just("change"), CONTRACTS, NAMES, WHICH),
    st.tuples(st.just("delete"), CONTRACTS, WHICH),
    st.tuples(st.just("read"), CONTRACTS, WHICH),
    st.tuples(st.just("list"), CONTRACTS),
)


def operation(step: tuple[Any, ...], ids: list[str]) -> dict[str, Any]:
    """The operation of a step, on one of these objects."""
    kind, contract, *more = step
    target = ids[more[-1]] if kind in ("change", "delete", "read") else ""
    if kind == "create":
        return create(more[0], contract=contract)
    if kind == "change":
        return change(target, contract=contract, name=more[0])
    if kind == "delete":
        return delete(target, contract=contract)
    return read(f"/{contract}/resources/{target}" if kind == "read" else f"/{contract}/resources")


def seeded(client: Client) -> list[str]:
    """The ids of some objects made for the client."""
    return [client.create(name=f"Resource {number}")["id"] for number in range(5)]


def alike(value: Any) -> Any:
    """A JSON value without what differs from one request to the next."""
    text = TIME.sub("TIME", TAG.sub("TAG", ID.sub("ID", orjson.dumps(value).decode())))
    return orjson.loads(text.replace(":TIME", ':"TIME"'))


def one_by_one(client: Client, operations: list[dict[str, Any]]) -> list[Any]:
    """The statuses and bodies of single requests."""
    found = []
    for each in operations:
        answer = client.request(each["method"], each["path"], json=each.get("body"))
        deleted = each["method"] == "DELETE" and answer.status_code == 200
        found.append([204 if deleted else answer.status_code, answer.json() if answer.content else None])
    return found


@hypothesis.settings(deadline=None, max_examples=30)
@hypothesis.given(st.lists(STEPS, min_size=1, max_size=20), st.booleans())
def test_a_batch_is_its_operations_one_by_one(server: Server, steps: list[tuple[Any, ...]], atomic: bool) -> None:
    single, batched = server.tenant(), server.tenant()
    with single.client("") as alone, single.client("/v2") as maker:
        expected = one_by_one(alone, [operation(step, ids) for ids in [seeded(maker)] for step in steps])
        left = maker.get("/resources").json()
    # The operations of a batch at `/v1` are answered by the contract that each names.
    with batched.client("/v1") as client, batched.client("/v2") as maker:
        ids = seeded(maker)
        results = run(client, [operation(step, ids) for step in steps], atomic=atomic)
        found = [[result["status"], result["body"]] for result in results]
        after = maker.get("/resources").json()
        untouched = {item["name"] for item in after["data"]} == {f"Resource {number}" for number in range(5)}
    if atomic and any(status >= 400 for status, _ in expected):
        first = next(index for index, (status, _) in enumerate(expected) if status >= 400)
        assert untouched
        assert all(status >= 400 for status, _ in found)
        assert {status for status, _ in found[:first]} <= {424}
    else:
        assert alike(found) == alike(expected)
        assert alike(after) == alike(left)
