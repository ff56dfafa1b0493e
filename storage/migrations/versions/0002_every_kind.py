"""Projects, users, settings, webhook endpoints, logs, usage and schedules; keys and accounts with all their columns."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

string = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
integer = sa.BigInteger()
json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

KEPT_DAYS = 30
NEW_TABLES = ("maintenance", "scheduled_runs", "usage", "logs", "webhook_endpoints", "projects", "users", "settings")


def upgrade() -> None:
    """Create the new tables and widen the old ones."""
    create_settings()
    create_users()
    create_projects()
    create_webhook_endpoints()
    create_logs()
    create_usage()
    create_scheduled_runs()
    create_maintenance()
    change_accounts()
    change_api_keys()
    change_resources()


def downgrade() -> None:
    """Take all of it back; what only the new tables hold is lost."""
    op.drop_index("ix_resources_account_id_mode_project_id_id", "resources")
    op.drop_index("ix_resources_account_id_mode_type_id", "resources")
    with op.batch_alter_table("resources") as resources:
        resources.drop_column("project_id")
    for columns in (["created", "id"], ["updated", "id"], ["name", "id"], ["user_id", "id"], ["id"]):
        op.drop_index(f"ix_api_keys_account_id_mode_{'_'.join(columns)}", "api_keys")
    with op.batch_alter_table("api_keys") as keys:
        for column in ("updated", "version", "user_id", "allowed_networks", "last_used"):
            keys.drop_column(column)
    op.create_index("ix_api_keys_account_id_id", "api_keys", ["account_id", "id"])
    op.execute("DELETE FROM counters WHERE kind <> 'resource'")
    op.drop_index("ix_accounts_next_test_reset", "accounts")
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(sa.Column("api_version", string, nullable=True))
        for column in ("limits", "test_clock_offset", "next_test_reset"):
            accounts.drop_column(column)
    for table in NEW_TABLES:
        op.drop_table(table)


def owned(*columns: sa.Column[object]) -> list[sa.Column[object]]:
    """The columns that every object of a customer has, and its own."""
    return [
        sa.Column("id", string, nullable=False),
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("created", integer, nullable=False),
        sa.Column("updated", integer, nullable=False),
        sa.Column("version", integer, nullable=False),
        *columns,
    ]


def one_of(table: str, column: str, values: str) -> sa.CheckConstraint:
    """The check that a column has one of some values."""
    listed = ", ".join(f"'{value}'" for value in values.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def index(table: str, *lists: list[str]) -> None:
    """Index a customer's table by its owner and each list of columns."""
    for columns in lists:
        op.create_index(f"ix_{table}_account_id_mode_{'_'.join(columns)}", table, ["account_id", "mode", *columns])


