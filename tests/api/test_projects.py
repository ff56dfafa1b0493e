"""Projects: their slugs, and the resources that belong to them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest

from gateway import administration
from storage import resources
from storage.scope import Scope
from tests.api import operations
from tests.api.parallel import at_once
from tests.api.recorded import events_of, types_of
from tests.serving import Client, Tenant, ids

CONTRACTS = ("/v1", "/v2")
UNKNOWN = "proj_01kb2m9p4bf4ks8f0xm0q5e3yt"


def shown(answer: httpx2.Response) -> dict[str, Any]:
    """The object in an answer of either contract."""
    body: dict[str, Any] = answer.json()
    found: dict[str, Any] = body.get("data", body)
    return found


def make(client: Client, slug: str = "data-platform", **fields: Any) -> dict[str, Any]:
    """Create a project and return it."""
    answer = client.post("/projects", json={"name": "Data platform", "slug": slug, **fields})
    assert answer.status_code == 201, answer.text
    return shown(answer)


def update(client: Client, path: str, **changes: Any) -> httpx2.Response:
    """Change an object by the method of the client's contract."""
    return client.request("PUT" if client.base_url.path.startswith("/v1") else "PATCH", path, json=changes)


def param_of(answer: httpx2.Response) -> str | None:
    """The parameter that an error of `/v2` names."""
    found: str | None = answer.json()["error"]["param"]
    return found


@pytest.fixture(params=CONTRACTS)
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Any:
    """A client of each contract."""
    with tenant.client(request.param) as made:
        yield made


def test_a_project_from_creation_to_deletion(client: Client) -> None:  # A065
    made = make(client, description="What feeds the reports", metadata={"team": "data"})
    place = f"/projects/{made['id']}"
    assert (made["name"], made["slug"]) == ("Data platform", "data-platform")
    assert (made["description"], made["metadata"]) == ("What feeds the reports", {"team": "data"})
    assert shown(client.get(place)) == made
    assert client.get("/projects").json()["data"] == [made]
    changed = shown(update(client, place, name="Renamed", metadata={}))
    updated = {name: value for name, value in changed.items() if name.startswith("updated")}
    assert changed == {**made, "name": "Renamed", "metadata": {}, **updated}
    assert client.delete(place).status_code == (204 if "/v1" in str(client.base_url) else 200)
    assert client.get(place).status_code == 404
    assert client.get("/projects").json()["data"] == []


def test_both_contracts_show_the_same_project(v1: Client, v2: Client) -> None:  # A065
    made = make(v2)
    seen = shown(v1.get(f"/projects/{made['id']}"))
    times = {"created", "updated", "created_at", "updated_at", "object"}
    assert {name: made[name] for name in made.keys() - times} == {name: seen[name] for name in seen.keys() - times}
    assert made["object"] == "project"
    deleted = v2.delete(f"/projects/{made['id']}").json()
    assert deleted == {"id": made["id"], "object": "project", "deleted": True, "deleted_at": deleted["deleted_at"]}


def test_a_slug_is_taken_once(client: Client, tenant: Tenant) -> None:  # B128
    make(client)
    answer = client.post("/projects", json={"name": "Another", "slug": "data-platform"})
    assert answer.status_code == 409
    error = answer.json()["error"]
    assert "'data-platform'" in error["message"]
    assert error["code"] == ("CONFLICT" if "/v1" in str(client.base_url) else "already_exists")
    assert len(client.get("/projects").json()["data"]) == 1
    assert types_of(tenant) == ["project.created"]


def test_a_conflict_is_typed_and_names_the_slug(v2: Client) -> None:  # B128
    make(v2)
    answer = v2.post("/projects", json={"name": "Another", "slug": "data-platform"})
    error = answer.json()["error"]
    assert (error["type"], error["code"], param_of(answer)) == ("conflict_error", "already_exists", "slug")


def test_a_slug_is_free_elsewhere_and_after_a_deletion(v2: Client, tenant: Tenant, stranger: Tenant) -> None:  # B128
    made = make(v2)
    for owner, mode in ((tenant, "test"), (stranger, "live"), (stranger, "test")):
        with owner.client("/v1", mode=mode) as other:
            make(other)
    assert v2.delete(f"/projects/{made['id']}").status_code == 200
    assert make(v2)["id"] != made["id"]


def test_a_refused_create_leaves_its_key_free(v2: Client) -> None:  # B128
    make(v2)
    key = {"Idempotency-Key": "one-key"}
    body = {"name": "Another", "slug": "data-platform"}
    assert [v2.post("/projects", json=body, headers=key).status_code for _ in range(2)] == [409, 409]
    answer = v2.post("/projects", json={**body, "slug": "another"}, headers=key)
    assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


