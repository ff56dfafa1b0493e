"""Creating resources by the Resource API reference."""

from __future__ import annotations

from typing import Any

import pytest

from tests.serving import Client, Server, Tenant

DEFAULTS = {"timeout_ms": 5000, "retry_count": 3, "batch_size": 100}


def refused(client: Client, param: str | None, **fields: Any) -> str:
    """The message with which the creation is refused because of a parameter; nothing is created."""
    body = {"name": "A resource", "type": "production", **fields}
    answer = client.post("/resources", json={name: value for name, value in body.items() if value is not None})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert client.get("/resources").json()["total_count"] == 0
    return str(error["message"])


def test_a_new_resource(reference: Client, server: Server) -> None:  # B049 B050 B067 B068 B069 B092
    before = server.clock.now()
    answer = reference.post(
        "/resources",
        json={
            "name": "Production API Resource",
            "type": "production",
            "configuration": {"timeout_ms": 10000, "retry_count": 5},
            "metadata": {"team": "platform", "environment": "prod"},
        },
    )
    made = answer.json()
    assert answer.status_code == 201
    assert made["id"].startswith("res_")
    assert before <= made["created"] <= server.clock.now()
    assert made["updated"] == made["created"]
    expected = {"object": "resource", "name": "Production API Resource", "type": "production", "status": "pending"}
    assert made.items() >= expected.items()
    assert made["configuration"] == {"timeout_ms": 10000, "retry_count": 5, "batch_size": 100, "rate_limit": 1000}
    assert made["metadata"] == {"team": "platform", "environment": "prod"}
    assert made["provisioning"] == {
        "status": "in_progress",
        "estimated_completion": made["created"] + 3 * server.settings.provisioning_step_seconds,
        "steps_completed": 2,
        "steps_total": 5,
    }


def test_the_location_is_that_of_the_contract(  # B049
    reference: Client, keyless: Client, tenant: Tenant
) -> None:
    answer = reference.post("/resources", json={"name": "A resource", "type": "production"})
    read = keyless.get(answer.headers["Location"], headers={"Authorization": f"Bearer {tenant.live_key}"})
    assert (read.status_code, read.json()) == (200, answer.json())


@pytest.mark.parametrize("name", ["name", "type"])
def test_what_is_required(reference: Client, name: str) -> None:  # B051 B055
    assert name in refused(reference, name, **{name: None})


def test_only_what_is_required(reference: Client) -> None:  # B057 B061
    made = reference.create()
    assert made["configuration"].items() >= DEFAULTS.items()
    assert made["metadata"] == {}


@pytest.mark.parametrize("name", ["abc", "x" * 255, "é" * 255, "日本語", "🦊" * 255, "   ", "a\tb"])
def test_names_of_3_to_255_characters(reference: Client, name: str) -> None:  # B052 B054
    made = reference.create(name=name)
    assert made["name"] == name
    assert reference.get(f"/resources/{made['id']}").json()["name"] == name


@pytest.mark.parametrize("name", ["", "a", "ab", "éé", "🦊🦊", "x" * 256, "é" * 256])
def test_shorter_and_longer_names_are_refused(reference: Client, name: str) -> None:  # B053 B054
    assert refused(reference, "name", name=name) == "The 'name' parameter must be between 3 and 255 characters."


@pytest.mark.parametrize("kind", ["production", "staging", "development"])
def test_the_types(reference: Client, kind: str) -> None:  # B056
    assert reference.create(type=kind)["type"] == kind


@pytest.mark.parametrize("kind", ["", "Production", "prod", 1, ["production"]])
def test_another_type_is_refused(reference: Client, kind: object) -> None:  # B056
    refused(reference, "type", type=kind)


@pytest.mark.parametrize(
    ("setting", "least", "most"), [("timeout_ms", 100, 30000), ("retry_count", 0, 5), ("batch_size", 1, 1000)]
)
def test_the_bounds_of_a_setting(reference: Client, setting: str, least: int, most: int) -> None:  # B058 B059 B060
    for outside in (least - 1, most + 1, 1.5, str(least), True, None):
        message = refused(reference, f"configuration.{setting}", configuration={setting: outside})
        assert setting in message
    for inside in (least, most):
        made = reference.create(configuration={setting: inside})
        assert made["configuration"] == {**DEFAULTS, "rate_limit": 1000, setting: inside}


@pytest.mark.parametrize(
    "given",
    [{}, {"timeout_ms": 100}, {"retry_count": 0}, {"batch_size": 1}, {"timeout_ms": 30000, "batch_size": 1000}],
)
def test_settings_that_are_left_out_get_their_defaults(reference: Client, given: dict[str, int]) -> None:  # B057 B061
    made = reference.create(configuration=given)
    assert made["configuration"] == {**DEFAULTS, "rate_limit": 1000, **given}


def test_the_rate_limit_is_not_the_clients_to_set(reference: Client) -> None:  # B085
    refused(reference, "configuration.rate_limit", configuration={"rate_limit": 5})


def test_metadata_of_20_keys_and_500_characters(reference: Client) -> None:  # B045 B062 B063
    metadata = {f"key {number}": "é" * 500 for number in range(19)} | {"k" * 40: ""}
    assert reference.create(metadata=metadata)["metadata"] == metadata


def test_more_metadata_is_refused(reference: Client) -> None:  # B062 B063
    refused(reference, "metadata", metadata={f"key{number}": "x" for number in range(21)})
    values: list[object] = ["x" * 501, "é" * 501, 1, None, True, {}, ["x"]]
    for value in values:
        refused(reference, "metadata.team", metadata={"team": value})


def test_a_form_is_typed_by_the_schema(reference: Client) -> None:  # B066
    answer = reference.post(
        "/resources",
        data={"name": "123", "type": "production", "configuration[retry_count]": "5", "metadata[build]": "42"},
    )
    made = answer.json()
    assert (answer.status_code, made["name"], made["metadata"]) == (201, "123", {"build": "42"})
    assert made["configuration"]["retry_count"] == 5


@pytest.mark.parametrize("field", ["id", "created", "status", "account_id", "livemode", "limits", "provisioning"])
def test_what_the_platform_sets_is_not_the_clients(reference: Client, field: str) -> None:
    refused(reference, field, **{field: "active"})


def test_ids_sort_by_time_of_creation(v2: Client) -> None:  # B008
    made = [v2.create()["id"] for _ in range(50)]
    assert made == sorted(made)
    assert len(set(made)) == 50
