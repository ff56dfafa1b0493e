"""Jobs of the type `process`: batches, retries, timeouts, the rate limit, and targets on a real socket."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import processors
from gateway import administration
from storage import tables
from tests import receiving
from tests.api import recorded
from tests.processors_added import acting
from tests.receiving import Receiver
from tests.serving import Client, Server, Tenant, running

ADDED = str(Path(acting.__file__).parent)
# Longer than any pause before a retry.
SECONDS = 75


@pytest.fixture(scope="module")
def lively(fresh_database: Callable[[], str]) -> Iterator[Server]:
    """A server with more processors, which may send into its own machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processors, "__path__", [*processors.__path__, ADDED])
        with running(
            fresh_database(), webhook_allowed_networks="127.0.0.0/8", provisioning_step_seconds=10.0
        ) as server:
            yield server


@pytest.fixture
def tenant(lively: Server) -> Iterator[Tenant]:
    yield lively.tenant()
    lively.clock.offset = 0


@pytest.fixture(params=["v1", "v2"])
def client(request: pytest.FixtureRequest, tenant: Tenant) -> Iterator[Client]:
    """A client of each contract, in test mode, where targets need no certificates."""
    with tenant.client(f"/{request.param}", mode="test") as made:
        yield made


@pytest.fixture
def v2(tenant: Tenant) -> Iterator[Client]:
    with tenant.client("/v2", mode="test") as made:
        yield made


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving.receiving() as made:
        yield made


def data(answer: Any) -> Any:
    """What an answer of either contract is about."""
    assert answer.status_code < 300, answer.text
    body = answer.json()
    return body.get("data", body)


def active(client: Client, target_url: str | None = None, **settings: int) -> str:
    """A resource that works."""
    name = "config" if client.base_url.path.startswith("/v1") else "configuration"
    body = {"name": "A resource", "type": "processor", name: settings, "target_url": target_url}
    made = str(data(client.post("/resources", json=body))["id"])
    change = client.put if name == "config" else client.patch
    assert data(change(f"/resources/{made}", json={"status": "active"}))["status"] == "active"
    return made


def begin(client: Client, resource: str, items: list[Any], **fields: Any) -> str:
    """Have items processed; the job's id."""
    return str(
        data(client.post("/jobs", json={"type": "process", "resource": resource, "items": items, **fields}))["id"]
    )


