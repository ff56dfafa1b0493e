"""What the FastAPI peer stores (SQLAlchemy ORM) and shows (pydantic)."""

import time
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import JSON, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.peers import rows

Type = Literal["production", "staging", "development", "processor"]
Status = Literal["pending", "active", "paused", "archived"]
Name = Annotated[str, Field(min_length=3, max_length=255)]
Metadata = Annotated[dict[str, Annotated[str, Field(max_length=500)]], Field(max_length=20)]


def now() -> int:
    """The time in unix seconds."""
    return int(time.time())


class Base(DeclarativeBase):
    """The tables."""


class ApiKey(Base):
    """A key by the hash of its text."""

    __tablename__ = "api_keys"

    hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    livemode: Mapped[bool]
    requests_per_minute: Mapped[int]


class StoredResource(Base):
    """A resource."""

    __tablename__ = "resources"
    __table_args__ = (Index("resources_newest", "account_id", "livemode", "created", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: f"res_{uuid.uuid4().hex[:26]}")
    account_id: Mapped[str]
    livemode: Mapped[bool]
    created: Mapped[int] = mapped_column(default=now)
    updated: Mapped[int] = mapped_column(default=now, onupdate=now)
    name: Mapped[str]
    type: Mapped[str]
    status: Mapped[str] = mapped_column(default="pending")
    configuration: Mapped[dict[str, Any]] = mapped_column(JSON)
    metadata_: Mapped[dict[str, str]] = mapped_column("metadata", JSON)
    project: Mapped[str | None] = mapped_column(default=None)
    target_url: Mapped[str | None] = mapped_column(default=None)
    provisioning: Mapped[dict[str, Any]] = mapped_column(JSON, default=lambda: rows.provisioning(now()))


class Configuration(BaseModel):
    """How a resource works."""

    timeout_ms: int = Field(default=5000, ge=100, le=30000)
    retry_count: int = Field(default=3, ge=0, le=5)
    batch_size: int = Field(default=100, ge=1, le=1000)
    rate_limit: int = 1000


class ConfigurationCreate(BaseModel):
    """The settings of a new resource."""

    model_config = ConfigDict(extra="forbid")

    timeout_ms: int = Field(default=5000, ge=100, le=30000)
    retry_count: int = Field(default=3, ge=0, le=5)
    batch_size: int = Field(default=100, ge=1, le=1000)


class ConfigurationUpdate(BaseModel):
    """The settings to change."""

    model_config = ConfigDict(extra="forbid")

    timeout_ms: int | None = Field(default=None, ge=100, le=30000)
    retry_count: int | None = Field(default=None, ge=0, le=5)
    batch_size: int | None = Field(default=None, ge=1, le=1000)


class ResourceCreate(BaseModel):
    """A resource to create."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: Type
    configuration: ConfigurationCreate = ConfigurationCreate()
    metadata: Metadata = {}


class ResourceUpdate(BaseModel):
    """The fields to change."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    configuration: ConfigurationUpdate | None = None
    metadata: Metadata | None = None
    status: Literal["active", "paused", "archived"] | None = None


class Provisioning(BaseModel):
    """How far provisioning is."""

    status: Literal["in_progress", "completed"]
    estimated_completion: int
    steps_completed: int
    steps_total: int


class Lifetime(BaseModel):
    """Executions since the start."""

    requests: int = 0
    success_rate: float = 100.0
    errors: int = 0


class LastDay(Lifetime):
    """Executions of 24 hours."""

    avg_latency_ms: int = 0
    p95_latency_ms: int = 0
    p99_latency_ms: int = 0


class Metrics(BaseModel):
    """Executions, measured."""

    lifetime: Lifetime = Lifetime()
    last_24h: LastDay = LastDay()


class MetricsSummary(BaseModel):
    """Executions of today, in short."""

    requests_today: int = 0
    success_rate: float = 100.0
    avg_latency_ms: int = 0


class Limits(BaseModel):
    """The limits that hold."""

    max_requests_per_minute: int = 50000
    max_batch_size: int = 1000
    max_payload_bytes: int = 10485760


class ResourceListItem(BaseModel):
    """A resource in a list."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    object: Literal["resource"] = "resource"
    created: int
    updated: int
    name: str
    type: Type
    status: Status
    metadata: dict[str, str] = Field(validation_alias="metadata_")
    project: str | None
    metrics: MetricsSummary = MetricsSummary()


class Resource(BaseModel):
    """A resource with full details."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    object: Literal["resource"] = "resource"
    created: int
    updated: int
    name: str
    type: Type
    status: Status
    configuration: Configuration
    metadata: dict[str, str] = Field(validation_alias="metadata_")
    project: str | None
    target_url: str | None
    provisioning: Provisioning
    metrics: Metrics = Metrics()
    limits: Limits = Limits()


class ResourceList(BaseModel):
    """One page of resources."""

    model_config = ConfigDict(from_attributes=True)

    object: Literal["list"] = "list"
    data: list[ResourceListItem]
    has_more: bool
    total_count: int


class DeletedResource(BaseModel):
    """A resource that is gone."""

    id: str
    object: Literal["resource"] = "resource"
    deleted: Literal[True] = True
    deleted_at: int
