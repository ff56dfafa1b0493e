"""Accounts, API keys, resources, events, idempotency keys and counters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

string = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
integer = sa.BigInteger()
sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Create the first tables."""
    create_accounts()
    create_api_keys()
    create_resources()
    create_events()
    create_idempotency_keys()
    create_counters()


def downgrade() -> None:
    """Drop them again, those that refer to others first."""
    for table in ("counters", "idempotency_keys", "events", "resources", "api_keys", "accounts"):
        op.drop_table(table)


def create_accounts() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "accounts",
        sa.Column("id", string, nullable=False),
        sa.Column("name", string, nullable=False),
        sa.Column("plan", string, nullable=False),
        sa.Column("region", string, nullable=False),
        sa.Column("api_version", string, nullable=True),
        sa.Column("created", integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )


def create_api_keys() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "api_keys",
        sa.Column("id", string, nullable=False),
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("name", string, nullable=False),
        sa.Column("digest", string, nullable=False),
        sa.Column("prefix", string, nullable=False),
        sa.Column("last4", string, nullable=False),
        sa.Column("scopes", json, nullable=False),
        sa.Column("api_version", string, nullable=True),
        sa.Column("created", integer, nullable=False),
        sa.Column("expires", integer, nullable=True),
        sa.Column("revoked", integer, nullable=True),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_api_keys_mode")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.create_index(op.f("ix_api_keys_account_id_id"), "api_keys", ["account_id", "id"])


def create_resources() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "resources",
        sa.Column("id", string, nullable=False),
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("created", integer, nullable=False),
        sa.Column("updated", integer, nullable=False),
        sa.Column("version", integer, nullable=False),
        sa.Column("name", string, nullable=False),
        sa.Column("type", string, nullable=False),
        sa.Column("status", string, nullable=False),
        sa.Column("timeout_ms", integer, nullable=False),
        sa.Column("retry_count", integer, nullable=False),
        sa.Column("batch_size", integer, nullable=False),
        sa.Column("rate_limit", integer, nullable=False),
        sa.Column("metadata", json, nullable=False),
        sa.Column("steps_completed", integer, nullable=False),
        sa.Column("estimated_completion", integer, nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_resources_mode")),
        sa.CheckConstraint("status IN ('pending', 'active', 'paused', 'archived')", name=op.f("ck_resources_status")),
        sa.CheckConstraint(
            "type IN ('production', 'staging', 'development', 'processor')", name=op.f("ck_resources_type")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
    )
    # Until PostgreSQL has statistics of a table, the newest of its indexes wins: the one that finds a row by its id.
    for columns in (["status", "id"], ["created", "id"], ["updated", "id"], ["name", "id"], ["id"]):
        name = op.f(f"ix_resources_account_id_mode_{'_'.join(columns)}")
        op.create_index(name, "resources", ["account_id", "mode", *columns])


def create_events() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "events",
        sa.Column("sequence", sequence, autoincrement=True, nullable=False),
        sa.Column("id", string, nullable=False),
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("type", string, nullable=False),
        sa.Column("created", integer, nullable=False),
        sa.Column("object_id", string, nullable=False),
        sa.Column("object", json, nullable=False),
        sa.Column("previous_attributes", json, nullable=True),
        sa.Column("request_id", string, nullable=True),
        sa.Column("idempotency_key", string, nullable=True),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_events_mode")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_events")),
        sa.UniqueConstraint("id", name=op.f("uq_events_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_events_account_id_mode_object_id_sequence"),
        "events",
        ["account_id", "mode", "object_id", "sequence"],
        unique=False,
    )


def create_idempotency_keys() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "idempotency_keys",
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("key", string, nullable=False),
        sa.Column("fingerprint", string, nullable=False),
        sa.Column("status", integer, nullable=True),
        sa.Column("headers", json, nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created", integer, nullable=False),
        sa.Column("expires", integer, nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_idempotency_keys_mode")),
        sa.PrimaryKeyConstraint("account_id", "mode", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_expires"), "idempotency_keys", ["expires"])


def create_counters() -> None:
    """Create the table and its indexes."""
    op.create_table(
        "counters",
        sa.Column("account_id", string, nullable=False),
        sa.Column("mode", string, nullable=False),
        sa.Column("kind", string, nullable=False),
        sa.Column("status", string, nullable=False),
        sa.Column("count", integer, nullable=False),
        sa.CheckConstraint("mode IN ('live', 'test')", name=op.f("ck_counters_mode")),
        sa.PrimaryKeyConstraint("account_id", "mode", "kind", "status", name=op.f("pk_counters")),
    )