def ended(client: Client, job: str, server: Server | None = None) -> Any:
    """A job at its end; with a server, whose clock is moved on, so that nothing waits for its next try."""
    deadline = time.monotonic() + 20
    while (shown := data(client.get(f"/jobs/{job}")))["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, shown
        if server is not None:
            server.clock.offset += SECONDS
        time.sleep(0.05)
    return shown


def tasks_of(client: Client, job: str) -> list[Any]:
    """The tasks of a job, in their order."""
    size = "per_page" if client.base_url.path.startswith("/v1") else "limit"
    found = data(client.get(f"/jobs/{job}/tasks", params={size: 100}))
    return sorted(found, key=lambda task: int(task["number"]))


def metrics_of(tenant: Tenant, resource: str) -> Any:
    with tenant.client("/v2", mode="test") as client:
        return data(client.get(f"/resources/{resource}"))["metrics"]


def error_of(client: Client, job: str) -> tuple[str, str]:
    """Why the only task of a job failed."""
    (task,) = tasks_of(client, job)
    assert task["status"] == "failed"
    return task["error"]["code"], task["error"]["message"]


def test_items_are_processed_in_batches(client: Client, tenant: Tenant) -> None:  # A067
    resource = active(client, batch_size=4)
    items = [{"number": number} for number in range(10)]
    job = begin(client, resource, items)
    done = ended(client, job)
    assert (done["status"], done["resource"], done["error"]) == ("succeeded", resource, None)
    assert done["progress"] == {"total": 3, "succeeded": 3, "failed": 0, "canceled": 0, "percent": 100}
    assert done["input"] == {"items": 10, "batch_size": 4, "processor": "echo"}
    tasks = tasks_of(client, job)
    assert [task["input"] for task in tasks] == [items[:4], items[4:8], items[8:]]
    assert [task["output"]["results"] for task in tasks] == [items[:4], items[4:8], items[8:]]
    assert {task["attempts"] for task in tasks} == {1}
    shown = metrics_of(tenant, resource)
    assert shown["lifetime"] == {"requests": 3, "success_rate": 100, "errors": 0}  # B086
    assert shown["last_24h"]["requests"] == 3  # B087
    assert recorded.types_of(tenant, "test").count("job.succeeded") == 1


def test_an_item_is_any_json(client: Client) -> None:
    resource = active(client)
    items: list[Any] = [1, -1.5, 2**53, "é😀 \\u0000", "", None, True, [], [1, [None]], {}, {"a": {"b": [1e300]}}]
    job = begin(client, resource, items)
    assert ended(client, job)["status"] == "succeeded"
    assert tasks_of(client, job)[0]["output"]["results"] == items
    bad: Any
    for bad in (["a\0"], [{"a\0": 1}], [[["\\\0"]]]):
        refused = client.post("/jobs", json={"type": "process", "resource": resource, "items": bad})
        assert refused.status_code == 400
        assert "U+0000" in refused.text
    for bad in ([], [0] * 10_001):
        assert client.post("/jobs", json={"type": "process", "resource": resource, "items": bad}).status_code == 400


def test_the_job_says_which_processor(v2: Client) -> None:
    resource = active(v2)
    items = [{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}]
    sums, firsts = (begin(v2, resource, items, processor=name) for name in ("checksum", "deduplicate"))
    ended(v2, sums)
    same, again, other = tasks_of(v2, sums)[0]["output"]["results"]
    assert same == again == "43258cff783fe7036d8a43033f830adfc60ec037382473548ac742b888292777"
    assert other != same
    ended(v2, firsts)
    assert tasks_of(v2, firsts)[0]["output"]["results"] == [
        {"is_first": True, "first": 0},
        {"is_first": False, "first": 0},
        {"is_first": True, "first": 2},
    ]
    unknown = v2.post("/jobs", json={"type": "process", "resource": resource, "items": items, "processor": "nothing"})
    assert unknown.status_code == 400
    assert unknown.json()["error"]["param"] == "processor"
    assert "checksum, deduplicate, echo" in unknown.json()["error"]["message"]


def test_a_failed_execution_is_tried_again(client: Client, tenant: Tenant) -> None:
    resource = active(client, retry_count=2)
    saved, lost = (
        begin(client, resource, [{"key": f"{client.base_url} {fails}", "fails": fails}], processor="acting")
        for fails in (2, 3)
    )
    assert ended(client, saved, tenant.server)["status"] == "succeeded"
    assert tasks_of(client, saved)[0]["attempts"] == 3
    failed = ended(client, lost, tenant.server)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "processor_failed")
    assert "try 3" in failed["error"]["message"]
    assert "Traceback" not in failed["error"]["message"]
    assert error_of(client, lost) == ("processor_failed", "try 3")
    # Each attempt is an execution.
    assert metrics_of(tenant, resource)["lifetime"] == {"requests": 6, "success_rate": 16.67, "errors": 5}
    again = tasks_of(client, lost)[0]["id"]
    assert data(client.post(f"/tasks/{again}/retry"))["status"] == "queued"
    assert ended(client, lost, tenant.server)["status"] == "succeeded"
    assert metrics_of(tenant, resource)["lifetime"]["requests"] == 7


def test_an_execution_ends_after_its_timeout(v2: Client, tenant: Tenant) -> None:
    acting.LET_GO.clear()
    resource = active(v2, timeout_ms=100, retry_count=0)
    job = begin(v2, resource, [{"hangs": True}], processor="acting")
    assert ended(v2, job)["status"] == "failed"
    acting.LET_GO.set()
    assert error_of(v2, job) == ("timeout", "The processor took longer than 100 ms.")
    day = metrics_of(tenant, resource)["last_24h"]
    assert (day["requests"], day["errors"], day["p95_latency_ms"]) == (1, 1, pytest.approx(100, rel=0.02))


@pytest.mark.parametrize(
    ("item", "code", "says"),
    [
        ({"instead": "one less"}, "processor_failed", "a list of 1 results"),
        ({"instead": "no list"}, "processor_failed", "a list of 1 results"),
        ({"instead": "no JSON"}, "processor_failed", "not JSON"),
        ({"instead": "NUL"}, "processor_failed", "NUL"),
        ({"large": 256 * 1024}, "output_too_large", "256"),
        ({"fails": 9, "key": "long", "text": "ab" + 2000 * "x"}, "processor_failed", "abxx"),
    ],
)
def test_what_cannot_be_kept_fails(v2: Client, item: dict[str, Any], code: str, says: str) -> None:
    resource = active(v2, retry_count=0)
    job = begin(v2, resource, [item], processor="acting")
    assert ended(v2, job)["status"] == "failed"
    found, message = error_of(v2, job)
    assert found == code
    assert says in message
    assert len(message) <= 1_000


