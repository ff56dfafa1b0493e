"""Bringing a database to the newest schema.

Each file in `versions/` is one hand-written step; a test compares what they lead to with `storage.tables`.
"""

import logging
from pathlib import Path

import sqlalchemy

from storage import database, restoring
from storage.database import Unavailable

log = logging.getLogger(__name__)

# Any number: it only has to be the same in every process that upgrades.
_POSTGRES_LOCK = 6_201_584_021

# Another process may be upgrading; seconds.
_PATIENCE = 120.0


def migrate(url: str) -> None:
    """Run every step that the database lacks in one transaction; on an error it stays as it was.

    Upgrades that run at the same time wait for each other.
    """
    location = database.parse(url)
    engine = _sqlite_engine(location) if location.drivername == "sqlite" else _postgres_engine(location)
    try:
        with engine.connect() as connection:
            upgrade(connection, Path(__file__).parent)
    except sqlalchemy.exc.DatabaseError as error:
        # The driver's own words name the host or the file, and never the password.
        shown, reason = location.render_as_string(hide_password=True), str(error.orig).partition("\n")[0]
        mend = "Is the database running, and is its address right?"
        raise Unavailable(f"The database {shown} cannot be used: {reason}. {mend}") from error
    finally:
        engine.dispose()


def upgrade(connection: sqlalchemy.Connection, scripts: Path) -> None:
    """Run the steps below `scripts` that the database lacks, and commit."""
    if connection.dialect.name == "sqlite":
        # A rebuilt table is dropped for a moment, which the rows that refer to it must not mind.
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
    reached, known = _reached(connection), steps(scripts)
    if reached is not None and reached not in known:
        raise Unavailable(
            f"The database was brought to step {reached} by a newer version; this one knows no step after {known[-1]}. "
            "Start the newer version, or restore a backup from before it."
        )
    if reached != known[-1]:
        _run_steps(connection, scripts)
    if restoring.renumber(connection):
        log.warning("The events come from another PostgreSQL: they are followed in the order of their sequence now.")
    connection.commit()


def steps(scripts: Path) -> list[str]:
    """The names of all steps in their order: the file of each begins with its name."""
    return sorted(path.name.partition("_")[0] for path in (scripts / "versions").glob("*.py"))


def _reached(connection: sqlalchemy.Connection) -> str | None:
    """The last step that the database has."""
    if not sqlalchemy.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _run_steps(connection: sqlalchemy.Connection, scripts: Path) -> None:
    # Most starts find everything done, and go without this import.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sqlite_engine(location: sqlalchemy.URL) -> sqlalchemy.Engine:
    from storage import sqlite

    return sqlite.make_engine(str(location.database), busy_timeout=_PATIENCE)


def _postgres_engine(location: sqlalchemy.URL) -> sqlalchemy.Engine:
    from storage import postgres

    return postgres.make_engine(location, deadline=_PATIENCE, busy_timeout=_PATIENCE)
