"""Nothing of one account is visible to another, nor of one mode in the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.api import operations, recorded, seeding
from tests.api.operations import RESTLESS, SENDING, Operation
from tests.serving import Client, Server, Tenant, ids

ID = re.compile(r"\b[a-z]+_(?:[0-9a-hjkmnp-tv-z]{26}|[0-9a-f]{32})\b")
# How many ids of the kind that an operation names are tried there, and how many of others.
OWN, FOREIGN = 3, 2
# List → why there is something on it from the beginning.
NEVER_EMPTY: dict[str, str] = {
    "api_keys.list_api_keys": "the key that asks is on it",
    "logs.list_logs": "it shows the requests that were made before",
}


@dataclass
class Peers:
    """The owner of some objects, and somebody who must not see them."""

    owner: Client
    other: Client


@pytest.fixture(params=["account", "mode"])
def peers(request: pytest.FixtureRequest, tenant: Tenant, stranger: Tenant) -> Iterator[Peers]:
    """Two callers who differ in the account or in the mode."""
    other = tenant if request.param == "mode" else stranger
    mode = "live" if request.param == "account" else "test"
    other.server.agree(other.account_id, requests_per_hour=1_000_000)
    with tenant.client("") as mine, other.client("", mode=mode) as theirs:
        yield Peers(mine, theirs)


def usable_by(*clients: Client) -> list[Operation]:
    """The operations that keys of all these clients' modes may use."""
    modes = {operations.mode_of(client) for client in clients}
    return [each for each in operations.operations() if all(map(each.serves, modes))]


def settle(client: Client) -> list[httpx2.Response]:
    """Do every operation of the document once; the answers."""
    done = []
    for each in usable_by(client):
        answer = each.send(client, each.target(client), headers=each.version)
        assert answer.status_code == each.success, f"{each}: {answer.text}"
        done.append(answer)
    return done


def path_of(operation: Operation) -> str:
    """The path without its contract, below which both contracts have the same objects."""
    return operation.node.path.split("/", 2)[2]


def objects(client: Client) -> dict[str, dict[str, str]]:
    """An object for each path that names one: an account may have only so many of a kind."""
    found: dict[str, dict[str, str]] = {}
    for each in usable_by(client):
        if each.names and path_of(each) not in found:
            found[path_of(each)] = each.target(client)
    return found


def reads(client: Client) -> list[Operation]:
    """The operations that read without naming an object."""
    return [each for each in usable_by(client) if each.method == "GET" and not each.names]


def read_all(client: Client, *, restless: bool = True) -> dict[str, httpx2.Response]:
    """Every list with everything in it that can be expanded, and what else is read without an id, by operation."""
    found = {}
    for each in reads(client):
        if restless or each.name not in {*RESTLESS, *SENDING}:
            pairs = [("expand[]", value) for value in expansions(each)]
            found[str(each)] = each.send(client, params=pairs, headers=each.version)
    return found


def bodies(answers: dict[str, httpx2.Response]) -> dict[str, Any]:
    """What the answers show, without the time at which they did."""
    found = {name: answer.json() for name, answer in answers.items()}
    for body in found.values():
        body.get("meta", {}).pop("timestamp", None)
    return found


def expansions(operation: Operation) -> list[str]:
    """What the operation can expand."""
    for parameter in operation.parameters("query"):
        if parameter["name"] == "expand[]":
            schema, _ = operations.document().deref(parameter["schema"], "#")
            return list(schema["items"]["enum"])
    return []


def seen_by(client: Client, answers: list[httpx2.Response]) -> set[str]:
    """Every id that stands in these answers or in what the client can list, request ids in headers included.

    An id of an example that a request had in its body may be repeated in the answer; it is nobody's.
    """
    told = [*answers, *read_all(client).values()]
    found = {each for answer in told for each in ID.findall(answer.text + str(dict(answer.headers)))}
    return found - set(ID.findall(operations.document().text.decode()))


def kind_of(object_id: str) -> str:
    """What an id begins with."""
    return object_id.split("_", maxsplit=1)[0]


def chosen(ids: set[str], own: set[str], turn: int) -> list[str]:
    """The newest of some ids whose kind is among its own, and of the others those whose turn it is."""
    newest = sorted(ids, reverse=True)
    mine = [each for each in newest if kind_of(each) in own]
    others = [each for each in newest if kind_of(each) not in own]
    return mine[:OWN] + [others[(turn * FOREIGN + number) % len(others)] for number in range(FOREIGN)]


def test_no_id_of_the_owner_leads_anywhere(peers: Peers) -> None:  # A026 B022
    settled = settle(peers.owner)
    made = objects(peers.owner)
    known = seen_by(peers.owner, settled).union(*(values.values() for values in made.values()))
    assert len({*map(kind_of, known)}) >= 2, "the crawl found objects, events or requests"
    before = bodies(read_all(peers.owner, restless=False))
    for turn, operation in enumerate(each for each in usable_by(peers.other) if each.names):
        own = made.get(path_of(operation)) or operation.target(peers.owner)
        for each in {*own.values(), *chosen(known, {*map(kind_of, own.values())}, turn)}:
            answer = operation.send(peers.other, dict.fromkeys(operation.names, each), headers=operation.version)
            assert answer.status_code == 404, f"{operation} with {each}: {answer.text}"
    assert bodies(read_all(peers.owner, restless=False)) == before


