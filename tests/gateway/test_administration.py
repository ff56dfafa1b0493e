"""`python -m gateway.administration`: accounts and keys, also while a server runs on the same data."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from gateway import administration
from gateway.settings import Settings
from tests.gateway import processes
from tests.serving import Server, Tenant

ID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"
Admin = Callable[..., str]


@pytest.fixture
def url(fresh_database: Callable[[], str]) -> str:
    """A database of the test's own."""
    return fresh_database()


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the test run sets nothing."""
    for name in Settings.__dataclass_fields__:
        monkeypatch.delenv(f"API_{name.upper()}", raising=False)


@pytest.fixture
def admin(url: str, capsys: pytest.CaptureFixture[str]) -> Admin:
    """Carries out a command on the test's database, which must succeed, and returns what it prints."""

    def command(*arguments: str, database: str = url) -> str:
        assert administration.main(["--database", database, *arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return command


@pytest.fixture
def refused(url: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Tries a command that must fail, and returns what it says about that."""

    def command(*arguments: str) -> str:
        assert administration.main(["--database", url, *arguments]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("admin: ")
        return err

    return command


@pytest.fixture
def account(admin: Admin) -> str:
    """The id of an account."""
    return admin("account", "create", "Somebody").strip()


def test_an_account_is_its_id_alone(admin: Admin) -> None:
    created = [admin("account", "create", "Somebody", "--plan", "pro", "--region", "eu") for _ in range(2)]
    assert all(re.fullmatch(rf"acct_{ID}\n", out) for out in created)
    assert created[0] != created[1]


def test_a_key_is_the_key_alone(admin: Admin, account: str) -> None:
    assert processes.KEY.fullmatch(admin("key", "create", account).removesuffix("\n"))
    assert admin("key", "create", account).startswith("sk_test_")
    assert admin("key", "create", account, "--mode", "test").startswith("sk_test_")
    assert admin("key", "create", account, "--mode", "live").startswith("sk_live_")


def test_a_listed_key_shows_how_it_begins_and_ends(admin: Admin, account: str) -> None:  # A011
    options = ["--mode", "live", "--scopes", "resources:read", "--expires", "2099-01-31"]
    keys = [admin("key", "create", account).strip(), admin("key", "create", account, *options).strip()]
    listed = admin("key", "list", account)
    first, second = listed.splitlines()
    for key, line in zip(keys, (first, second), strict=True):
        assert key not in listed
        assert f"{key[:12]}…{key[-4:]}" in line
        assert key[12:-4] not in listed
        assert re.match(rf"key_{ID}  ", line)
    assert re.search(r"  test  active  no expiry  \*$", first)
    assert re.search(r"  live  active  2099-01-31T00:00:00\+00:00  resources:read$", second)


def test_a_revoked_key_stays_listed_as_such(admin: Admin, account: str) -> None:
    admin("key", "create", account)
    key_id = admin("key", "list", account).split()[0]
    assert admin("key", "revoke", key_id) == ""
    assert "  revoked  " in admin("key", "list", account)


def test_limits_are_the_plans_until_others_are_agreed(admin: Admin, account: str) -> None:  # B150
    assert admin("account", "limits", account).split()[1:] == [
        *("plan", "free", "requests_per_hour", "100", "requests_per_minute", "60", "burst", "100"),
        *("concurrent_requests", "10", "monthly_quota", "10000"),
    ]
    admin("account", "limits", account, "--burst", "500", "--monthly-quota", "unlimited")
    shown = admin("account", "limits", account, "--requests-per-minute", "300")
    assert re.findall(r"(\w+) +(\w+)  \(agreed\)", shown) == [
        ("requests_per_minute", "300"),
        ("burst", "500"),
        ("monthly_quota", "unlimited"),
    ]
    shown = admin("account", "limits", account, "--burst", "default", "--monthly-quota", "default")
    assert re.findall(r"(\w+) +(\w+)  \(agreed\)", shown) == [("requests_per_minute", "300")]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (["--burst", "0"], "--burst is '0'. Give a number from 1"),
        (["--burst", "many"], "or 'default'"),
        (["--burst", "unlimited"], "--burst is 'unlimited'"),
        (["--burst", "3601"], "at most 3600"),
        (["--monthly-quota", "-1"], "--monthly-quota is '-1'. Give a number from 0"),
        (["--requests-per-hour", "1000000001"], "1000000000"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(
    refused: Callable[..., str], admin: Admin, account: str, option: list[str], words: str
) -> None:
    assert words in refused("account", "limits", account, *option)
    assert "(agreed)" not in admin("account", "limits", account)


def test_the_keys_of_an_account_are_its_own(admin: Admin, account: str) -> None:
    other = admin("account", "create", "Other").strip()
    admin("key", "create", other)
    assert admin("key", "list", account) == ""


ERRORS = {
    "an unknown account for a key": (["key", "create", "acct_1"], ["no account 'acct_1'", "account create"]),
    "an unknown account to list": (["key", "list", "acct_1"], ["no account 'acct_1'", "account create"]),
    "an unknown key": (["key", "revoke", "key_1"], ["no key 'key_1'", "key list"]),
    "an unknown scope": (
        ["key", "create", "ACCOUNT", "--scopes", "resources:read resources:raed"],
        ["'resources:raed'", "resources:read, resources:write"],
    ),
    "no scope": (["key", "create", "ACCOUNT", "--scopes", " "], ["scope", "resources:read"]),
    "no time": (["key", "create", "ACCOUNT", "--expires", "soon"], ["'soon' is not a time", "2027-01-31", "30d"]),
    "a time without end": (["key", "create", "ACCOUNT", "--expires", "9" * 30 + "d"], ["is not a time", "30d"]),
    "other digits": (["key", "create", "ACCOUNT", "--expires", "٣d"], ["'٣d' is not a time", "30d"]),
}


@pytest.mark.parametrize(("arguments", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_what_cannot_be_done_says_how_it_can(
    refused: Callable[..., str], admin: Admin, account: str, arguments: list[str], words: list[str]
) -> None:
    said = refused(*(argument.replace("ACCOUNT", account) for argument in arguments))
    for word in words:
        assert word in said
    assert admin("key", "list", account) == "", "nothing was made"


@pytest.mark.parametrize(
    ("arguments", "known"),
    [
        (["account", "create", "X", "--plan", "gold"], "'free', 'starter', 'growth', 'pro', 'scale', 'enterprise'"),
        (["account", "create", "X", "--region", "mars"], "'us', 'eu'"),
        (["key", "create", "X", "--mode", "both"], "'test', 'live'"),
        (["key", "create", "X", "--api-version", "2020-01-01"], "'2023-09-15', '2023-11-01', '2024-01-15'"),
        (["account", "create"], "name"),
        (["frobnicate"], "account"),
    ],
)
def test_a_wrong_choice_lists_the_right_ones(
    capsys: pytest.CaptureFixture[str], arguments: list[str], known: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        administration.main(arguments)
    assert ended.value.code == 2
    assert known.replace("'", "") in capsys.readouterr().err.replace("'", "")


@pytest.mark.parametrize(
    ("text", "time_"),
    [
        ("2027-01-31", 1801353600),
        ("2027-01-31T12:00:00Z", 1801396800),
        ("2027-01-31T12:00:00", 1801396800),
        ("2027-01-31T12:00:00+02:00", 1801389600),
        ("30d", 1000 + 30 * 86400),
        (None, None),
    ],
)
def test_an_end_is_a_date_a_time_or_some_days(text: str | None, time_: int | None) -> None:
    assert administration.expiry(text, now=1000) == time_


@pytest.fixture
def shared(server: Server) -> Callable[..., str]:
    """Carries out a command, in a process of its own, on the data of the running server."""

    def command(*arguments: str) -> str:
        options = ["--database", server.settings.database]
        done = processes.run("gateway.administration", *options, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return command


def status(server: Server, key: str, **headers: str) -> httpx2.Response:
    """What a key gets from the running server."""
    return httpx2.get(f"{server.url}/v1/resources", headers={"Authorization": f"Bearer {key}", **headers})


def test_a_key_works_at_once_and_stops_within_a_second(server: Server, shared: Callable[..., str]) -> None:  # A010
    account = shared("account", "create", "Somebody")
    key = shared("key", "create", account, "--mode", "live")
    assert status(server, key).status_code == 200
    shared("key", "revoke", shared("key", "list", account).split()[0])
    ends = time.monotonic() + 1
    refused = processes.eventually(
        lambda: answer if (answer := status(server, key)).status_code == 401 else None,
        within=max(0, ends - time.monotonic()),
    )
    assert refused.json()["error"]["message"] == "The API key was revoked. Use another key."


def test_the_options_of_a_key_hold_on_the_server(server: Server, tenant: Tenant, admin: Admin) -> None:
    def made(*options: str) -> str:
        return admin("key", "create", tenant.account_id, *options, database=server.settings.database).strip()

    reader = made("--scopes", "resources:read")
    assert status(server, reader).status_code == 200
    assert httpx2.post(f"{server.url}/v1/resources", headers={"Authorization": f"Bearer {reader}"}).status_code == 403
    assert status(server, made("--scopes", "resources:*")).status_code == 200
    assert status(server, made("--api-version", "2023-11-01")).headers["API-Version"] == "2023-11-01"
    assert "object" in status(server, made("--api-version", "2024-01-15")).json(), "answered by the contract of /v2"
    ending = made("--expires", "1d")
    assert status(server, ending).status_code == 200
    server.clock.offset = 86400
    assert status(server, ending).status_code == 401


def test_the_database_holds_no_key(engine: str, tmp_path: Path, admin: Admin) -> None:  # A011
    if engine != "sqlite":
        pytest.skip("looks into SQLite's files")
    with processes.serving(tmp_path, "--data-dir", str(tmp_path / "data")) as process:
        file = tmp_path / "data" / "platform.sqlite"
        account = admin("account", "create", "Somebody", database=f"sqlite:///{file}").strip()
        keys = [
            admin("key", "create", account, database=f"sqlite:///{file}").strip(),
            process.key("test"),
            process.key("live"),
        ]
        for key in keys:
            assert status_of(process, key) == 200
        found = b"".join(path.read_bytes() for path in file.parent.iterdir())
        assert account.encode() in found, "this is where rows are"
        for key in keys:
            assert key.encode() not in found
            assert key[12:-4].encode() not in found
        assert all(key not in process.errors for key in keys)  # A012


def status_of(process: processes.Process, key: str) -> int:
    """What a key gets."""
    with process.client(key=key) as client:
        return client.get("/resources").status_code