def test_of_creations_at_once_with_one_slug_one_is_done(v1: Client, v2: Client, tenant: Tenant) -> None:  # B128
    body = {"name": "A project", "slug": "contested"}
    answers = at_once([partial(each.post, "/projects", json=body) for each in (v1, v2) * 5])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert v2.get("/projects").json()["total_count"] == 1
    assert types_of(tenant) == ["project.created"]


@pytest.mark.parametrize("slug", ["a", "7", "a-b", "a--b", "x" * 63, "0-9", "1e3", "null"])
def test_a_slug_may_be(v2: Client, slug: str) -> None:
    made = make(v2, slug)
    assert made["slug"] == slug
    assert ids(v2.get("/projects", params={"slug": slug})) == [made["id"]]


@pytest.mark.before_storage
@pytest.mark.parametrize(
    "slug",
    [
        "",
        "-",
        "a-",
        "-a",
        "A",
        "Data",
        "a b",
        "a_b",
        "a.b",
        "a/b",
        "ä",
        "٣",
        "a\n",
        "\n",
        "a\0",
        "x" * 64,
        None,
        1,
        ["a"],
    ],
)
def test_a_slug_may_not_be(client: Client, slug: object) -> None:
    answer = client.post("/projects", json={"name": "A project", "slug": slug})
    assert answer.status_code == 400
    assert client.get("/projects").json()["data"] == []


def test_a_slug_stays(client: Client) -> None:
    made = make(client)
    answer = update(client, f"/projects/{made['id']}", slug="another")
    assert answer.status_code == 400
    assert shown(client.get(f"/projects/{made['id']}")) == made


def test_a_description_is_null_until_it_is_given(client: Client) -> None:
    made = make(client)
    place = f"/projects/{made['id']}"
    assert made["description"] is None
    assert shown(update(client, place, description="Words"))["description"] == "Words"
    # What is left out stays; null takes it away.
    assert shown(update(client, place, name="Renamed"))["description"] == "Words"
    assert shown(update(client, place, description=None))["description"] is None
    assert make(client, "another", description=None)["description"] is None
    assert make(client, "a-third", description="")["description"] == ""


def test_what_happens_is_recorded(v2: Client, tenant: Tenant) -> None:
    made = make(v2)
    place = f"/projects/{made['id']}"
    update(v2, place, name="Renamed", metadata={"team": "data"})
    update(v2, place)
    update(v2, place, name="Renamed")
    v2.delete(place)
    created, changed, deleted = events_of(tenant)
    assert [event.type for event in (created, changed, deleted)] == [
        f"project.{v}d" for v in ("create", "update", "delete")
    ]
    assert {event.object_id for event in (created, changed, deleted)} == {made["id"]}
    assert {name: created.object[name] for name in made} == made
    assert changed.object["name"] == "Renamed"
    assert changed.previous_attributes == {"name": "Data platform", "metadata": {}, "updated": made["updated"]}
    assert (deleted.object["object"], deleted.object["deleted"]) == ("project", True)
    assert events_of(tenant, "test") == []


def test_resources_are_put_in_moved_and_taken_out(client: Client) -> None:  # A065
    first, second = make(client, "first")["id"], make(client, "second")["id"]
    resource = client.create(project=first)
    place = f"/resources/{resource['id']}"
    assert resource["project"] == first
    assert shown(update(client, place, project=second))["project"] == second
    assert shown(update(client, place, name="Renamed"))["project"] == second
    assert shown(update(client, place, project=None))["project"] is None
    assert client.create()["project"] is None
    assert client.create(project=None)["project"] is None


def test_resources_are_listed_by_project(client: Client) -> None:  # A065 B044
    project, empty = make(client, "first")["id"], make(client, "second")["id"]
    inside = [client.create(project=project)["id"] for _ in range(3)]
    client.create()
    answer = client.get("/resources", params={"project": project})
    assert ids(answer) == inside[::-1]
    total = answer.json().get("total_count", answer.json().get("meta", {}).get("total_items"))
    assert total == 3
    for nothing in (empty, UNKNOWN):
        assert ids(client.get("/resources", params={"project": nothing})) == []
    assert client.get("/resources", params={"project": "first"}).status_code == 400
    update(client, f"/resources/{inside[0]}", project=empty)
    assert ids(client.get("/resources", params={"project": project})) == inside[:0:-1]
    assert ids(client.get("/resources", params={"project": empty})) == inside[:1]


