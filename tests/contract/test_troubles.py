"""Faults, locks and deadlines: told apart, recorded, without trace in the database, and over when they are over."""

from __future__ import annotations

import time

import pytest
import structlog.testing

from tests.contract import answers, troubles
from tests.serving import Client, Server, Tenant

GOOD = {"name": "A resource", "type": "production"}


@pytest.fixture
def unlucky(failing: Server) -> Tenant:
    """A tenant of the failing server."""
    return failing.tenant()


def create(tenant: Tenant, contract: str, **headers: str) -> int:
    """The status of a create."""
    with tenant.client(f"/{contract}", headers=headers) as client:
        return client.post("/resources", json=GOOD).status_code


@pytest.mark.parametrize("trouble", [troubles.fail, troubles.answer_wrongly, troubles.be_busy])
def test_a_failed_request_does_not_use_up_its_key(unlucky: Tenant, trouble: troubles.Trouble) -> None:
    """A028: the retry that the recovery text recommends has its effect, once."""
    headers = {"Idempotency-Key": "one"}
    with troubles.met_by(unlucky, trouble):
        assert create(unlucky, "v2", **headers) >= 500
    with unlucky.client("/v2", headers=headers) as client:
        made, again = client.create(), client.create()
        assert made == again
        assert client.get("/resources").json()["total_count"] == 1


def test_a_locked_database_is_a_503_until_it_is_free(unlucky: Tenant) -> None:  # A029
    before = troubles.contents(unlucky)
    with troubles.locked(unlucky.server.settings):
        assert create(unlucky, "v1", **{"Idempotency-Key": "one"}) == 503
        with unlucky.client("/v1") as client:
            assert client.get("/resources").status_code == 200, "reading goes on"
    assert troubles.contents(unlucky) == before
    assert create(unlucky, "v1", **{"Idempotency-Key": "one"}) == 201


def test_a_database_that_says_when_is_repeated(unlucky: Tenant) -> None:  # A029 A085 B156
    with troubles.met_by(unlucky, troubles.be_busy), unlucky.client("/v1") as client:
        answer = client.post("/resources", json=GOOD)
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["error"]["retry_after"] == 7


def test_a_request_that_takes_too_long_leaves_nothing(hasty: Server) -> None:  # B129
    tenant = hasty.tenant()
    before = troubles.contents(tenant)
    with troubles.met_by(tenant, troubles.outlast), tenant.client("/v2", headers={"Idempotency-Key": "one"}) as client:
        answers.check_error("v2", "timeout", client.post("/resources", json=GOOD))
    assert troubles.contents(tenant) == before


@pytest.mark.parametrize(
    ("trouble", "words"), [(troubles.fail, troubles.SECRET), (troubles.answer_wrongly, "v2.resources.create_resource")]
)
def test_a_fault_is_recorded_under_the_request_id_without_the_key(
    unlucky: Tenant, trouble: troubles.Trouble, words: str
) -> None:
    with structlog.testing.capture_logs() as lines, troubles.met_by(unlucky, trouble), unlucky.client("/v2") as client:
        answer = client.post("/resources", json=GOOD)
    (line,) = [line for line in lines if line["log_level"] == "error"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert words in repr(line["exc_info"])
    assert unlucky.live_key not in repr(lines)


def test_what_a_client_does_wrong_is_not_recorded_as_a_fault(v2: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        v2.post("/resources", json={})
        v2.get("/resources/123")
        v2.get("/nothing")
    assert [line for line in lines if line["log_level"] in ("warning", "error")] == []


def test_one_tenant_in_trouble_does_not_trouble_another(failing: Server, unlucky: Tenant) -> None:
    with troubles.met_by(unlucky, troubles.fail):
        assert create(unlucky, "v2") == 500
        assert create(failing.tenant(), "v2") == 201


@pytest.mark.parametrize("place", troubles.BESIDE)
def test_what_is_not_compared_is_written_by_requests_that_change_nothing(tenant: Tenant, place: str) -> None:
    """A row of the table of exceptions that is not needed fails."""
    table, _, column = place.partition(".")
    wanted = f"SELECT {column or 'count(*)'} FROM {table} WHERE account_id = '{tenant.account_id}'"

    def rows() -> list[str]:
        found = tenant.server.database.write(lambda tx: tx.exec_driver_sql(wanted).all())
        return sorted(map(repr, found))

    with tenant.client("/v2") as client:
        # Nobody has that name, so sending to it fails.
        client.post("/webhooks", json={"url": "https://receiver.invalid/events"})
        before, until = rows(), time.monotonic() + 10
        client.post("/webhooks", json={"url": "https://receiver.invalid/events"})
        client.get("/resources")
    while rows() == before:
        assert time.monotonic() < until, f"{place} is not written"
        time.sleep(0.05)