def test_what_is_seen_is_disjoint(peers: Peers) -> None:  # B020 B021
    mine, theirs = settle(peers.owner), settle(peers.other)
    assert seen_by(peers.owner, mine) & seen_by(peers.other, theirs) == set()


def test_lists_and_counts_are_separate(peers: Peers) -> None:  # B044
    before = bodies(read_all(peers.other, restless=False))
    settle(peers.owner)
    assert bodies(read_all(peers.other, restless=False)) == before


def test_lists_are_empty_at_first(server: Server) -> None:  # B044
    """And their totals are zero; a list that never is has its exception."""
    with server.tenant().client("") as client:
        for each in reads(client):
            if each.is_list:
                body = each.send(client).json()
                total = body.get("total_count", body.get("meta", {}).get("total_items"))
                assert total == len(body["data"])
                assert (body["data"] != []) is (each.name in NEVER_EMPTY), each
    assert NEVER_EMPTY.keys() <= {each.name for each in operations.operations()}


@pytest.mark.parametrize("params", [{}, {"status": "active"}, {"created[gte]": "0"}, {"created.lte": "253402300799"}])
def test_each_counts_its_own(tenant: Tenant, stranger: Tenant, params: dict[str, str]) -> None:  # B044
    expected = {}
    for number, (owner, mode) in enumerate(
        ((tenant, "live"), (tenant, "test"), (stranger, "live"), (stranger, "test")), start=1
    ):
        expected[owner.account_id, mode] = seeding.fill(owner, number, mode=mode, status="active")
    for owner, mode in ((tenant, "live"), (tenant, "test"), (stranger, "live"), (stranger, "test")):
        with owner.client("/v2", mode=mode) as client:
            answer = client.get("/resources", params=params)
        own = expected[owner.account_id, mode]
        assert (ids(answer), answer.json()["total_count"]) == (own[::-1], len(own))


def test_an_idempotency_key_of_the_owner_is_free(peers: Peers) -> None:  # B076
    for number, operation in enumerate(usable_by(peers.owner, peers.other)):
        if operation.method == "GET":
            continue
        key = {"Idempotency-Key": f"{operation}", **operation.version}
        body = next(iter(operation.bodies()), None)
        answers = []
        for client in (peers.owner, peers.other):
            sent = {} if body is None else {"json": operation.completed(client, operations.freshened(body, number))}
            answers.append(operation.send(client, operation.target(client), headers=key, **sent))
        mine, theirs = answers
        assert (mine.status_code, theirs.status_code) == (operation.success, operation.success)
        assert "Idempotent-Replayed" not in theirs.headers


def test_an_etag_of_the_owner_tells_nothing(peers: Peers) -> None:  # B210
    settle(peers.owner)
    made = objects(peers.owner)
    for operation in usable_by(peers.owner, peers.other):
        values = made.get(path_of(operation), {})
        if operation.method == "GET":
            etag = operation.send(peers.owner, values, headers=operation.version).headers["ETag"]
            answer = operation.send(peers.other, values, headers={"If-None-Match": etag, **operation.version})
            if answer.status_code == 304:
                # Both see the same, such as nothing.
                own = operation.send(peers.other, values, headers=operation.version)
                assert own.headers["ETag"] == etag
            else:
                assert answer.status_code == (404 if operation.names else 200)
        elif operation.names:
            for tag in ("*", '"1-0"'):
                answer = operation.send(peers.other, values, headers={"If-Match": tag, **operation.version})
                assert answer.status_code == 404


def test_a_cursor_of_the_owner_shows_nothing(peers: Peers) -> None:  # B028
    mine = peers.owner.post("/v2/resources", json={"name": "Mine", "type": "production"}).json()
    answer = peers.other.get("/v2/resources", params={"starting_after": mine["id"]})
    assert answer.json() == {"object": "list", "data": [], "has_more": False, "total_count": 0}


def test_an_account_cannot_be_named_in_a_request(tenant: Tenant, stranger: Tenant) -> None:
    named: list[dict[str, Any]] = [
        {"params": {"account_id": tenant.account_id}},
        {"params": {"account": tenant.account_id}},
        {"headers": {"X-Account-Id": tenant.account_id, "Account": tenant.account_id}},
    ]
    seeding.fill(tenant, 1)
    with stranger.client("/v2") as client:
        answers = [client.get("/resources", **sent) for sent in named]
    assert [answer.status_code for answer in answers] == [400, 400, 200]
    assert answers[2].json()["data"] == []


def test_what_is_recorded_names_its_owner_alone(tenant: Tenant, stranger: Tenant) -> None:
    with tenant.client("") as mine, stranger.client("") as theirs:
        settle(mine)
        settle(theirs)
    objects = [{event.object_id for event in recorded.events_of(owner)} for owner in (tenant, stranger)]
    assert all(objects)
    assert objects[0] & objects[1] == set()
    assert recorded.events_of(tenant, "test") == recorded.events_of(stranger, "test") == []
