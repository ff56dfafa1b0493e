"""Jobs, tasks, deliveries with their attempts, how far the consumers of events are, and metrics of resources."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

string = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
integer = sa.BigInteger()
json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")

NEW_TABLES = (
    "metrics_hourly",
    "event_cursors",
    "deleted_webhooks",
    "delivery_attempts",
    "deliveries",
    "job_outputs",
    "tasks",
    "jobs",
)
STATUSES = "queued running succeeded failed canceled"


# SQLite makes the table anew for a change, and would else give numbers out again once the newest events are gone.
COUNTED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    """Create the new tables and widen the old ones."""
    create_jobs()
    create_tasks()
    create_job_outputs()
    create_deliveries()
    create_delivery_attempts()
    create_deleted_webhooks()
    create_event_cursors()
    change_events()
    start_dispatching()
    change_webhook_endpoints()
    change_logs()
    create_metrics_hourly()
    change_resources()


def downgrade() -> None:
    """Take all of it back; what only the new tables hold is lost."""
    for name in ("job_id", "resource_id"):
        op.drop_index(f"ix_logs_account_id_mode_{name}_id", "logs")
    op.execute("DELETE FROM logs WHERE type = 'job'")
    op.execute("UPDATE logs SET id = 'req_' || id")
    with op.batch_alter_table("logs") as logs:
        logs.drop_column("job_id")
    with op.batch_alter_table("webhook_endpoints") as endpoints:
        for column in ("previous_secret", "previous_secret_expires", "failing_since", "disabled_reason"):
            endpoints.drop_column(column)
    with op.batch_alter_table("resources") as resources:
        for column in ("target_url", "executions", "failed_executions", "paced_until_us", "queued_until_us"):
            resources.drop_column(column)
    op.drop_index("ix_events_transaction_id_sequence", "events")
    op.drop_index("ix_events_account_id_mode_transaction_id_sequence", "events")
    op.drop_index("ix_events_account_id_mode_id", "events")
    with op.batch_alter_table("events", table_kwargs=COUNTED) as events:
        events.drop_column("transaction_id")
        events.create_unique_constraint(op.f("uq_events_id"), ["id"])
    op.execute("DELETE FROM counters WHERE kind IN ('job', 'task', 'delivery')")
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


def columns(kind: sa.types.TypeEngine[Any], names: str, *, null: bool = True) -> list[sa.Column[object]]:
    """Columns of one type."""
    return [sa.Column(name, kind, nullable=null) for name in names.split()]


def one_of(table: str, column: str, values: str) -> sa.CheckConstraint:
    """The check that a column has one of some values."""
    listed = ", ".join(f"'{value}'" for value in values.split())
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def index(table: str, *lists: list[str]) -> None:
    """Index a customer's table by its owner and each list of columns."""
    for names in lists:
        op.create_index(f"ix_{table}_account_id_mode_{'_'.join(names)}", table, ["account_id", "mode", *names])


def queue(table: str, *owner: str) -> None:
    """Index what is to be done for each owner."""
    is_waiting = sa.text("due_ms IS NOT NULL")
    columns = [*owner, "due_ms"]
    op.create_index(f"ix_{table}_queue", table, columns, sqlite_where=is_waiting, postgresql_where=is_waiting)


