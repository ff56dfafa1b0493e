"""Which environment and region a host is, which keys it takes, and how every answer says so."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from contract import document as documents
from contract import servers
from contract.servers import Host, Servers
from domain import accounts
from gateway import administration, hosting, welcome
from gateway.settings import ROOT, SettingError, Settings
from storage import accounts as stored
from tests.serving import Client, Server, Tenant, running

CONTRACTS = ("v1", "v2")
HOSTS = {
    "api.yourcompany.com": ("production", "us"),  # A003 B012
    "eu.api.yourcompany.com": ("production", "eu"),  # B014
    "eu.api.example.com": ("production", "eu"),
    "api-staging.yourcompany.com": ("staging", "us"),  # A004
    "api-sandbox.yourcompany.com": ("sandbox", "us"),  # A005
    "sandbox.api.yourcompany.com": ("sandbox", "us"),  # B013
    "sandbox.localhost": ("sandbox", "us"),
    "127.0.0.1": ("development", "us"),
    "api.example.com": ("development", "us"),
}
SPELLINGS = ["{}:8000", "{}.", "{}.:8000", "{}:"]


def in_region(server: Server, region: str) -> Tenant:
    """A tenant whose account lives in a region."""
    tenant = server.tenant()
    if region == "us":
        return tenant
    now = server.clock.now()
    account = server.database.write(lambda tx: accounts.create(tx, now, "Tenant", "scale", region))
    moved = Tenant(server, account.id, "", "")
    moved.live_key, moved.test_key = moved.key(), moved.key(mode="test")
    return moved


def asked(tenant: Tenant, host: str, mode: str = "test", contract: str = "v2") -> httpx2.Response:
    with tenant.client(f"/{contract}", mode=mode, headers={"Host": host}) as client:
        return client.get("/resources")


def placed(answer: httpx2.Response) -> tuple[str, str]:
    return answer.headers["X-Environment"], answer.headers["X-Region"]


@pytest.mark.parametrize(("host", "place"), HOSTS.items())
def test_a_host_is_served_and_every_answer_says_what_it_is(server: Server, host: str, place: tuple[str, str]) -> None:
    tenant = in_region(server, place[1])
    with tenant.client("", mode="test", headers={"Host": host}) as client:
        found = [client.get(target) for target in ("/v1/resources", "/v2/resources", "/v1/resources/1", "/v2/x")]
        found += [client.delete("/v1/resources"), client.options("/v2/resources"), client.head("/v2/resources")]
        found += [client.post("/v2/resources", json={}), client.get("/v2/resources", headers={"Authorization": ""})]
        found.append(client.get("/v1/resources", headers={"If-None-Match": found[0].headers["ETag"]}))
    assert [answer.status_code for answer in found] == [200, 200, 404, 404, 405, 204, 200, 400, 401, 304]
    assert {placed(answer) for answer in found} == {place}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_hosts_spelling_does_not_matter(tenant: Tenant, spelling: str) -> None:
    for host in ("sandbox.api.yourcompany.com", "SANDBOX.Api.YourCompany.COM"):
        assert placed(asked(tenant, spelling.format(host))) == ("sandbox", "us")


@pytest.mark.parametrize(
    "host",
    ["", ".", ":", "sandbox.", "xsandbox.api.yourcompany.com", "sandbox", "[::1]:80", "a:b:c", "\xe4", "é" * 300],
)
def test_an_odd_host_is_the_deployments_own(server: Server, host: str) -> None:
    head = b"GET /v2/x HTTP/1.1\r\nConnection: close\r\nHost: %b\r\n\r\n" % host.encode("latin-1")
    answer = server.exchange(head)
    assert b"x-environment: development\r\nx-region: us" in answer


def test_without_a_host_it_is_the_deployments_own(server: Server) -> None:
    assert b"x-environment: development" in server.exchange(b"GET /v2/x HTTP/1.0\r\n\r\n")


def test_two_hosts_are_refused(server: Server) -> None:
    twice = b"Host: sandbox.api.yourcompany.com\r\nHost: api.yourcompany.com\r\n"
    answer = server.exchange(b"GET /v2/resources HTTP/1.1\r\nConnection: close\r\n" + twice + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"The 'Host' parameter must be given once." in answer


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("host", ["api-sandbox.yourcompany.com", "sandbox.api.yourcompany.com"])
def test_the_sandbox_takes_no_live_key(tenant: Tenant, contract: str, host: str) -> None:  # A005 B013
    answer = asked(tenant, host, "live", contract)
    assert answer.status_code == 403
    assert "https://api.yourcompany.com." in answer.json()["error"]["message"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert asked(tenant, host, "test", contract).status_code == 200


@pytest.mark.parametrize("contract", CONTRACTS)
@pytest.mark.parametrize("mode", ["live", "test"])
def test_a_key_of_another_region_is_sent_there(server: Server, contract: str, mode: str) -> None:  # B014
    cases = {
        "us": ("eu.api.yourcompany.com", "https://api.yourcompany.com."),
        "eu": ("x", "https://eu.api.yourcompany.com."),
    }
    for region, (host, url) in cases.items():
        answer = asked(in_region(server, region), host, mode, contract)
        assert answer.status_code == 403
        assert answer.json()["error"]["message"].endswith(url)


def test_test_and_live_data_do_not_meet_on_any_host(server: Server) -> None:  # B013 B020 B021 B022
    for host, (environment, region) in HOSTS.items():
        tenant = in_region(server, region)
        with (
            tenant.client("/v2", headers={"Host": host}) as live,
            tenant.client("/v2", mode="test", headers={"Host": host}) as test,
        ):
            made = test.create()["id"]
            assert [each["id"] for each in test.get("/resources").json()["data"]] == [made]
            if environment == "sandbox":
                assert live.get(f"/resources/{made}").status_code == 403
                continue
            assert live.get(f"/resources/{made}").status_code == 404
            assert live.get("/resources").json()["data"] == []
            assert test.get(f"/resources/{live.create()['id']}").status_code == 404


def test_the_operations_of_a_batch_are_at_its_host(server: Server) -> None:
    tenant = in_region(server, "eu")
    with tenant.client("/v2", headers={"Host": "eu.api.yourcompany.com"}) as client:
        made = {"method": "POST", "path": "/v2/resources", "body": {"name": "A resource", "type": "production"}}
        answer = client.post("/batch", json={"operations": [made]})
    assert [result["status"] for result in answer.json()["results"]] == [201]


def test_a_deployment_says_what_it_is(fresh_database: Callable[[], str]) -> None:
    with running(fresh_database(), environment="sandbox", region="eu") as server:
        tenant = in_region(server, "eu")
        assert placed(asked(tenant, "127.0.0.1")) == ("sandbox", "eu")
        assert asked(tenant, "127.0.0.1", "live").status_code == 403
        assert placed(asked(tenant, "api-staging.yourcompany.com")) == ("staging", "eu")
        elsewhere = asked(tenant, "api.yourcompany.com")
        assert (elsewhere.status_code, placed(elsewhere)) == (403, ("production", "us"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (Settings(environment="moon"), "API_ENVIRONMENT is 'moon'"),
        (Settings(region="mars"), "it takes one of us, eu"),
    ],
)
def test_a_deployment_that_cannot_be_is_refused(given: Settings, says: str) -> None:
    with pytest.raises(SettingError, match=says):
        hosting.own_place(given, Servers([]))


def test_new_accounts_are_where_the_deployment_is(fresh_database: Callable[[], str]) -> None:
    raw = documents.load(ROOT / "openapi.yaml").raw
    chosen = administration.parser(raw, "eu").parse_args(["account", "create", "X"])
    assert chosen.region == "eu"
    settings = Settings(database_url=fresh_database(), region="eu")
    keys = welcome.first_keys(settings)
    assert keys is not None
    found = administration.write(settings, lambda tx: stored.fetch(tx, keys.account_id))
    assert found is not None
    assert found.region == "eu"


def test_the_document_has_the_documented_addresses() -> None:  # A003 A004 A005 B012 B013 B014
    entries = documents.load(ROOT / "openapi.yaml").raw["servers"]
    urls = {entry["url"] for entry in entries}
    assert urls >= {"https://{api_url}", "https://sandbox.{api_url}", "https://eu.{api_url}"}
    assert urls >= {"https://api-staging.yourcompany.com", "https://api-sandbox.yourcompany.com"}
    known = Servers(entries)
    assert known.base_url("production", "us") == "https://api.yourcompany.com"
    assert known.base_url("production", "eu") == "https://eu.api.yourcompany.com"
    assert known.base_url("production", "moon") is None


def test_a_variable_with_values_stands_for_these_alone() -> None:
    variables = {"Zone": {"default": "a", "enum": ["a", "b"]}}
    found = Servers([{"url": "https://{Zone}:443/base", "x-environment": servers.SANDBOX, "variables": variables}]).find
    assert found(b"A:8000") == found(b"b") == Host("sandbox", None)
    assert found(b"c") is None


def test_only_so_many_hosts_are_remembered() -> None:
    known = Servers([])
    for number in range(servers.MOST_REMEMBERED + 10):
        known.find(b"%d.example.com" % number)
    assert known.find.cache_info().currsize == servers.MOST_REMEMBERED


def test_pages_are_served_at_every_host(server: Server) -> None:
    with Client(base_url=server.url, headers={"Host": "sandbox.api.yourcompany.com"}) as client:
        assert client.get("/docs").status_code == 200
