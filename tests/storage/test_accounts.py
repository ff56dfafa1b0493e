"""Accounts, their settings, API keys and events, on both engines."""

import pytest

from storage import accounts, api_keys, events, resources, settings
from storage.database import Database, Transaction
from storage.scope import Scope
from tests.storage.samples import (
    DAY,
    OTHER_ACCOUNT,
    OTHER_MODE,
    SCOPE,
    SETTINGS,
    account,
    api_key,
    create,
    listed,
    owners,
    read,
    resource,
    write,
)


def test_an_account_is_found_by_its_id(database: Database) -> None:
    assert read(database, accounts.any_exist) is False
    write(database, account)
    found = read(database, lambda tx: accounts.fetch(tx, "acct_1"))
    assert found == accounts.Row("acct_1", "Example", "growth", "us", 1_000, None, 0, DAY)
    assert read(database, lambda tx: accounts.fetch(tx, "acct_2")) is None
    assert read(database, accounts.any_exist) is True


@pytest.mark.parametrize(("created", "midnight"), [(3 * DAY, 4 * DAY), (3 * DAY + 5, 4 * DAY), (4 * DAY - 1, 4 * DAY)])
def test_test_data_is_first_deleted_at_the_next_midnight(database: Database, created: int, midnight: int) -> None:
    write(database, lambda tx: account(tx, created=created))
    found = read(database, lambda tx: accounts.fetch(tx, "acct_1"))
    assert found is not None
    assert found.next_test_reset == midnight


def test_each_mode_has_settings_of_its_own(database: Database) -> None:
    changed = {**SETTINGS, "updated": 2_000, "version": 2, "name": "Renamed", "webhook_events": ["resource.created"]}

    def change(tx: Transaction) -> None:
        owners(tx)
        assert settings.fetch_for_update(tx, SCOPE).version == 1
        settings.update(tx, SCOPE, changed)

    write(database, change)
    found = [read(database, lambda tx, s=scope: settings.fetch(tx, s)) for scope in (SCOPE, OTHER_MODE, OTHER_ACCOUNT)]  # type: ignore[misc]
    assert found[0] == settings.Row(account_id="acct_1", mode="live", **changed)
    assert found[1] == settings.Row(account_id="acct_1", mode="test", **SETTINGS)
    assert found[2] == settings.Row(account_id="acct_2", mode="live", **SETTINGS)