def create_jobs() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "jobs",
        *owned(
            *columns(string, "type status", null=False),
            *columns(string, "resource_id project_id"),
            sa.Column("input", json, nullable=True),
            *columns(integer, "tasks_total tasks_succeeded tasks_failed tasks_canceled", null=False),
            *columns(string, "error_code error_message"),
            *columns(integer, "started finished cancel_requested"),
            *columns(string, "request_id idempotency_key"),
        ),
        one_of("jobs", "mode", "live test"),
        one_of("jobs", "type", "provision process export"),
        one_of("jobs", "status", STATUSES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    filters = ("project_id", "resource_id", "type", "status", "updated", "created")
    index("jobs", *([name, "id"] for name in filters), ["id"])


def create_tasks() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "tasks",
        *owned(
            *columns(string, "job_id type", null=False),
            *columns(integer, "number", null=False),
            *columns(string, "name status", null=False),
            *columns(integer, "attempts", null=False),
            *columns(json, "input output"),
            *columns(string, "error_code error_message"),
            *columns(integer, "started finished duration_us due_ms"),
            *columns(string, "token"),
        ),
        one_of("tasks", "mode", "live test"),
        one_of("tasks", "status", STATUSES),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    queue("tasks", "type", "account_id")
    index("tasks", ["job_id", "number"], ["status", "id"], ["created", "id"], ["id"])


def create_job_outputs() -> None:
    """Create the table and its index."""
    op.create_table(
        "job_outputs",
        *columns(string, "account_id mode job_id", null=False),
        sa.Column("number", integer, nullable=False, autoincrement=False),
        *columns(integer, "created task_number lines", null=False),
        *columns(string, "position", null=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        one_of("job_outputs", "mode", "live test"),
        sa.PrimaryKeyConstraint("account_id", "mode", "job_id", "number", name=op.f("pk_job_outputs")),
    )
    op.create_index("ix_job_outputs_created", "job_outputs", ["created"])


def create_deliveries() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "deliveries",
        *owned(
            *columns(string, "endpoint_id event_id event_type status", null=False),
            *columns(integer, "attempts failures", null=False),
            *columns(integer, "response_status"),
            *columns(string, "error"),
            *columns(integer, "due_ms"),
            *columns(string, "token"),
        ),
        one_of("deliveries", "mode", "live test"),
        one_of("deliveries", "status", "pending succeeded failed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    queue("deliveries", "endpoint_id")
    has_failed = sa.text("status = 'failed'")
    name, names = "ix_deliveries_failed", ["endpoint_id", "created"]
    op.create_index(name, "deliveries", names, sqlite_where=has_failed, postgresql_where=has_failed)
    index("deliveries", ["event_id", "id"], ["endpoint_id", "id"], ["created", "id"], ["id"])


def create_delivery_attempts() -> None:
    """Create the table; its primary key is its only index."""
    op.create_table(
        "delivery_attempts",
        *columns(string, "account_id mode delivery_id", null=False),
        sa.Column("number", integer, nullable=False, autoincrement=False),
        *columns(integer, "created duration_us", null=False),
        *columns(integer, "response_status"),
        *columns(string, "response_body error"),
        one_of("delivery_attempts", "mode", "live test"),
        sa.PrimaryKeyConstraint("account_id", "mode", "delivery_id", "number", name=op.f("pk_delivery_attempts")),
        sqlite_with_rowid=False,
    )


def create_deleted_webhooks() -> None:
    """Create the table; its primary key is its only index."""
    keys = ("account_id", "mode", "id")
    op.create_table(
        "deleted_webhooks",
        *columns(string, " ".join(keys), null=False),
        one_of("deleted_webhooks", "mode", "live test"),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_deleted_webhooks")),
    )


def create_event_cursors() -> None:
    """Create the table."""
    op.create_table(
        "event_cursors",
        *columns(string, "name", null=False),
        *columns(integer, "transaction_id sequence", null=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_cursors")),
    )


def change_events() -> None:
    """Say which transaction added an event."""
    with op.batch_alter_table("events", table_kwargs=COUNTED) as events:
        events.add_column(sa.Column("transaction_id", integer, nullable=True))
    op.execute("UPDATE events SET transaction_id = 0")
    with op.batch_alter_table("events", table_kwargs=COUNTED) as events:
        events.alter_column("transaction_id", existing_type=integer, nullable=False)
        events.drop_constraint(op.f("uq_events_id"), type_="unique")
    op.create_index(op.f("ix_events_transaction_id_sequence"), "events", ["transaction_id", "sequence"])
    index("events", ["id"], ["transaction_id", "sequence"])


def start_dispatching() -> None:
    """Send what happens from now on, and nothing of what has happened before."""
    op.execute("INSERT INTO event_cursors SELECT 'deliveries', 0, COALESCE(MAX(sequence), 0) FROM events")


def change_webhook_endpoints() -> None:
    """Let secrets be rotated, and endpoints that fail be disabled."""
    with op.batch_alter_table("webhook_endpoints") as endpoints:
        for column in columns(integer, "previous_secret_expires failing_since"):
            endpoints.add_column(column)
        for column in columns(string, "previous_secret disabled_reason"):
            endpoints.add_column(column)


def change_logs() -> None:
    """Let jobs write entries, in one order with those of requests: by the time that each id begins with."""
    op.execute("UPDATE logs SET id = substr(id, 5)")
    with op.batch_alter_table("logs") as logs:
        logs.add_column(sa.Column("job_id", string, nullable=True))
    is_of_job = sa.text("job_id IS NOT NULL")
    for name in ("job_id", "resource_id"):
        listed = ["account_id", "mode", name, "id"]
        index_name = f"ix_logs_account_id_mode_{name}_id"
        op.create_index(index_name, "logs", listed, sqlite_where=is_of_job, postgresql_where=is_of_job)


def create_metrics_hourly() -> None:
    """Create the table and its index."""
    op.create_table(
        "metrics_hourly",
        *columns(string, "account_id mode resource_id", null=False),
        sa.Column("hour", integer, nullable=False, autoincrement=False),
        *columns(integer, "requests errors latency_us", null=False),
        *columns(json, "buckets", null=False),
        one_of("metrics_hourly", "mode", "live test"),
        sa.PrimaryKeyConstraint("account_id", "mode", "resource_id", "hour", name=op.f("pk_metrics_hourly")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_metrics_hourly_hour"), "metrics_hourly", ["hour"])


def change_resources() -> None:
    """Let resources have a target, and count their executions, of which there were none."""
    counted = columns(integer, "executions failed_executions paced_until_us queued_until_us")
    with op.batch_alter_table("resources") as resources:
        for column in columns(string, "target_url") + counted:
            resources.add_column(column)
    op.execute("UPDATE resources SET executions = 0, failed_executions = 0, paced_until_us = 0, queued_until_us = 0")
    with op.batch_alter_table("resources") as resources:
        for column in counted:
            resources.alter_column(column.name, existing_type=integer, nullable=False)