@pytest.mark.parametrize("whose", ["nobody's", "another account's", "the other mode's", "deleted"])
def test_a_resource_cannot_be_put_in_a_project_that_is_not_there(
    client: Client, tenant: Tenant, stranger: Tenant, whose: str
) -> None:  # A026
    project = UNKNOWN
    if whose in ("another account's", "the other mode's"):
        owner, mode = (stranger, "live") if whose == "another account's" else (tenant, "test")
        with owner.client("/v2", mode=mode) as other:
            project = make(other)["id"]
    elif whose == "deleted":
        project = make(client)["id"]
        client.delete(f"/projects/{project}")
    resource = client.create()
    before = events_of(tenant)
    creating = client.post("/resources", json={"name": "A resource", "type": "production", "project": project})
    moving = update(client, f"/resources/{resource['id']}", project=project)
    for answer in (creating, moving):
        assert answer.status_code == 404
        error = answer.json()["error"]
        assert error["message"] == f"There is no project '{project}'."
        assert error.get("param", "project") == "project"
    assert len(ids(client.get("/resources"))) == 1
    assert shown(client.get(f"/resources/{resource['id']}")) == resource
    assert events_of(tenant) == before


def test_a_missing_project_is_the_param_of_the_error(v2: Client) -> None:
    answer = v2.post("/resources", json={"name": "A resource", "type": "production", "project": UNKNOWN})
    assert (answer.status_code, param_of(answer)) == (404, "project")


@pytest.mark.before_storage
@pytest.mark.parametrize("project", ["", "proj_", "proj_1", "data-platform", UNKNOWN.upper(), UNKNOWN + "a", 1, {}, []])
def test_what_cannot_be_the_id_of_a_project(client: Client, project: object) -> None:
    answer = client.post("/resources", json={"name": "A resource", "type": "production", "project": project})
    assert answer.status_code == 400


def test_a_project_in_use_is_not_deleted(client: Client, tenant: Tenant) -> None:  # B128
    project = make(client)
    place = f"/projects/{project['id']}"
    inside = [client.create(project=project["id"])["id"] for _ in range(2)]
    for count, resource in zip((2, 1), inside, strict=True):
        answer = client.delete(place)
        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == ("CONFLICT" if "/v1" in str(client.base_url) else "in_use")
        assert f" {count} " in answer.json()["error"]["message"]
        assert shown(client.get(place)) == project
        client.delete(f"/resources/{resource}")
    assert "project.deleted" not in types_of(tenant)
    assert client.delete(place).is_success


def test_a_project_is_shown_in_full_where_it_is_asked_for(v2: Client) -> None:
    project = make(v2)
    inside, outside = v2.create(project=project["id"]), v2.create()
    expand = {"expand[]": "project"}
    assert v2.get(f"/resources/{inside['id']}", params=expand).json()["project"] == project
    assert v2.get(f"/resources/{outside['id']}", params=expand).json()["project"] is None
    listed = v2.get("/resources", params=expand).json()["data"]
    assert [each["project"] for each in listed] == [None, project]
    assert [each["project"] for each in v2.get("/resources").json()["data"]] == [None, project["id"]]


def related(client: Client, resource: str) -> list[str]:
    """The ids of the resources that are shown as related to one."""
    found = client.get(f"/resources/{resource}", params={"expand[]": "related_resources"}).json()
    return [each["id"] for each in found["related_resources"]]


def test_related_are_the_newest_others_of_the_project(v2: Client) -> None:  # B082
    project, another = make(v2, "first")["id"], make(v2, "second")["id"]
    inside = [v2.create(project=project, name=f"Resource {number}")["id"] for number in range(23)]
    v2.create(project=another)
    alone = v2.create()["id"]
    assert related(v2, inside[0]) == inside[:2:-1]
    assert related(v2, inside[22]) == inside[21:1:-1]
    assert related(v2, inside[10]) == [each for each in inside[::-1] if each != inside[10]][:20]
    assert related(v2, alone) == []
    shown_one = v2.get(f"/resources/{inside[0]}", params={"expand[]": "related_resources"}).json()
    assert shown_one["related_resources"][0]["name"] == "Resource 22"


def test_related_and_project_can_be_shown_together(v2: Client) -> None:  # B082
    project = make(v2)
    first, second = (v2.create(project=project["id"])["id"] for _ in range(2))
    wanted = {"expand[]": ["project", "related_resources"]}
    one = v2.get(f"/resources/{first}", params=wanted).json()
    assert (one["project"], [each["id"] for each in one["related_resources"]]) == (project, [second])
    listed = {each["id"]: each for each in v2.get("/resources", params=wanted).json()["data"]}
    assert {each["project"]["id"] for each in listed.values()} == {project["id"]}
    assert [each["id"] for each in listed[second]["related_resources"]] == [first]


