"""The schema is what the steps lead to, whole or not at all."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from storage import database, migrations, postgres, sqlite
from storage.tables import metadata

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(migrations.__file__).parent

FAILING = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0002"


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
