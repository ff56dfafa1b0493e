"""What is recorded of a batch: an entry for each operation as a request of its own, and as many requests as it has."""

from __future__ import annotations

from typing import Any

from tests.api.batches import create, delete, read, run, send, told
from tests.serving import Client


def entry(client: Client, request_id: str) -> dict[str, Any]:
    """The log entry of a request."""
    answer = client.get(f"/logs/{request_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counted(client: Client) -> int:
    """The requests of this month, but for this one."""
    answer = client.get("/usage")
    assert answer.status_code == 200, answer.text
    used: int = answer.json()["limits"]["requests_per_month"]["used"]
    return used


def test_each_operation_has_an_entry_in_the_log(v2: Client) -> None:  # B116 B119
    answer = send(v2, [create(), delete("123"), read("/v2/nothing")])
    made, missing, nowhere = told(answer)["results"]
    assert entry(v2, answer.headers["X-Request-Id"])["status"] == 200
    assert (entry(v2, made["request_id"])["method"], entry(v2, made["request_id"])["status"]) == ("POST", 201)
    assert entry(v2, missing["request_id"])["path"] == "/v2/resources/123"
    assert entry(v2, nowhere["request_id"])["path"] == "/v2/nothing"


def test_what_was_rolled_back_is_in_the_log_as_that(v2: Client) -> None:
    results = run(v2, [create(), delete("123")], atomic=True)
    assert [entry(v2, result["request_id"])["status"] for result in results] == [424, 404]


def test_a_batch_sees_what_is_recorded_of_it(v2: Client) -> None:
    made, listed = run(v2, [create(), read("/v2/logs")])
    assert made["request_id"] in {each["id"] for each in listed["body"]["data"]}


def test_a_batch_counts_as_its_operations(v2: Client) -> None:  # B116
    for atomic in (False, True):
        before = counted(v2)
        run(v2, [create(), read("/v2/resources"), create()], atomic=atomic)
        assert counted(v2) - before == 3 + 1, "its operations, and the request that counted before"
