"""The tables. Times are unix seconds, text sorts by code point on both engines, and there are no floats."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite compares the bytes of UTF-8, which is the order of code points; PostgreSQL does so only when told.
String = Text().with_variant(Text(collation="C"), "postgresql")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
# SQLite counts up only an INTEGER PRIMARY KEY.
Sequence = BigInteger().with_variant(Integer(), "sqlite")

MODES = ("live", "test")
RESOURCE_STATUSES = ("pending", "active", "paused", "archived")
ROLES = ("owner", "admin", "member", "viewer")
USER_STATUSES = ("invited", "active")
ENDPOINT_STATUSES = ("enabled", "disabled")
JOB_TYPES = ("provision", "process", "export")
WORK_STATUSES = ("queued", "running", "succeeded", "failed", "canceled")
DELIVERY_STATUSES = ("pending", "succeeded", "failed")
LOG_TYPES = ("request", "job")
LOG_LEVELS = ("info", "warning", "error")
RESOURCE_TYPES = ("production", "staging", "development", "processor")


def _text(name: str, *, null: bool = False, key: bool = False) -> Column[str]:
    return Column(name, String, nullable=null, primary_key=key)


def _integer(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=null)


def _queue(table: str, *owner: str) -> Index:
    """What is to be done for each owner, in the order in which it is due."""
    is_waiting = text("due_ms IS NOT NULL")
    return Index(f"ix_{table}_queue", *owner, "due_ms", sqlite_where=is_waiting, postgresql_where=is_waiting)


def _of_jobs(column: str) -> Index:
    """The entries that jobs wrote, by one of their columns."""
    is_of_job = text("job_id IS NOT NULL")
    return Index(None, "account_id", "mode", column, "id", sqlite_where=is_of_job, postgresql_where=is_of_job)


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


accounts = Table(
    "accounts",
    metadata,
    _text("id", key=True),
    _text("name"),
    _text("plan"),
    _text("region"),
    _integer("created"),
    # What was agreed for this account, where it differs from its plan.
    Column("limits", Json, nullable=True),
    # How far the clock of test mode is ahead, in seconds, and when, by the real clock, test data is deleted next.
    _integer("test_clock_offset"),
    _integer("next_test_reset"),
    Index(None, "next_test_reset"),
)

settings = Table(
    "settings",
    metadata,
    Column("account_id", String, ForeignKey("accounts.id"), nullable=False, primary_key=True),
    _text("mode", key=True),
    _integer("updated"),
    _integer("version"),
    _text("name"),
    _text("api_version", null=True),
    _integer("log_retention_days"),
    Column("webhook_events", Json, nullable=False),
    _text("webhook_api_version", null=True),
    _one_of("mode", MODES),
)

users = Table(
    "users",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("email"),
    _text("name", null=True),
    _text("role"),
    _text("status"),
    Column("invitation_digest", String, nullable=True, unique=True),
    _integer("invitation_expires", null=True),
    _one_of("mode", MODES),
    _one_of("role", ROLES),
    _one_of("status", USER_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "updated", "id"),
    Index(None, "account_id", "mode", "email", unique=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("id", key=True),
    Column("account_id", String, ForeignKey("accounts.id"), nullable=False),
    _text("mode"),
    _text("name"),
    Column("digest", String, nullable=False, unique=True),
    _text("prefix"),
    _text("last4"),
    Column("scopes", Json, nullable=False),
    _text("api_version", null=True),
    _integer("created"),
    _integer("expires", null=True),
    _integer("revoked", null=True),
    _integer("updated"),
    _integer("version"),
    _text("user_id", null=True),
    Column("allowed_networks", Json, nullable=False),
    _integer("last_used", null=True),
    _one_of("mode", MODES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "updated", "id"),
    Index(None, "account_id", "mode", "name", "id"),
    Index(None, "account_id", "mode", "user_id", "id"),
)

projects = Table(
    "projects",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("name"),
    _text("slug"),
    _text("description", null=True),
    Column("metadata", Json, nullable=False),
    _one_of("mode", MODES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "updated", "id"),
    Index(None, "account_id", "mode", "name", "id"),
    Index(None, "account_id", "mode", "slug", unique=True),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("url"),
    _text("description", null=True),
    Column("events", Json, nullable=False),
    _text("api_version"),
    _text("status"),
    # Sealed: the secret is needed again for each signature, so a digest would not do.
    _text("secret"),
    _text("secret_last4"),
    # The secret before the last rotation, which signs as well until it ends.
    _text("previous_secret", null=True),
    _integer("previous_secret_expires", null=True),
    # Since when every attempt has failed, and why the platform disabled it.
    _integer("failing_since", null=True),
    _text("disabled_reason", null=True),
    _one_of("mode", MODES),
    _one_of("status", ENDPOINT_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "updated", "id"),
)

resources = Table(
    "resources",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("name"),
    _text("type"),
    _text("status"),
    _integer("timeout_ms"),
    _integer("retry_count"),
    _integer("batch_size"),
    _integer("rate_limit"),
    Column("metadata", Json, nullable=False),
    _integer("steps_completed"),
    _integer("estimated_completion"),
    _text("project_id", null=True),
    # Where its executions are sent; without one they run here.
    _text("target_url", null=True),
    # All executions, as the hours below are not kept. None at all spares every reader a look at those.
    _integer("executions"),
    _integer("failed_executions"),
    # Up to when, in unix microseconds, the executions that were begun use up the rate limit.
    _integer("paced_until_us"),
    # Up to when turns are given to the executions that wait for it.
    _integer("queued_until_us"),
    _one_of("mode", MODES),
    _one_of("type", RESOURCE_TYPES),
    _one_of("status", RESOURCE_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "status", "id"),
    Index(None, "account_id", "mode", "type", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "updated", "id"),
    Index(None, "account_id", "mode", "name", "id"),
    Index(None, "account_id", "mode", "project_id", "id"),
)

# The executions of a resource within an hour, changed only by who has the row of the resource locked.
metrics_hourly = Table(
    "metrics_hourly",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("resource_id", key=True),
    # Hours since 1970 in UTC.
    Column("hour", BigInteger, nullable=False, primary_key=True, autoincrement=False),
    _integer("requests"),
    _integer("errors"),
    # Of all of them together.
    _integer("latency_us"),
    # How many had a latency within each range; domain/metrics.py says which ranges.
    Column("buckets", Json, nullable=False),
    _one_of("mode", MODES),
    Index(None, "hour"),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=True),
    _text("id"),
    _text("account_id"),
    _text("mode"),
    _text("type"),
    _integer("created"),
    _text("object_id"),
    Column("object", Json, nullable=False),
    Column("previous_attributes", Json, nullable=True),
    _text("request_id", null=True),
    _text("idempotency_key", null=True),
    # Which of PostgreSQL's transactions added it: sequences are taken before the commit, and may become visible late.
    # SQLite's one writer commits in their order, so there it is 0.
    _integer("transaction_id"),
    _one_of("mode", MODES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "object_id", "sequence"),
    Index(None, "account_id", "mode", "transaction_id", "sequence"),
    Index(None, "transaction_id", "sequence"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("type"),
    _text("status"),
    _text("resource_id", null=True),
    _text("project_id", null=True),
    Column("input", Json, nullable=True),
    _integer("tasks_total"),
    _integer("tasks_succeeded"),
    _integer("tasks_failed"),
    _integer("tasks_canceled"),
    _text("error_code", null=True),
    _text("error_message", null=True),
    _integer("started", null=True),
    _integer("finished", null=True),
    # When it was asked to stop; what of it runs then is finished first.
    _integer("cancel_requested", null=True),
    # The request that made it, which its later events name too.
    _text("request_id", null=True),
    _text("idempotency_key", null=True),
    _one_of("mode", MODES),
    _one_of("type", JOB_TYPES),
    _one_of("status", WORK_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "updated", "id"),
    Index(None, "account_id", "mode", "status", "id"),
    Index(None, "account_id", "mode", "type", "id"),
    Index(None, "account_id", "mode", "resource_id", "id"),
    Index(None, "account_id", "mode", "project_id", "id"),
)

tasks = Table(
    "tasks",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("job_id"),
    # The job's type, and the place of this step or batch in it, from 1.
    _text("type"),
    _integer("number"),
    _text("name"),
    _text("status"),
    _integer("attempts"),
    Column("input", Json, nullable=True),
    Column("output", Json, nullable=True),
    _text("error_code", null=True),
    _text("error_message", null=True),
    _integer("started", null=True),
    _integer("finished", null=True),
    _integer("duration_us", null=True),
    # In unix milliseconds: when it is to be run, or while it is, until when its worker holds it; see storage/queues.py.
    _integer("due_ms", null=True),
    _text("token", null=True),
    _one_of("mode", MODES),
    _one_of("status", WORK_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "status", "id"),
    Index(None, "account_id", "mode", "job_id", "number"),
    _queue("tasks", "type", "account_id"),
)

# What jobs have written, part by part.
job_outputs = Table(
    "job_outputs",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("job_id", key=True),
    Column("number", BigInteger, nullable=False, primary_key=True, autoincrement=False),
    _integer("created"),
    # Which task wrote it, how many lines, and up to which object, behind which the next part begins.
    _integer("task_number"),
    _integer("lines"),
    _text("position"),
    Column("content", LargeBinary, nullable=False),
    _one_of("mode", MODES),
    Index(None, "created"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _text("id", key=True),
    _text("account_id"),
    _text("mode"),
    _integer("created"),
    _integer("updated"),
    _integer("version"),
    _text("endpoint_id"),
    _text("event_id"),
    _text("event_type"),
    _text("status"),
    _integer("attempts"),
    # How many of them failed since it was last queued, which tells how long to wait for the next one.
    _integer("failures"),
    # Of the last attempt: what was answered, or why nothing was.
    _integer("response_status", null=True),
    _text("error", null=True),
    # As for tasks.
    _integer("due_ms", null=True),
    _text("token", null=True),
    _one_of("mode", MODES),
    _one_of("status", DELIVERY_STATUSES),
    Index(None, "account_id", "mode", "id"),
    Index(None, "account_id", "mode", "created", "id"),
    Index(None, "account_id", "mode", "endpoint_id", "id"),
    Index(None, "account_id", "mode", "event_id", "id"),
    Index(
        "ix_deliveries_failed",
        "endpoint_id",
        "created",
        sqlite_where=text("status = 'failed'"),
        postgresql_where=text("status = 'failed'"),
    ),
    _queue("deliveries", "endpoint_id"),
)

delivery_attempts = Table(
    "delivery_attempts",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("delivery_id", key=True),
    Column("number", BigInteger, nullable=False, primary_key=True, autoincrement=False),
    _integer("created"),
    _integer("duration_us"),
    _integer("response_status", null=True),
    # The first part of the answer, and why there was none.
    _text("response_body", null=True),
    _text("error", null=True),
    _one_of("mode", MODES),
    sqlite_with_rowid=False,
)

# Webhooks that are gone, as long as deliveries of theirs are left.
deleted_webhooks = Table(
    "deleted_webhooks",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("id", key=True),
    _one_of("mode", MODES),
)

# How far each consumer of the events has come.
event_cursors = Table(
    "event_cursors",
    metadata,
    _text("name", key=True),
    _integer("transaction_id"),
    _integer("sequence"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("key", key=True),
    _text("fingerprint"),
    _integer("status", null=True),
    Column("headers", Json, nullable=True),
    Column("body", LargeBinary, nullable=True),
    _integer("created"),
    _integer("expires"),
    _one_of("mode", MODES),
    Index(None, "expires"),
)

counters = Table(
    "counters",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("kind", key=True),
    _text("status", key=True),
    _integer("count"),
    _one_of("mode", MODES),
)

# Rows are written in bulk behind the answer, so requests are in no index but the table itself. Ids begin with their
# time, and have no prefix: entries of all types are in one order.
logs = Table(
    "logs",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    _text("id", key=True),
    _integer("created"),
    _text("type"),
    _text("level"),
    # Empty for a request, whose other columns say it all.
    _text("message"),
    _text("method", null=True),
    _text("path", null=True),
    _text("operation", null=True),
    _integer("status", null=True),
    _integer("duration_us", null=True),
    _text("api_version", null=True),
    _text("key_id", null=True),
    _text("key_prefix", null=True),
    _text("error_code", null=True),
    # What the limits and the idempotency key decided.
    _text("limiter", null=True),
    _text("idempotency", null=True),
    _text("resource_id", null=True),
    # Of what a job wrote.
    _text("job_id", null=True),
    _one_of("mode", MODES),
    _one_of("type", LOG_TYPES),
    _one_of("level", LOG_LEVELS),
    _of_jobs("job_id"),
    _of_jobs("resource_id"),
    sqlite_with_rowid=False,
)

usage = Table(
    "usage",
    metadata,
    _text("account_id", key=True),
    _text("mode", key=True),
    # Days since 1970 in UTC.
    Column("day", BigInteger, nullable=False, primary_key=True, autoincrement=False),
    # "" for all operations together; the operation's id for one that is deprecated.
    _text("operation", key=True),
    _integer("requests"),
    _integer("last"),
    _one_of("mode", MODES),
)

scheduled_runs = Table(
    "scheduled_runs",
    metadata,
    _text("name", key=True),
    # Which of the schedule's times it is, such as a day.
    _text("slot", key=True),
    # Until when the process that has it may take.
    _integer("leased_until"),
    _integer("finished", null=True),
)

# At most one row, while the API is closed.
maintenance = Table(
    "maintenance",
    metadata,
    _text("message", key=True),
    _integer("retry_after"),
    _integer("since"),
)