def test_the_rate_limit_holds_and_turns_come(v2: Client, tenant: Tenant) -> None:
    server = tenant.server
    resource = active(v2, batch_size=1)
    # As after a thousand executions within this minute.
    used_up = int((server.clock.time() + 60) * 1_000_000)
    paced = sa.update(tables.resources).where(tables.resources.c.id == resource).values(paced_until_us=used_up)
    administration.write(server.settings, lambda tx: tx.execute(paced).rowcount)
    job = begin(v2, resource, [{"number": number} for number in range(30)])

    def waiting() -> list[Any]:
        return [task for task in tasks_of(v2, job) if task["error"] and task["error"]["code"] == "rate_limited"]

    receiving.until(lambda: len(waiting()) == 30)
    assert {task["status"] for task in waiting()} == {"queued"}
    assert {task["attempts"] for task in waiting()} == {0}
    assert data(v2.get(f"/jobs/{job}"))["status"] == "queued"
    server.clock.offset += SECONDS
    done = ended(v2, job)
    assert done["progress"]["succeeded"] == 30
    assert {task["error"] for task in tasks_of(v2, job)} == {None}
    assert {task["attempts"] for task in tasks_of(v2, job)} == {1}


def test_only_open_resources_process(client: Client, tenant: Tenant) -> None:
    made = active(client)
    change = client.put if str(client.base_url.path).startswith("/v1") else client.patch
    body = {"type": "process", "resource": made, "items": [{}]}
    for status in ("paused", "archived"):
        data(change(f"/resources/{made}", json={"status": status}))
        refused = client.post("/jobs", json=body)
        assert refused.status_code == 409
        assert f"The resource is {status}" in refused.text
    # A job that is older fails, and can be tried again.
    data(change(f"/resources/{made}", json={"status": "active"}))
    job = begin(client, made, [{"fails": 1, "key": f"{client.base_url} paused"}], processor="acting")
    receiving.until(lambda: tasks_of(client, job)[0]["error"])
    data(change(f"/resources/{made}", json={"status": "paused"}))
    assert ended(client, job, tenant.server)["error"]["code"] == "resource_not_active"
    missing = client.post("/jobs", json={**body, "resource": made[:-1] + ("0" if made[-1] != "0" else "1")})
    assert missing.status_code == 404


def test_a_job_waits_for_a_pending_resource(v2: Client, tenant: Tenant) -> None:
    made = v2.create()["id"]
    job = begin(v2, made, [{"number": 1}])
    assert data(v2.get(f"/jobs/{job}"))["status"] == "queued"
    done = ended(v2, job, tenant.server)
    assert done["status"] == "succeeded"
    assert [task["attempts"] for task in tasks_of(v2, job)] == [1]
    assert data(v2.get(f"/resources/{made}"))["status"] == "active"


def test_what_was_begun_for_a_resource_that_is_gone_is_canceled(v2: Client, tenant: Tenant) -> None:
    made = v2.create()["id"]
    job = begin(v2, made, [{"number": 1}])
    assert v2.delete(f"/resources/{made}").status_code == 200
    assert ended(v2, job, tenant.server)["status"] == "canceled"


def test_batches_are_sent_to_the_target(client: Client, tenant: Tenant, receiver: Receiver) -> None:
    receiver.usual = receiving.status(200, b'{"results": ["fine", {"a": 1}]}')
    resource = active(client, f"{receiver.url}/batches?a=b", batch_size=2)
    assert data(client.get(f"/resources/{resource}"))["target_url"] == f"{receiver.url}/batches?a=b"
    items = [{"number": number} for number in range(4)]
    job = begin(client, resource, items)
    done = ended(client, job)
    assert done["input"] == {"items": 4, "batch_size": 2}
    tasks = tasks_of(client, job)
    assert [task["output"] for task in tasks] == [{"status": 200, "results": ["fine", {"a": 1}]}] * 2
    sent = {request.json["task"]: request for request in receiver.requests}
    assert len(receiver.requests) == len(sent) == 2
    for task in tasks:
        request = sent[task["id"]]
        assert request.path == "/batches?a=b"
        assert request.headers["idempotency-key"] == task["id"]
        assert request.headers["content-type"] == "application/json"
        assert request.json == {
            "job": job, "task": task["id"], "resource": resource, "attempt": 1, "items": task["input"]
        }  # fmt: skip
    refused = client.post("/jobs", json={"type": "process", "resource": resource, "items": items, "processor": "echo"})
    assert refused.status_code == 400
    assert metrics_of(tenant, resource)["lifetime"] == {"requests": 2, "success_rate": 100, "errors": 0}


