"""Accounts, their API keys and their events, on both engines."""

import pytest

from storage import accounts, api_keys, events
from storage.database import Database, Transaction
from tests.storage.samples import OTHER_ACCOUNT, OTHER_MODE, SCOPE, account, api_key, read, write


def test_an_account_is_found_by_its_id(database: Database) -> None:
    write(database, lambda tx: account(tx, api_version="2024-01-15"))
    found = read(database, lambda tx: accounts.fetch(tx, "acct_1"))
    assert found == accounts.Row("acct_1", "Example", "growth", "us", "2024-01-15", 1_000)
    assert read(database, lambda tx: accounts.fetch(tx, "acct_2")) is None


def test_a_key_is_found_by_its_digest_with_its_account(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        account(tx, api_version="2023-11-01")
        api_key(tx, api_version="2024-01-15", expires=9_000)

    write(database, fill)
    found = read(database, lambda tx: api_keys.fetch_by_digest(tx, "digest-1"))
    assert found is not None
    assert found[:4] == ("key_1", "acct_1", "live", "Production")
    assert found.scopes == ["resources:read", "resources:write"]
    assert (found.api_version, found.created, found.expires, found.revoked) == ("2024-01-15", 1_000, 9_000, None)
    assert (found.account_name, found.plan, found.region) == ("Example", "growth", "us")
    assert found.account_api_version == "2023-11-01"
    assert read(database, lambda tx: api_keys.fetch_by_digest(tx, "digest-2")) is None


def test_revoking_twice_keeps_the_first_time(database: Database) -> None:
    write(database, account)
    write(database, api_key)
    assert write(database, lambda tx: api_keys.revoke(tx, "key_1", 2_000)) is True
    assert write(database, lambda tx: api_keys.revoke(tx, "key_1", 3_000)) is False
    assert write(database, lambda tx: api_keys.revoke(tx, "key_2", 3_000)) is False
    found = read(database, lambda tx: api_keys.fetch_by_digest(tx, "digest-1"))
    assert found is not None
    assert found.revoked == 2_000


def test_the_keys_of_an_account(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        account(tx)
        account(tx, id="acct_2")
        for number, mode in enumerate(("live", "test", "live"), 1):
            api_key(tx, id=f"key_{number}", digest=f"digest-{number}", mode=mode)
        api_key(tx, id="key_9", digest="digest-9", account_id="acct_2")

    write(database, fill)
    found = read(database, lambda tx: api_keys.list_of(tx, "acct_1"))
    assert [(row.id, row.mode) for row in found] == [("key_1", "live"), ("key_2", "test"), ("key_3", "live")]


def test_a_key_needs_an_account(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        write(database, api_key)


def test_events_come_newest_first_for_each_object(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        for number in range(12):
            for scope in (SCOPE, OTHER_MODE, OTHER_ACCOUNT):
                values = {
                    "id": f"evt_{number}_{scope.account_id}_{scope.mode}",
                    "type": "resource.updated",
                    "created": 1_000,
                    "object_id": f"res_{number % 3}",
                    "object": {"number": number, "name": "é"},
                    "previous_attributes": {"name": "e"} if number else None,
                }
                events.insert(tx, scope, values)

    write(database, fill)
    found = read(database, lambda tx: events.recent(tx, SCOPE, ["res_1"], 3))
    assert [row.object for row in found] == [{"number": n, "name": "é"} for n in (10, 7, 4)]
    first = found[0]
    assert first._replace(sequence=0) == events.Row(
        *(0, "evt_10_acct_1_live", "acct_1", "live", "resource.updated", 1_000, "res_1"),
        *({"number": 10, "name": "é"}, {"name": "e"}, None, None),
    )
    several = read(database, lambda tx: events.recent(tx, SCOPE, ["res_0", "res_2", "res_9"], 2))
    assert [row.object["number"] for row in several] == [11, 9, 8, 6]
    many = [f"res_{n}" for n in range(100)]
    assert len(read(database, lambda tx: events.recent(tx, SCOPE, many, 20))) == 12
    assert read(database, lambda tx: events.recent(tx, SCOPE, [], 20)) == []
    oldest = read(database, lambda tx: events.recent(tx, SCOPE, ["res_0"], 20))[-1]
    assert oldest.previous_attributes is None