def create_settings() -> None:
    """Create the table, with a row for each account and mode."""
    settings = op.create_table(
        "settings",
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("updated", integer, nullable=False),
        sa.Column("version", integer, nullable=False),
        sa.Column("name", string, nullable=False),
        sa.Column("api_version", string, nullable=True),
        sa.Column("log_retention_days", integer, nullable=False),
        sa.Column("webhook_events", json, nullable=False),
        sa.Column("webhook_api_version", string, nullable=True),
        one_of("settings", "mode", "live test"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_settings_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", "mode", name=op.f("pk_settings")),
    )
    accounts = sa.table("accounts", *(sa.column(name) for name in ("id", "created", "name", "api_version")))
    for mode in ("live", "test"):
        existing = sa.select(
            accounts.c.id,
            sa.literal(mode),
            accounts.c.created,
            sa.literal(1),
            accounts.c.name,
            accounts.c.api_version,
            sa.literal(KEPT_DAYS),
            sa.literal(["*"], json),
        )
        op.execute(sa.insert(settings).from_select([column.name for column in settings.c][:8], existing))


def create_users() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "users",
        *owned(
            sa.Column("email", string, nullable=False),
            sa.Column("name", string, nullable=True),
            sa.Column("role", string, nullable=False),
            sa.Column("status", string, nullable=False),
            sa.Column("invitation_digest", string, nullable=True),
            sa.Column("invitation_expires", integer, nullable=True),
        ),
        one_of("users", "mode", "live test"),
        one_of("users", "role", "owner admin member viewer"),
        one_of("users", "status", "invited active"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("invitation_digest", name=op.f("uq_users_invitation_digest")),
    )
    op.create_index(op.f("ix_users_account_id_mode_email"), "users", ["account_id", "mode", "email"], unique=True)
    index("users", ["updated", "id"], ["created", "id"], ["id"])


def create_projects() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "projects",
        *owned(
            sa.Column("name", string, nullable=False),
            sa.Column("slug", string, nullable=False),
            sa.Column("description", string, nullable=True),
            sa.Column("metadata", json, nullable=False),
        ),
        one_of("projects", "mode", "live test"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_index(op.f("ix_projects_account_id_mode_slug"), "projects", ["account_id", "mode", "slug"], unique=True)
    index("projects", ["name", "id"], ["updated", "id"], ["created", "id"], ["id"])


def create_webhook_endpoints() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "webhook_endpoints",
        *owned(
            sa.Column("url", string, nullable=False),
            sa.Column("description", string, nullable=True),
            sa.Column("events", json, nullable=False),
            sa.Column("api_version", string, nullable=False),
            sa.Column("status", string, nullable=False),
            sa.Column("secret", string, nullable=False),
            sa.Column("secret_last4", string, nullable=False),
        ),
        one_of("webhook_endpoints", "mode", "live test"),
        one_of("webhook_endpoints", "status", "enabled disabled"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    index("webhook_endpoints", ["updated", "id"], ["created", "id"], ["id"])


def create_logs() -> None:
    """Create the table; its primary key is its only index."""
    nullable = ("method", "path", "operation")
    more = ("api_version", "key_id", "key_prefix", "error_code", "limiter", "idempotency", "resource_id")
    op.create_table(
        "logs",
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("id", string, nullable=False),
        sa.Column("created", integer, nullable=False),
        sa.Column("type", string, nullable=False),
        sa.Column("level", string, nullable=False),
        sa.Column("message", string, nullable=False),
        *(sa.Column(name, string, nullable=True) for name in nullable),
        sa.Column("status", integer, nullable=True),
        sa.Column("duration_us", integer, nullable=True),
        *(sa.Column(name, string, nullable=True) for name in more),
        one_of("logs", "mode", "live test"),
        one_of("logs", "type", "request job"),
        one_of("logs", "level", "info warning error"),
        sa.PrimaryKeyConstraint("account_id", "mode", "id", name=op.f("pk_logs")),
        sqlite_with_rowid=False,
    )


def create_usage() -> None:
    """Create the table."""
    op.create_table(
        "usage",
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("day", integer, nullable=False, autoincrement=False),
        sa.Column("operation", string, nullable=False),
        sa.Column("requests", integer, nullable=False),
        sa.Column("last", integer, nullable=False),
        one_of("usage", "mode", "live test"),
        sa.PrimaryKeyConstraint("account_id", "mode", "day", "operation", name=op.f("pk_usage")),
    )


def create_scheduled_runs() -> None:
    """Create the table."""
    op.create_table(
        "scheduled_runs",
        sa.Column("name", string, nullable=False),
        sa.Column("slot", string, nullable=False),
        sa.Column("leased_until", integer, nullable=False),
        sa.Column("finished", integer, nullable=True),
        sa.PrimaryKeyConstraint("name", "slot", name=op.f("pk_scheduled_runs")),
    )


def create_maintenance() -> None:
    """Create the table."""
    op.create_table(
        "maintenance",
        sa.Column("message", string, nullable=False),
        sa.Column("retry_after", integer, nullable=False),
        sa.Column("since", integer, nullable=False),
        sa.PrimaryKeyConstraint("message", name=op.f("pk_maintenance")),
    )


def change_accounts() -> None:
    """Give accounts limits and a clock of their own; the version is a setting of each mode now."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("api_version")
        accounts.add_column(sa.Column("limits", json, nullable=True))
        accounts.add_column(sa.Column("test_clock_offset", integer, nullable=True))
        accounts.add_column(sa.Column("next_test_reset", integer, nullable=True))
    op.execute("UPDATE accounts SET test_clock_offset = 0, next_test_reset = 0")
    with op.batch_alter_table("accounts") as accounts:
        accounts.alter_column("test_clock_offset", existing_type=integer, nullable=False)
        accounts.alter_column("next_test_reset", existing_type=integer, nullable=False)
    op.create_index(op.f("ix_accounts_next_test_reset"), "accounts", ["next_test_reset"])


def change_api_keys() -> None:
    """Make keys objects with a history, an owner and networks."""
    op.drop_index("ix_api_keys_account_id_id", "api_keys")
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("updated", integer, nullable=True))
        keys.add_column(sa.Column("version", integer, nullable=True))
        keys.add_column(sa.Column("user_id", string, nullable=True))
        keys.add_column(sa.Column("allowed_networks", json, nullable=True))
        keys.add_column(sa.Column("last_used", integer, nullable=True))
    op.execute("UPDATE api_keys SET updated = created, version = 1, allowed_networks = '[]'")
    with op.batch_alter_table("api_keys") as keys:
        keys.alter_column("updated", existing_type=integer, nullable=False)
        keys.alter_column("version", existing_type=integer, nullable=False)
        keys.alter_column("allowed_networks", existing_type=json, nullable=False)
    index("api_keys", ["user_id", "id"], ["name", "id"], ["updated", "id"], ["created", "id"], ["id"])
    op.execute(
        "INSERT INTO counters (account_id, mode, kind, status, count) "
        "SELECT account_id, mode, 'api_key', '', count(*) FROM api_keys WHERE revoked IS NULL GROUP BY account_id, mode"
    )


def change_resources() -> None:
    """Let resources belong to a project, and list those of a type.

    The index by id is made anew, as the first step says why it is the last.
    """
    with op.batch_alter_table("resources") as resources:
        resources.add_column(sa.Column("project_id", string, nullable=True))
    op.drop_index("ix_resources_account_id_mode_id", "resources")
    index("resources", ["project_id", "id"], ["type", "id"], ["id"])
