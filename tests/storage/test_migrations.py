"""The schema is what the steps lead to, whole or not at all."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from storage import accounts, api_keys, database, events, migrations, postgres, resources, settings, sqlite
from storage.database import Unavailable, open_database
from storage.scope import Scope
from storage.tables import metadata
from tests.storage.samples import OTHER_MODE, SCOPE, listed, read, run

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(migrations.__file__).parent

FAILING = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0003"


def upgrade() -> None:
    op.create_table("half_done", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO nowhere VALUES (1)")
"""


def engine_for(url: str) -> sqlalchemy.Engine:
    location = database.parse(url)
    if location.drivername == "sqlite":
        return sqlite.make_engine(str(location.database))
    return postgres.make_engine(location, deadline=10, busy_timeout=10)


def tables_in(url: str) -> set[str]:
    engine = engine_for(url)
    found = set(sqlalchemy.inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_the_steps_lead_to_the_tables(url: str) -> None:
    engine = engine_for(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_checks_of_the_tables_are_there(url: str) -> None:
    """The comparison of Alembic does not look at CHECK constraints."""
    engine = engine_for(url)
    inspector = sqlalchemy.inspect(engine)
    for table in metadata.sorted_tables:
        wanted = {str(each.name) for each in table.constraints if isinstance(each, sqlalchemy.CheckConstraint)}
        assert {str(each["name"]) for each in inspector.get_check_constraints(table.name)} == wanted
    engine.dispose()


def test_upgrading_twice_changes_nothing(url: str) -> None:
    before = tables_in(url)
    migrations.migrate(url)
    assert tables_in(url) == before == {*metadata.tables, "alembic_version"}


def test_a_step_is_in_the_file_of_its_name() -> None:
    assert [each.revision for each in ScriptDirectory(str(SCRIPTS)).walk_revisions()] == migrations.steps(SCRIPTS)[::-1]


def test_a_start_with_nothing_to_do_needs_no_alembic(url: str) -> None:
    code = (
        "import sys; from storage.migrations import migrate; migrate(sys.argv[1]); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "error", "-c", code, url], cwd=ROOT, check=False).returncode == 0


def test_a_database_of_a_newer_version_is_left_alone(empty_url: str) -> None:
    migrations.migrate(empty_url)
    engine = engine_for(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = tables_in(empty_url)
    with pytest.raises(Unavailable, match=r"step 9999 by a newer version; .* Start the newer version, or restore"):
        migrations.migrate(empty_url)
    assert tables_in(empty_url) == before
    engine.dispose()


def test_upgrades_at_once_all_end_well(empty_url: str) -> None:
    code = "import sys; from storage import migrations; migrations.migrate(sys.argv[1])"
    command_line = [sys.executable, "-W", "error", "-c", code, empty_url]
    processes = [
        subprocess.Popen(command_line, cwd=ROOT, stderr=subprocess.PIPE, text=True, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    ends = [(process.communicate(timeout=60)[1], process.returncode) for process in processes]
    assert ends == 3 * [("", 0)]
    assert tables_in(empty_url) == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize("existing", [False, True])
def test_a_failing_step_leaves_nothing(empty_url: str, tmp_path: Path, existing: bool) -> None:
    if existing:
        migrations.migrate(empty_url)
    before = tables_in(empty_url)
    scripts = shutil.copytree(SCRIPTS, tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_failing.py").write_text(FAILING)
    engine = engine_for(empty_url)
    with engine.connect() as connection, pytest.raises(sqlalchemy.exc.SQLAlchemyError, match="nowhere"):
        migrations.upgrade(connection, scripts)
    engine.dispose()
    assert tables_in(empty_url) == before
    migrations.migrate(empty_url)
    assert tables_in(empty_url) == {*metadata.tables, "alembic_version"}


def test_the_steps_can_be_taken_back(empty_url: str) -> None:
    migrations.migrate(empty_url)
    engine = engine_for(empty_url)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
    engine.dispose()
    assert tables_in(empty_url) == {"alembic_version"}
    migrations.migrate(empty_url)
    assert tables_in(empty_url) == {*metadata.tables, "alembic_version"}


def step(connection: sqlalchemy.Connection, revision: str) -> None:
    """Bring a database to a revision, up or down, and commit."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision() or ""
    connection.rollback()
    if connection.dialect.name == "sqlite":
        # As an upgrade does it: a table that is rebuilt is dropped for a moment.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    (command.upgrade if revision > current else command.downgrade)(config, revision)
    connection.commit()


OLD_ACCOUNT = (
    "INSERT INTO accounts (id, name, plan, region, api_version, created) "
    "VALUES ('acct_1', 'Example', 'growth', 'us', '2023-11-01', 1000), ('acct_2', 'Another', 'free', 'eu', NULL, 2000)"
)
OLD_KEYS = (
    "INSERT INTO api_keys (id, account_id, mode, name, digest, prefix, last4, scopes, created, revoked) VALUES "
    "('key_1', 'acct_1', 'live', 'A key', 'digest-1', 'sk_live_abcd', 'wxyz', '[\"*\"]', 1500, NULL), "
    "('key_2', 'acct_1', 'test', 'A key', 'digest-2', 'sk_test_abcd', 'wxyz', '[\"*\"]', 1500, NULL), "
    "('key_3', 'acct_1', 'live', 'A key', 'digest-3', 'sk_live_abcd', 'wxyz', '[\"*\"]', 1500, 1600)"
)
OLD_RESOURCE = (
    "INSERT INTO resources (id, account_id, mode, created, updated, version, name, type, status, timeout_ms, "
    "retry_count, batch_size, rate_limit, metadata, steps_completed, estimated_completion) VALUES "
    "('res_1', 'acct_1', 'live', 1700, 1800, 3, 'A resource', 'staging', 'active', 1, 2, 3, 4, '{\"a\": \"b\"}', 5, 6)"
)
OLD_COUNTER = "INSERT INTO counters VALUES ('acct_1', 'live', 'resource', 'active', 1)"
OLD_EVENT = (
    "INSERT INTO events (id, account_id, mode, type, created, object_id, object) "
    "VALUES ('evt_1', 'acct_1', 'live', 'resource.created', 1700, 'res_1', '{\"id\": \"res_1\"}')"
)


@contextlib.contextmanager
def of_the_first_step(url: str) -> Iterator[sqlalchemy.Connection]:
    """A connection to a database as the first step left it, with an object of each kind in it."""
    engine = engine_for(url)
    with engine.connect() as connection:
        step(connection, "0001")
        for statement in (OLD_ACCOUNT, OLD_KEYS, OLD_RESOURCE, OLD_COUNTER, OLD_EVENT):
            connection.exec_driver_sql(statement)
        connection.commit()
        yield connection
    engine.dispose()


def test_what_a_first_database_held_is_there(empty_url: str) -> None:
    with of_the_first_step(empty_url):
        pass
    migrations.migrate(empty_url)
    opened = open_database(empty_url)
    assert read(opened, lambda tx: accounts.fetch(tx, "acct_1")) == accounts.Row(
        "acct_1", "Example", "growth", "us", 1_000, None, 0, 0
    )
    found = read(opened, lambda tx: resources.ROWS.fetch(tx, SCOPE, "res_1"))
    assert found is not None
    assert found[:9] == ("res_1", "acct_1", "live", 1_700, 1_800, 3, "A resource", "staging", "active")
    assert found[9:] == (1, 2, 3, 4, {"a": "b"}, 5, 6, None, None, 0, 0, 0, 0)
    assert read(opened, lambda tx: resources.ROWS.count(tx, SCOPE, {"status": "active"})) == 1
    event = read(opened, lambda tx: events.ROWS.fetch(tx, SCOPE, "evt_1"))
    assert event is not None
    assert event.object == {"id": "res_1"}
    run(opened.close())


def test_a_first_database_gets_settings_in_both_modes(empty_url: str) -> None:
    with of_the_first_step(empty_url):
        pass
    migrations.migrate(empty_url)
    opened = open_database(empty_url)
    expected = {("acct_1", 1_000, "Example", "2023-11-01"), ("acct_2", 2_000, "Another", None)}
    for account_id, updated, name, version in expected:
        for mode in ("live", "test"):
            found = read(opened, partial(settings.fetch, scope=Scope(account_id, mode)))
            assert found == settings.Row(account_id, mode, updated, 1, name, version, 30, ["*"], None)
    run(opened.close())


def test_the_keys_of_a_first_database_work_and_are_counted(empty_url: str) -> None:
    with of_the_first_step(empty_url):
        pass
    migrations.migrate(empty_url)
    opened = open_database(empty_url)
    found = read(opened, lambda tx: api_keys.fetch_by_digest(tx, "digest-1"))
    assert found is not None
    assert (found.scopes, found.allowed_networks, found.user_id) == (["*"], [], None)
    assert (found.plan, found.account_api_version) == ("growth", "2023-11-01")
    for scope, key_id in ((SCOPE, "key_1"), (OTHER_MODE, "key_2")):
        (row,) = read(opened, lambda tx, s=scope: listed(tx, api_keys.ROWS, s))  # type: ignore[misc]
        assert (row.id, row.created, row.updated, row.version) == (key_id, 1_500, 1_500, 1)
        assert read(opened, lambda tx, s=scope: api_keys.ROWS.count(tx, s, {})) == 1  # type: ignore[misc]
    run(opened.close())


def test_a_database_can_go_back_with_its_data(empty_url: str) -> None:
    tables = ("accounts", "api_keys", "resources", "events", "counters")
    lost = {"accounts": "api_version"}
    with of_the_first_step(empty_url) as connection:

        def contents() -> dict[str, list[str]]:
            found = {}
            for table in tables:
                columns = [each["name"] for each in sqlalchemy.inspect(connection).get_columns(table)]
                kept = ", ".join(sorted(name for name in columns if name != lost.get(table)))
                found[table] = sorted(map(repr, connection.exec_driver_sql(f"SELECT {kept} FROM {table}").all()))
            connection.rollback()
            return found

        before = contents()
        step(connection, "0002")
        step(connection, "0001")
        assert contents() == before
        for revision in ("0002", "0003", "0002", "0003"):
            step(connection, revision)
    assert tables_in(empty_url) == {*metadata.tables, "alembic_version"}