def test_settings_need_an_account(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        write(database, lambda tx: settings.insert(tx, Scope("acct_9", "live"), SETTINGS))


def test_a_key_is_found_by_its_digest_with_its_account(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        account(tx, api_version="2023-11-01")
        api_key(tx, 1, api_version="2024-01-15", expires=9_000)

    write(database, fill)
    found = read(database, lambda tx: api_keys.fetch_by_digest(tx, "digest-1"))
    assert found is not None
    assert (found.id, found.account_id, found.mode) == ("key_1", "acct_1", "live")
    assert found.scopes == ["resources:read", "resources:write"]
    assert (found.api_version, found.expires, found.revoked) == ("2024-01-15", 9_000, None)
    assert (found.plan, found.region, found.limits, found.test_clock_offset) == ("growth", "us", None, 0)
    assert found.account_api_version == "2023-11-01"
    assert (found.user_id, found.role, found.allowed_networks) == (None, None, [])
    assert read(database, lambda tx: api_keys.fetch_by_digest(tx, "digest-2")) is None


def test_a_key_has_the_version_of_its_own_mode(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        account(tx)
        settings.update(tx, OTHER_MODE, {**SETTINGS, "api_version": "2024-01-15"})
        api_key(tx, 1, SCOPE)
        api_key(tx, 2, OTHER_MODE)

    write(database, fill)
    pinned = []
    for digest in ("digest-1", "digest-2"):
        found = read(database, lambda tx, d=digest: api_keys.fetch_by_digest(tx, d))  # type: ignore[misc]
        assert found is not None
        pinned.append(found.account_api_version)
    assert pinned == [None, "2024-01-15"]


def test_revoking_twice_keeps_the_first_time(database: Database) -> None:
    write(database, account)
    write(database, lambda tx: api_key(tx, 1))
    assert write(database, lambda tx: api_keys.revoke(tx, "key_1", 2_000)) is True
    assert write(database, lambda tx: api_keys.revoke(tx, "key_1", 3_000)) is False
    assert write(database, lambda tx: api_keys.revoke(tx, "key_2", 3_000)) is False
    found = read(database, lambda tx: api_keys.fetch_by_digest(tx, "digest-1"))
    assert found is not None
    assert found.revoked == 2_000


def test_a_revoked_key_stays_but_is_not_there(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        account(tx)
        api_key(tx, 1)
        api_key(tx, 2)
        assert api_keys.revoke(tx, "key_1", 2_000)

    write(database, fill)
    rows = api_keys.ROWS
    assert [row.id for row in read(database, lambda tx: listed(tx, rows))] == ["key_2"]
    assert read(database, lambda tx: rows.fetch(tx, SCOPE, "key_1")) is None
    assert not write(database, lambda tx: rows.update(tx, SCOPE, "key_1", 1, {"name": "Renamed"}))
    assert not write(database, lambda tx: rows.delete(tx, SCOPE, "key_1"))
    shown = read(database, lambda tx: api_keys.list_of(tx, "acct_1"))
    assert [(row.id, row.revoked) for row in shown] == [("key_1", 2_000), ("key_2", None)]


def test_the_keys_of_an_account(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        owners(tx)
        for number, scope in enumerate((SCOPE, OTHER_MODE, SCOPE), 1):
            api_key(tx, number, scope)
        api_key(tx, 9, OTHER_ACCOUNT)

    write(database, fill)
    found = read(database, lambda tx: api_keys.list_of(tx, "acct_1"))
    assert [(row.id, row.mode) for row in found] == [("key_1", "live"), ("key_2", "test"), ("key_3", "live")]


def test_a_key_needs_an_account(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        write(database, lambda tx: api_key(tx, 1))


def test_an_event_is_read_as_it_was_written(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(2):
            values = {
                "id": f"evt_{number}",
                "type": "resource.updated",
                "created": 1_000,
                "object_id": "res_1",
                "object": {"number": number, "name": "é"},
                "previous_attributes": {"name": "e"} if number else None,
            }
            events.insert(tx, SCOPE, values)

    write(database, fill)
    first, second = read(database, lambda tx: [events.ROWS.fetch(tx, SCOPE, f"evt_{n}") for n in range(2)])
    assert first is not None
    assert second is not None
    assert first.sequence < second.sequence
    assert first.previous_attributes is None
    assert second._replace(sequence=0, transaction_id=0) == (
        *(0, "evt_1", "acct_1", "live", "resource.updated", 1_000, "res_1"),
        *({"number": 1, "name": "é"}, {"name": "e"}, None, None, 0),
    )


def test_the_newest_resources_of_each_project(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(12):
            for offset, scope in enumerate((SCOPE, OTHER_MODE, OTHER_ACCOUNT)):
                create(tx, 10 * number + offset, scope, project_id=f"proj_{number % 3}")
        create(tx, 999)

    write(database, fill)

    def of(projects: list[str], limit: int) -> list[str]:
        return [row.id for row in read(database, lambda tx: resources.OF_PROJECT.of(tx, SCOPE, projects, limit))]

    assert of(["proj_1"], 3) == [resource(10 * number)["id"] for number in (10, 7, 4)]
    assert of(["proj_0", "proj_2", "proj_9"], 2) == [resource(10 * number)["id"] for number in (11, 9, 8, 6)]
    assert len(of([f"proj_{n}" for n in range(100)], 20)) == 12
    assert of([], 20) == of(["proj_9"], 20) == []
