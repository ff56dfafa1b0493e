"""Deliveries: what happens arrives at the webhooks that want it, and what became of it can be seen and repeated."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
import standardwebhooks

from gateway import administration
from storage import webhooks
from storage.scope import Scope
from tests.api import printed
from tests.receiving import Received, Receiver, reset, status, until
from tests.serving import Client, Server, Tenant, ids

NODE = shutil.which("node")
HOUR = 3600
DAY = 24 * HOUR
# After each failure the next attempt waits at most this long: a fifth more than the schedule says.
LONGEST_WAITS = [7, 361, 2_161, 8_641, 21_601, 43_201, 43_201]
VERIFY = """
const crypto = require('crypto');
%s
const [body, signature, secret] = process.argv.slice(1);
const changed = body.replace('resource', 'Resource');
console.log(verifyWebhook(body, signature, secret), verifyWebhook(changed, signature, secret),
  verifyWebhook(body, signature, secret + 'x'));
"""


@pytest.fixture(autouse=True)
def _time_stands_still(delivering: Server) -> Iterator[None]:
    """Nothing comes due but by a test that moves the clock, however slow the machine is."""
    with delivering.clock.stopped():
        yield


@pytest.fixture
def tenant(delivering: Server) -> Tenant:
    return delivering.tenant()


@pytest.fixture
def client(tenant: Tenant) -> Iterator[Client]:
    """A client of test mode, whose webhooks may be plain HTTP and whose clock can be moved."""
    with tenant.client("/v2", mode="test") as made:
        yield made


@pytest.fixture
def live(tenant: Tenant) -> Iterator[Client]:
    with tenant.client("/v2") as made:
        yield made


@pytest.fixture
def v1(tenant: Tenant) -> Iterator[Client]:
    with tenant.client("/v1", mode="test") as made:
        yield made


def hook(client: Client, receiver: Receiver, path: str = "/", **fields: Any) -> dict[str, Any]:
    """Create a webhook that a receiver stands behind."""
    body = {"url": receiver.url + path, "events": ["resource.created"], **fields}
    answer = client.post("/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json().get("data", answer.json())
    return made


def delivery(client: Client, **wanted: Any) -> dict[str, Any]:
    """The newest delivery with its attempts, once it has what is wanted."""

    def find() -> dict[str, Any] | None:
        found = client.get("/deliveries", params={"limit": 1}).json()["data"]
        shown: dict[str, Any] = client.get(f"/deliveries/{found[0]['id']}").json() if found else {}
        return shown if shown and wanted.items() <= shown.items() else None

    found: dict[str, Any] = until(find, lambda: client.get("/deliveries").text)
    return found


def move(client: Client, seconds: int) -> None:
    """Move the clock of test mode."""
    assert client.post("/test/clock", json={"advance_seconds": seconds}).status_code == 200


def live_hook(tenant: Tenant, client: Client, receiver: Receiver) -> dict[str, Any]:
    """Create a webhook of live mode, whose data no daily reset deletes, and lead it to a receiver without TLS."""
    made = hook(client, receiver, url="https://hooks.example.com/")
    scope = Scope(tenant.account_id, "live")
    changes = {"url": receiver.url + "/"}
    settings = tenant.server.settings
    administration.write(settings, lambda tx: webhooks.ROWS.update(tx, scope, made["id"], 1, changes))
    return made


def signed(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verified(secret: str, received: Received) -> bool:
    """Whether the package of Standard Webhooks finds a signature good."""
    try:
        standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def test_an_event_arrives_and_is_signed(client: Client, receiver: Receiver) -> None:
    # A055 A057 A059 A060 A071 B175 B176
    made = hook(client, receiver, "/hook?a=1", events=["resource.created"])
    resource = client.create(name="Signed")
    received = receiver.wait_for(1)[0]
    assert (received.path, received.headers["content-type"]) == ("/hook?a=1", "application/json")
    assert received.json["data"]["object"]["id"] == resource["id"]
    assert received.headers["x-signature"] == signed(made["secret"], received.body)
    assert received.headers["x-signature"] != signed(made["secret"], received.body[:-1] + b" ")
    assert received.headers["x-signature"] != signed(made["secret"] + "x", received.body)
    assert received.headers["webhook-id"] == received.json["id"]
    assert abs(int(received.headers["webhook-timestamp"]) - time.time()) < 30
    assert verified(made["secret"], received)
    assert not verified(made["secret"], received._replace(body=received.body.replace(b"Signed", b"signed")))
    shown = delivery(client, status="succeeded")
    assert (shown["webhook"], shown["event"]) == (made["id"], received.json["id"])
    assert (shown["attempt_count"], shown["next_attempt"], shown["error"]) == (1, None, None)
    assert shown["attempts"][0]["response_body"] == "ok"
    client.patch(f"/resources/{resource['id']}", json={"name": "Not chosen"})
    assert client.get("/deliveries").json()["total_count"] == 1


@pytest.mark.skipif(NODE is None, reason="there is no Node here")
def test_the_printed_check_accepts_it(client: Client, receiver: Receiver) -> None:  # B175 B176
    made = hook(client, receiver)
    client.create()
    received = receiver.wait_for(1)[0]
    given = [received.body.decode(), received.headers["x-signature"], made["secret"]]
    command = [str(NODE), "-e", VERIFY % printed.VERIFY_WEBHOOK, "--", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["true", "false", "false"]


def test_each_webhook_gets_what_it_chose_in_its_version(client: Client, v1: Client, receiver: Receiver) -> None:
    # A056 A058
    hook(client, receiver, "/all", events=["resource.*"])
    hook(v1, receiver, "/first", events=["resource.created", "resource.deleted"])
    hook(client, receiver, "/off", status="disabled")
    hook(client, receiver, "/others", events=["job.succeeded", "project.*"])
    resource = client.create(name="new-resource", type="processor")
    came = {each.path: each for each in receiver.wait_for(2)[:2]}
    assert came.keys() == {"/all", "/first"}
    body = came["/first"].json
    assert body["event"] == "resource.created"
    assert time.strptime(body["timestamp"], "%Y-%m-%dT%H:%M:%SZ")
    assert {name: body["data"][name] for name in ("id", "type", "name")} == {
        "id": resource["id"],
        "type": "processor",
        "name": "new-resource",
    }
    assert came["/all"].json["data"]["object"]["name"] == "new-resource"
    assert came["/all"].headers["webhook-id"] == came["/first"].headers["webhook-id"]


def test_a_receiver_that_is_back_after_ten_minutes_gets_it(client: Client, receiver: Receiver) -> None:  # B177
    hook(client, receiver)
    receiver.usual = reset
    client.create()
    first = receiver.wait_for(1)[0]
    shown = delivery(client, attempt_count=1, status="pending")
    assert (shown["response_status"], shown["error"]) == (None, "The connection ended before the answer was there.")
    assert shown["next_attempt"] - shown["updated"] in range(3, 8)
    move(client, LONGEST_WAITS[0])
    delivery(client, attempt_count=2)
    receiver.usual = status(200)
    move(client, 600)
    shown = delivery(client, status="succeeded")
    assert shown["attempt_count"] == 3
    assert [each["number"] for each in shown["attempts"]] == [3, 2, 1]
    assert {each.headers["webhook-id"] for each in receiver.requests} == {first.json["id"]}
    assert {each.body for each in receiver.requests} == {first.body}


def test_after_eight_attempts_it_is_given_up_and_can_be_recovered(
    tenant: Tenant, live: Client, receiver: Receiver
) -> None:
    client, clock = live, tenant.server.clock
    made = live_hook(tenant, client, receiver)
    receiver.usual = status(500, b"<script>alert(1)</script>\0\xff" + b"x" * 10_000_000)
    client.create()
    for number, wait in enumerate(LONGEST_WAITS, start=1):
        delivery(client, attempt_count=number, status="pending")
        clock.offset += wait
    shown = delivery(client, attempt_count=8, status="failed")
    assert (shown["next_attempt"], shown["error"]) == (None, "The receiver answered 500.")
    assert len(receiver.requests) == 8
    kept = shown["attempts"][0]["response_body"]
    assert kept.startswith("<script>alert(1)</script>\ufffd\ufffdxx")
    assert len(kept) <= 1024
    failing = client.get(f"/webhooks/{made['id']}").json()["failing_since"]
    assert failing == shown["attempts"][-1]["created"]
    receiver.usual = status(204, b"")
    since = {"since": shown["created"] - 1}
    assert client.post(f"/webhooks/{made['id']}/recover", json=since).json() == {
        "object": "webhook_recovery",
        "webhook": made["id"],
        **since,
        "recovered": 1,
        "has_more": False,
    }
    shown = delivery(client, status="succeeded")
    assert (shown["attempt_count"], shown["response_status"]) == (9, 204)
    until(lambda: client.get(f"/webhooks/{made['id']}").json()["failing_since"] is None)
    assert client.post(f"/webhooks/{made['id']}/recover", json=since).json()["recovered"] == 0
    of_status = {each: client.get("/deliveries", params={"status": each}).json() for each in ("failed", "succeeded")}
    assert [each["total_count"] for each in of_status.values()] == [0, 1]


def test_recovering_goes_two_weeks_back(client: Client, receiver: Receiver) -> None:
    made = hook(client, receiver)
    place = f"/webhooks/{made['id']}/recover"
    now = client.get("/test/clock").json()["now"]
    assert client.post(place, json={"since": 0}).json()["since"] in range(now - 14 * DAY, now - 14 * DAY + 60)
    answer = client.post(place, json={"since": now + 1000})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "since")


def test_any_delivery_can_be_sent_again(client: Client, receiver: Receiver) -> None:
    hook(client, receiver)
    client.create()
    shown = delivery(client, status="succeeded")
    for count in (2, 3):
        answer = client.post(f"/deliveries/{shown['id']}/resend")
        assert (answer.status_code, answer.json()["status"]) == (200, "pending")
        assert delivery(client, status="succeeded", attempt_count=count)["id"] == shown["id"]
    assert len({each.headers["webhook-id"] for each in receiver.wait_for(3)}) == 1
    receiver.usual = status(500)
    client.post(f"/deliveries/{shown['id']}/resend")
    assert delivery(client, status="pending", attempt_count=4)["next_attempt"]
    assert client.get("/deliveries", params={"status": "pending"}).json()["total_count"] == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(client: Client, receiver: Receiver, code: int) -> None:
    hook(client, receiver)
    receiver.usual = status(code, Location=receiver.url + "/elsewhere")
    client.create()
    shown = delivery(client, attempt_count=1, status="pending")
    assert shown["error"] == f"The receiver answered {code}. Redirects are not followed."
    assert [each.path for each in receiver.requests] == ["/"]


def test_one_that_is_gone_is_disabled(client: Client, receiver: Receiver) -> None:
    made, other = hook(client, receiver, "/gone"), hook(client, receiver, "/other", events=["webhook.disabled"])
    receiver.answers = [status(410)]
    client.create()
    shown = until(lambda: (found := client.get(f"/webhooks/{made['id']}").json())["status"] == "disabled" and found)
    assert shown["disabled_reason"] == "gone"
    told = receiver.wait_for(2)[-1]
    assert (told.path, told.json["type"]) == ("/other", "webhook.disabled")
    assert (told.json["data"]["object"]["id"], told.json["data"]["object"]["disabled_reason"]) == (made["id"], "gone")
    failed = client.get(f"/webhooks/{made['id']}/deliveries").json()["data"]
    assert [(each["status"], each["error"]) for each in failed] == [("failed", "The receiver answered 410.")]
    assert client.get(f"/webhooks/{other['id']}").json()["failing_since"] is None
    assert client.post(f"/deliveries/{failed[0]['id']}/resend").json()["error"]["code"] == "webhook_disabled"
    shown = client.patch(f"/webhooks/{made['id']}", json={"status": "enabled"}).json()
    assert (shown["disabled_reason"], shown["failing_since"]) == (None, None)
    assert client.post(f"/deliveries/{failed[0]['id']}/resend").status_code == 200
    until(lambda: client.get(f"/deliveries/{failed[0]['id']}").json()["status"] == "succeeded")


def test_five_days_of_failures_disable(tenant: Tenant, live: Client, receiver: Receiver) -> None:
    client, clock = live, tenant.server.clock
    made = live_hook(tenant, client, receiver)
    receiver.usual = status(503)
    client.create()
    delivery(client, attempt_count=1)
    clock.offset += 5 * DAY - HOUR
    delivery(client, attempt_count=2)
    assert client.get(f"/webhooks/{made['id']}").json()["status"] == "enabled"
    clock.offset += 2 * HOUR
    shown = until(lambda: (found := client.get(f"/webhooks/{made['id']}").json())["status"] == "disabled" and found)
    assert shown["disabled_reason"] == "failing"
    assert len(receiver.requests) == 3
    # What is still to be sent fails when it comes due, without an attempt.
    clock.offset += DAY
    shown = delivery(client, status="failed")
    assert (shown["attempt_count"], shown["error"]) == (3, "The webhook was disabled.")
    types = [each["type"] for each in client.get("/events", params={"limit": 100}).json()["data"]]
    assert [each for each in types if each.startswith("webhook.")][:3] == [
        "webhook.disabled",
        "webhook.status_changed",
        "webhook.updated",
    ]
    client.create()
    assert client.get("/deliveries").json()["total_count"] == 1


@pytest.mark.parametrize(("asked", "least", "most"), [("9", 8, 11), ("1", 3, 7), ("3600", 7, 13)])
def test_it_waits_as_long_as_it_is_asked_to_within_bounds(
    client: Client, receiver: Receiver, asked: str, least: int, most: int
) -> None:
    hook(client, receiver)
    receiver.usual = status(429, Retry_After=asked)
    client.create()
    shown = delivery(client, attempt_count=1)
    assert least <= shown["next_attempt"] - shown["updated"] <= most


def test_a_new_secret_signs_at_once_and_the_old_one_for_a_while(
    client: Client, receiver: Receiver, delivering: Server
) -> None:
    made = hook(client, receiver)
    place = f"/webhooks/{made['id']}/rotate_secret"
    rotated = client.post(place, json={"overlap_seconds": 3600}).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["secret_last4"] == rotated["secret"][-4:]
    client.create()
    received = receiver.wait_for(1)[0]
    assert received.headers["x-signature"] == signed(rotated["secret"], received.body)
    assert verified(rotated["secret"], received)
    assert verified(made["secret"], received)
    assert len(received.headers["webhook-signature"].split()) == 2
    # Nobody can move on when a secret ends.
    move(client, 2 * HOUR)
    assert client.get(f"/webhooks/{made['id']}").json()["previous_secret_expires"] == rotated["previous_secret_expires"]
    delivering.clock.offset = HOUR
    client.create()
    received = receiver.wait_for(2)[1]
    assert len(received.headers["webhook-signature"].split()) == 1
    last = client.post(place, json={"overlap_seconds": 0}).json()
    client.create()
    received = receiver.wait_for(3)[2]
    assert received.headers["x-signature"] == signed(last["secret"], received.body)
    assert len(received.headers["webhook-signature"].split()) == 1
    assert last["previous_secret_expires"] is None
    for text in (client.get("/webhooks").text, client.get("/events").text):
        assert not any(each["secret"] in text for each in (made, rotated, last))


def test_a_webhook_can_be_tested(client: Client, receiver: Receiver) -> None:
    made, _ = hook(client, receiver, "/one", events=["job.failed"]), hook(client, receiver, "/other", events=["*"])

    def tests() -> list[Received]:
        return [each for each in receiver.requests if each.json["type"] == "webhook.test"]

    answer = client.post(f"/webhooks/{made['id']}/test")
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v2/deliveries/{answer.json()['id']}"
    received = until(tests)[0]
    assert received.path == "/one"
    assert received.json["id"] == answer.json()["event"]
    until(lambda: client.get(answer.headers["Location"].removeprefix("/v2")).json()["status"] == "succeeded")
    statuses = [client.post(f"/webhooks/{made['id']}/test").status_code for _ in range(10)]
    assert statuses == [201] * 9 + [409]
    until(lambda: len(tests()) == 10)
    assert {each.path for each in tests()} == {"/one"}


def test_deliveries_are_listed_by_what_they_are_of(client: Client, v1: Client, receiver: Receiver) -> None:
    one, other = hook(client, receiver), hook(client, receiver)
    for _ in range(3):
        client.create()
    until(lambda: client.get("/deliveries", params={"status": "succeeded"}).json()["total_count"] == 6)
    event = client.get("/deliveries").json()["data"][0]["event"]
    assert len(ids(client.get("/deliveries", params={"event": event}))) == 2
    assert len(ids(client.get("/deliveries", params={"event": event, "webhook": one["id"]}))) == 1
    mine = client.get(f"/webhooks/{other['id']}/deliveries", params={"limit": 2}).json()
    assert (mine["total_count"], mine["has_more"]) == (3, True)
    assert {each["webhook"] for each in mine["data"]} == {other["id"]}
    page = v1.get("/deliveries", params={"webhook": one["id"], "per_page": 2, "page": 2, "order": "asc"}).json()
    assert (len(page["data"]), page["meta"]["total_items"]) == (1, 3)
    shown = page["data"][0]
    assert shown.keys() >= {"created_at", "updated_at", "next_attempt_at", "response_status"}
    assert v1.get(f"/deliveries/{shown['id']}").json()["data"]["attempts"][0].keys() >= {"created_at", "duration_ms"}


def test_what_a_deleted_webhook_got_goes_with_it(client: Client, receiver: Receiver, delivering: Server) -> None:
    made, kept = hook(client, receiver), hook(client, receiver, "/kept")
    receiver.usual = status(500)
    client.create()
    until(lambda: client.get("/deliveries").json()["total_count"] == 2 and len(receiver.requests) == 2)
    client.delete(f"/webhooks/{made['id']}")
    assert client.get(f"/webhooks/{made['id']}/deliveries").status_code == 404
    delivering.clock.offset = 61
    until(lambda: client.get("/deliveries").json()["total_count"] == 1)
    assert delivery(client)["webhook"] == kept["id"]
    until(lambda: len(receiver.requests) >= 3)
    assert {each.path for each in receiver.requests[2:]} == {"/kept"}


def test_what_is_old_is_kept_no_longer(client: Client, receiver: Receiver, delivering: Server) -> None:
    hook(client, receiver)
    client.create()
    shown = delivery(client, status="succeeded")
    delivering.clock.offset = 31 * DAY
    until(lambda: client.get(f"/deliveries/{shown['id']}").status_code == 404)
    assert client.get("/deliveries").json()["total_count"] == 0
    # Its events are gone too, and those that follow arrive all the same.
    until(lambda: client.get("/events").json()["total_count"] == 0)
    receiver.requests.clear()
    made = client.create()
    until(lambda: made["id"] in {each.json["data"]["object"]["id"] for each in receiver.requests})
