"""A resource from its creation to its end, in both contracts."""

from __future__ import annotations

from tests.serving import Client, ids


def test_a_resource_lives_in_the_envelope(v1: Client) -> None:  # A064
    made = v1.post("/resources", json={"name": "my-resource", "type": "processor", "config": {"timeout": 30}})
    target = made.headers["Location"].removeprefix("/v1")
    assert v1.get(target).json()["data"] == made.json()["data"]
    assert ids(v1.get("/resources")) == [made.json()["data"]["id"]]
    assert v1.put(target, json={"name": "updated-resource"}).json()["data"]["name"] == "updated-resource"
    assert v1.delete(target).status_code == 204
    assert (v1.get(target).status_code, ids(v1.get("/resources"))) == (404, [])


def test_a_resource_lives_bare(reference: Client) -> None:  # B003
    made = reference.post("/resources", json={"name": "My First Resource", "type": "production"})
    target = f"/resources/{made.json()['id']}"
    assert reference.get(target).json() == made.json()
    assert ids(reference.get("/resources")) == [made.json()["id"]]
    assert reference.patch(target, json={"status": "paused"}).json()["status"] == "paused"
    assert reference.delete(target).json()["deleted"] is True
    assert (reference.get(target).status_code, ids(reference.get("/resources"))) == (404, [])