def test_what_a_target_may_answer(v2: Client, tenant: Tenant, receiver: Receiver) -> None:
    resource = active(v2, receiver.url, retry_count=0)
    for answer, output in (
        (receiving.status(204, b""), {"status": 204, "body": ""}),
        (receiving.status(202, b"x" * 5_000), {"status": 202, "body": "x" * 1_000}),
        (receiving.status(200, b"\xff\0"), {"status": 200, "body": "\ufffd\ufffd"}),
        (receiving.status(200, b'{"results": "none"}'), {"status": 200, "body": '{"results": "none"}'}),
        (receiving.status(200, b'{"results": ["\\u0000"]}'), {"status": 200, "body": '{"results": ["\\u0000"]}'}),
        (receiving.status(200, b'{"results": []}'), {"status": 200, "results": []}),
    ):
        receiver.usual = answer
        job = begin(v2, resource, [{"number": 1}])
        assert ended(v2, job)["status"] == "succeeded"
        assert tasks_of(v2, job)[0]["output"] == output
    large = b'{"results": ["' + b"x" * 300_000 + b'"]}'
    for answer, code in (
        (receiving.status(500), "target_answered_500"),
        (receiving.status(302, Location=receiver.url + "/elsewhere"), "target_answered_302"),
        (receiving.status(410), "target_answered_410"),
        (receiving.reset, "target_unreachable"),
        (receiving.status(200, large), "output_too_large"),
        (receiving.status(200, b"x" * 2_000_000), "output_too_large"),
    ):
        receiver.usual = answer
        before = len(receiver.requests)
        job = begin(v2, resource, [{"number": 1}])
        assert ended(v2, job)["status"] == "failed"
        assert error_of(v2, job)[0] == code
        # Nothing is followed.
        assert {request.path for request in receiver.requests[before:]} == {"/"}
    assert metrics_of(tenant, resource)["lifetime"] == {"requests": 12, "success_rate": 50, "errors": 6}


def test_a_target_is_tried_again_with_the_same_key(v2: Client, tenant: Tenant, receiver: Receiver) -> None:
    resource = active(v2, receiver.url, retry_count=2, timeout_ms=1_000)
    slow = Counter[str]()

    def slowly(handler: receiving.Handler) -> None:
        slow["came"] += 1
        time.sleep(1.2)
        receiving.status(200)(handler)

    receiver.answers = [receiving.status(503, Retry_After="3000"), slowly]
    job = begin(v2, resource, [{"number": 1}])
    receiver.wait_for(1)
    receiving.until(lambda: tasks_of(v2, job)[0]["error"])
    # As long as the target asked for, and not the second that a retry else waits.
    tenant.server.clock.offset += 2_900
    time.sleep(0.6)
    assert len(receiver.requests) == 1
    tenant.server.clock.offset += 101
    receiver.wait_for(2)
    # Time does not run away from what is under way, which would count as lost.
    receiving.until(lambda: tasks_of(v2, job)[0]["status"] == "queued")
    assert ended(v2, job, tenant.server)["status"] == "succeeded"
    assert len({request.headers["idempotency-key"] for request in receiver.requests}) == 1
    assert [request.json["attempt"] for request in receiver.requests] == [1, 2, 3]
    assert slow["came"] == 1
    assert metrics_of(tenant, resource)["lifetime"]["errors"] == 2


def test_targets_in_private_networks_are_out_of_reach(tenant: Tenant) -> None:
    urls = ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "ftp://example.com/", "http://a@b.c/"]
    with tenant.client("/v2", mode="test") as client, tenant.client("/v1") as live:
        body = {"name": "A resource", "type": "processor"}
        for url in urls:
            refused = client.post("/resources", json={**body, "target_url": url})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "target_url")
        assert live.post("/resources", json={**body, "target_url": "http://example.com/"}).status_code == 400
        made = client.create(target_url="https://example.com/batches")
        assert made["target_url"] == "https://example.com/batches"
        refused = client.patch(f"/resources/{made['id']}", json={"target_url": "http://127.0.0.1:22/"})
        assert refused.status_code == 400
        assert client.patch(f"/resources/{made['id']}", json={"target_url": None}).json()["target_url"] is None


def test_a_target_that_moved_into_a_private_network_gets_nothing(
    tenant: Tenant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its name leads to is seen when it is sent to."""

    resolve = socket.getaddrinfo
    private = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: private if "moved" in host else resolve(host, *rest))
    with tenant.client("/v2", mode="test") as client:
        resource = active(client, receiver.url.replace("127.0.0.1", "moved.example.com"), retry_count=0)
        job = begin(client, resource, [{"number": 1}])
        assert ended(client, job)["status"] == "failed"
        assert error_of(client, job)[0] == "destination_not_allowed"
    assert receiver.requests == []