def test_nothing_of_others_is_related(v2: Client, tenant: Tenant, stranger: Tenant) -> None:  # B020 B022
    """Not even where a resource of theirs has the id of the project, which no request can bring about."""
    project = make(v2)["id"]
    mine = v2.create(project=project)["id"]
    for owner, mode in ((stranger, "live"), (tenant, "test")):
        with owner.client("/v2", mode=mode) as other:
            theirs = other.create()["id"]
        place_in(owner, mode, theirs, project)
        with owner.client("/v2", mode=mode) as other:
            found = other.get(f"/resources/{theirs}", params={"expand[]": ["related_resources", "project"]}).json()
            assert (found["related_resources"], found["project"]) == ([], None)
    assert related(v2, mine) == []


def place_in(owner: Tenant, mode: str, resource_id: str, project_id: str) -> None:
    """Write a project's id into a resource behind the API's back."""
    scope = Scope(owner.account_id, mode)
    changed = {"project_id": project_id}
    assert administration.write(
        owner.server.settings, lambda tx: resources.ROWS.update(tx, scope, resource_id, 1, changed)
    )


def test_a_project_is_not_deleted_while_a_resource_is_put_in_it(v1: Client, v2: Client) -> None:  # B104
    """Whichever comes first wins, so no resource is ever in a project that is gone."""
    seen = set()
    for number in range(15):
        project = make(v2, f"contested-{number}")["id"]
        body = {"name": "A resource", "type": "production", "project": project}
        moved = v2.create()["id"]
        calls: list[Callable[[], httpx2.Response]] = [
            partial(v1.delete, f"/projects/{project}"),
            partial(v2.post, "/resources", json=body),
            partial(v2.patch, f"/resources/{moved}", json={"project": project}),
        ]
        # Each is the first in some rounds.
        calls = calls[number % 3 :] + calls[: number % 3]
        answers = at_once(calls)
        back = -number % 3
        deleted, created, patched = answers[back:] + answers[:back]
        inside = v2.get("/resources", params={"project": project}).json()["total_count"]
        if deleted.status_code == 204:
            assert (created.status_code, patched.status_code, inside) == (404, 404, 0)
            assert v2.get(f"/projects/{project}").status_code == 404
        else:
            assert deleted.status_code == 409
            done = [answer for answer in (created, patched) if answer.is_success]
            assert len(done) == inside >= 1
            assert v2.get(f"/projects/{project}").status_code == 200
        seen.add(deleted.status_code)
    assert seen <= {204, 409}


# What lists have for pages → the operations that have not, and why. Without their contract.
PAGES = {"v1": {"page", "per_page", "sort", "order"}, "v2": {"limit", "starting_after", "created"}}
WITHOUT: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize(
    "listing", [each for each in operations.operations() if each.is_list and not each.headers], ids=str
)
def test_every_list_has_the_parameters_of_lists(listing: operations.Operation) -> None:  # A054
    lacking = PAGES[listing.prefix] - listing.examples("query").keys()
    assert lacking == {
        parameter for name, parameter in WITHOUT if name == listing.name and parameter in PAGES[listing.prefix]
    }


def test_every_exception_of_lists_is_one() -> None:
    assert {name for name, _ in WITHOUT} <= {each.name for each in operations.operations() if each.is_list}
    kinds = {each.name.partition(".")[0] for each in operations.operations() if each.is_list}
    assert {"projects", "resources"} <= kinds


def test_projects_have_the_pages_and_orders_of_lists(v1: Client, v2: Client) -> None:  # A054
    made = [make(v2, f"project-{number}", name=f"Name {-number % 5}")["id"] for number in range(5)]
    assert ids(v2.get("/projects", params={"limit": 2})) == made[:2:-1]
    assert ids(v2.get("/projects", params={"limit": 2, "starting_after": made[3]})) == [made[2], made[1]]
    assert ids(v1.get("/projects", params={"page": 2, "per_page": 2})) == [made[2], made[1]]
    assert ids(v1.get("/projects", params={"sort": "created_at", "order": "asc"})) == made
    assert ids(v1.get("/projects", params={"sort": "name", "order": "asc"})) == [made[0], *made[:0:-1]]
    meta = v1.get("/projects", params={"page": 3, "per_page": 2}).json()["meta"]
    assert (meta["total_items"], meta["total_pages"], meta["has_next"], meta["has_previous"]) == (5, 3, False, True)
