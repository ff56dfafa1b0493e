"""Conditional requests: `ETag`, `If-None-Match` on reads, `If-Match` on writes."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.serving import Client, Server, Tenant

NOT_OURS = '"3-6f1ed002ab5595859014ebf0951522d9"'


def place(resource: dict[str, Any]) -> str:
    return f"/resources/{resource['id']}"


def etag(client: Client, path: str, **params: Any) -> str:
    """The ETag of what a read shows now, which stays while nothing changes."""
    tags = {client.get(path, params=params).headers["ETag"] for _ in range(2)}
    assert len(tags) == 1
    return str(tags.pop())


def has(client: Client, path: str, tag: str, **params: Any) -> bool:
    """Whether a client that has this ETag is told that nothing has changed."""
    answer = client.get(path, params=params, headers={"If-None-Match": tag})
    assert answer.status_code in (200, 304)
    assert (answer.content == b"") is (answer.status_code == 304)
    return bool(answer.status_code == 304)


@pytest.mark.parametrize("prefix", ["/v1", "/v2"])
def test_what_has_not_changed_is_not_sent_again(tenant: Tenant, server: Server, prefix: str) -> None:  # B210
    with tenant.client(prefix) as client:
        made = client.create()
        for path in ("/resources", place(made)):
            tag = etag(client, path)
            server.clock.offset += 100
            answer = client.get(path, headers={"If-None-Match": tag})
            assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
            assert "Content-Type" not in answer.headers


@pytest.mark.parametrize(
    "header", ["*", "{tag}", "W/{tag}", '"x", {tag}', '{tag}, "x"', '"x",W/{tag} , "y"', '"",{tag}']
)
def test_the_tag_may_be_one_of_several_and_weak(reference: Client, header: str) -> None:  # B210
    path = place(reference.create())
    assert has(reference, path, header.format(tag=etag(reference, path)))


@pytest.mark.parametrize("header", ['""', '"x"', NOT_OURS, "W/" + NOT_OURS, "x", "{bare}", '"{bare}x"', '"*"'])
def test_another_tag_gets_the_whole(reference: Client, header: str) -> None:  # B210
    path = place(reference.create())
    assert not has(reference, path, header.format(bare=etag(reference, path).strip('"')))


@pytest.mark.parametrize(
    "changes",
    [{"name": "Renamed"}, {"metadata": {"a": "b"}}, {"status": "active"}, {"configuration": {"retry_count": 1}}],
    ids=str,
)
def test_every_change_has_an_etag_of_its_own(reference: Client, changes: dict[str, Any]) -> None:  # B210
    made = reference.create()
    before = etag(reference, place(made)), etag(reference, "/resources")
    answer = reference.patch(place(made), json=changes)
    after = etag(reference, place(made)), etag(reference, "/resources")
    assert after[0] != before[0]
    assert answer.headers["ETag"] == after[0]
    # What the list does not show does not change it.
    assert (after[1] != before[1]) or changes.keys() == {"configuration"}
    assert not has(reference, place(made), before[0])


def test_going_back_is_a_change_too(reference: Client) -> None:  # B210
    made = reference.create(name="First name")
    tags = [etag(reference, place(made))]
    for name in ("Second name", "First name"):
        reference.patch(place(made), json={"name": name})
        tags.append(etag(reference, place(made)))
    assert len(set(tags)) == 3


@pytest.mark.parametrize("prefix", ["/v1", "/v2"])
def test_a_list_changes_with_what_is_on_it(tenant: Tenant, prefix: str) -> None:  # B210
    with tenant.client(prefix) as client:
        tags = [etag(client, "/resources")]
        made = [client.create() for _ in range(2)]
        tags.append(etag(client, "/resources"))
        client.delete(place(made[0]))
        tags.append(etag(client, "/resources"))
        client.request("PUT" if prefix == "/v1" else "PATCH", place(made[1]), json={"name": "Renamed"})
        tags.append(etag(client, "/resources"))
        client.delete(place(made[1]))
        assert etag(client, "/resources") == tags[0]
    assert len(set(tags)) == 4


def test_a_page_changes_with_the_total(reference: Client) -> None:  # B210
    made = [reference.create() for _ in range(3)]
    before = etag(reference, "/resources", limit=1)
    reference.delete(place(made[0]))
    assert etag(reference, "/resources", limit=1) != before


def test_every_representation_has_an_etag_of_its_own(v1: Client, v2: Client) -> None:  # B210
    made = v2.create()
    tags = [etag(v1, place(made)), etag(v2, place(made)), etag(v1, "/resources"), etag(v2, "/resources")]
    tags.append(etag(v2, place(made), **{"expand[]": "related_resources"}))
    tags += [etag(v2, "/resources", **{"expand[]": each}) for each in ("metrics", "logs", "related_resources")]
    assert len(set(tags)) == len(tags)
    assert not has(v2, place(made), tags[0])
    assert not has(v2, place(made), tags[1], **{"expand[]": "related_resources"})


def test_a_log_changes_with_each_request(reference: Client) -> None:  # B081 B210
    made = place(reference.create())
    answers = [reference.get(made, params={"expand[]": "logs"}) for _ in range(2)]
    assert answers[0].headers["ETag"] != answers[1].headers["ETag"]
    assert not has(reference, made, answers[1].headers["ETag"], **{"expand[]": "logs"})


def test_objects_have_different_etags(reference: Client) -> None:  # B210
    made = [reference.create() for _ in range(2)]
    assert etag(reference, place(made[0])) != etag(reference, place(made[1]))


def test_a_creation_tells_the_etag(reference: Client) -> None:  # B210
    answer = reference.post("/resources", json={"name": "A resource", "type": "production"})
    assert answer.headers["ETag"] == etag(reference, place(answer.json()))


def test_head_tells_the_etag_without_the_body(reference: Client) -> None:  # B210
    path = place(reference.create())
    answer = reference.head(path)
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (200, b"", etag(reference, path))


def test_an_unknown_object_is_not_found_whatever_one_has(reference: Client) -> None:  # B078
    for header in ("*", NOT_OURS):
        assert reference.get("/resources/123", headers={"If-None-Match": header}).status_code == 404


def write(client: Client, path: str, header: str, name: str = "Renamed") -> httpx2.Response:
    """Send a change under a condition."""
    return client.patch(path, json={"name": name}, headers={"If-Match": header})


@pytest.mark.parametrize("header", ["*", "{tag}", '"x", {tag}', '{tag},"x"', 'W/"x" , {tag}, "y"'])
def test_a_write_goes_on_when_a_tag_is_current(reference: Client, header: str) -> None:  # B210
    path = place(reference.create())
    answer = write(reference, path, header.format(tag=etag(reference, path)))
    assert (answer.status_code, answer.json()["name"]) == (200, "Renamed")
    deleted = reference.delete(path, headers={"If-Match": header.format(tag=etag(reference, path))})
    assert deleted.status_code == 200


@pytest.mark.parametrize(
    "header",
    ["{old}", "W/{tag}", "W/{tag}, W/{old}", '"x"', '"x", {old}', '""', "x", "{bare}", NOT_OURS, '"*"', '"{bare}x"'],
)
def test_a_write_is_refused_when_none_is(reference: Client, header: str) -> None:  # B210
    path = place(reference.create())
    old = etag(reference, path)
    changed = reference.patch(path, json={"name": "In between"}).json()
    tag = etag(reference, path)
    sent = header.format(tag=tag, old=old, bare=tag.strip('"'))
    for answer in (write(reference, path, sent), reference.delete(path, headers={"If-Match": sent})):
        assert (answer.status_code, answer.json()["error"]["type"]) == (412, "precondition_error")
    assert reference.get(path).json() == changed


def test_a_tag_of_another_object_is_not_current(reference: Client) -> None:  # B210
    made = [reference.create() for _ in range(2)]
    foreign = etag(reference, place(made[0]))
    assert write(reference, place(made[1]), foreign).status_code == 412
    assert reference.get(place(made[1])).json() == made[1]


def test_the_tag_of_either_contract_will_do(v1: Client, v2: Client) -> None:  # B210
    path = place(v2.create())
    assert write(v2, path, etag(v1, path), "By the tag of v1").status_code == 200
    answer = v1.put(path, json={"name": "By the tag of v2"}, headers={"If-Match": etag(v2, path)})
    assert answer.status_code == 200
    assert v1.delete(path, headers={"If-Match": '"1-0"'}).status_code == 412
    assert v1.delete(path, headers={"If-Match": etag(v1, path)}).status_code == 204


@pytest.mark.parametrize("header", ["*", NOT_OURS])
def test_a_write_to_nothing_is_not_found(reference: Client, header: str) -> None:  # B078 B104
    assert write(reference, "/resources/123", header).status_code == 404


def test_a_write_that_changes_nothing_is_held_against_the_tag(reference: Client) -> None:  # B100
    path = place(reference.create())
    answer = reference.patch(path, json={}, headers={"If-Match": '"9-0"'})
    assert answer.status_code == 412
