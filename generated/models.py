"""The API's schemas as Python types. Made from openapi.yaml by scripts/generate; never edit it."""

from typing import Literal, NotRequired, TypeAlias, TypedDict

ResourceId: TypeAlias = str
"""A resource's id."""


ResourceType: TypeAlias = Literal["production", "staging", "development", "processor"]
"""What the resource is for."""


ResourceStatus: TypeAlias = Literal["pending", "active", "paused", "archived"]
"""Where the resource is in its life."""


ResourceStatusChange: TypeAlias = Literal["active", "paused", "archived"]
"""The status to bring the resource into."""


ResourceExpansions: TypeAlias = list[Literal["metrics", "logs", "related_resources", "project"]]
"""What to expand."""


ResourceName: TypeAlias = str
"""The display name, 3 to 255 characters."""


Metadata: TypeAlias = dict[str, str]
"""Your own keys and values: at most 20 keys of up to 40 characters without brackets, values of up to 500 characters."""


TimeoutMs: TypeAlias = int
"""How long one execution may take, in milliseconds."""


RetryCount: TypeAlias = int
"""How often a failed execution is tried again."""


BatchSize: TypeAlias = int
"""How many items one execution takes."""


TimeoutSeconds: TypeAlias = int
"""How long one execution may take, in whole seconds."""


UnixTime: TypeAlias = int
"""A time in unix seconds."""


Count: TypeAlias = int
"""A number of things."""


Percentage: TypeAlias = float
"""A share in per cent, with two decimals."""


IdempotencyKey: TypeAlias = str
"""The same as the `Idempotency-Key` header, which wins where both are given."""


ProjectId: TypeAlias = str
"""A project's id."""


ProjectReference: TypeAlias = str | None
"""The id of the project that the resource belongs to; `null` for none."""


class ConfigurationCreate(TypedDict):
    """How the resource works. What is left out gets its default."""

    timeout_ms: NotRequired[TimeoutMs]
    retry_count: NotRequired[RetryCount]
    batch_size: NotRequired[BatchSize]


class ConfigurationUpdate(TypedDict):
    """The settings to change; they are merged with the stored ones."""

    timeout_ms: NotRequired[TimeoutMs]
    retry_count: NotRequired[RetryCount]
    batch_size: NotRequired[BatchSize]


class Configuration(TypedDict):
    """How the resource works."""

    timeout_ms: TimeoutMs
    retry_count: RetryCount
    batch_size: BatchSize
    rate_limit: int
    """Executions per minute at most. Set by the platform."""


class Provisioning(TypedDict):
    """How far the resource's provisioning is."""

    status: Literal["in_progress", "completed"]
    """Whether provisioning still runs."""

    estimated_completion: UnixTime
    steps_completed: Count
    steps_total: Count


class MetricsSummary(TypedDict):
    """The resource's executions today, in short."""

    requests_today: Count
    success_rate: Percentage
    avg_latency_ms: Count


class Lifetime(TypedDict):
    """Since the resource was created."""

    requests: Count
    success_rate: Percentage
    errors: Count


class Last24h(TypedDict):
    """In the last 24 hours."""

    requests: Count
    success_rate: Percentage
    errors: Count
    avg_latency_ms: Count
    p95_latency_ms: Count
    p99_latency_ms: Count


class Metrics(TypedDict):
    """The resource's executions, measured."""

    lifetime: Lifetime
    """Since the resource was created."""

    last_24h: Last24h
    """In the last 24 hours."""


class ResourceLimits(TypedDict):
    """The limits that hold for the resource."""

    max_requests_per_minute: Count
    max_batch_size: Count
    max_payload_bytes: Count


class LogEntry(TypedDict):
    """One thing that happened to the resource."""

    id: str
    """The entry's id."""

    object: Literal["log"]
    """Always `log`."""

    created: UnixTime
    level: Literal["info", "warning", "error"]
    """How serious it is."""

    message: str
    """What happened."""

    request_id: str | None
    """The request that caused it, if one did."""


class RelatedResource(TypedDict):
    """A resource that belongs together with this one."""

    id: ResourceId
    object: Literal["resource"]
    """Always `resource`."""

    name: str
    """The display name."""

    status: ResourceStatus


class DeletedResource(TypedDict):
    """A resource that is gone."""

    id: ResourceId
    object: Literal["resource"]
    """Always `resource`."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: UnixTime


ErrorReason: TypeAlias = Literal["required_field_missing", "unknown_field", "wrong_type", "unknown_value", "too_short", "too_long", "too_small", "too_large", "too_few", "too_many", "invalid_format", "duplicate", "malformed"]
"""
Why a value was refused: `required_field_missing` it is not there · `unknown_field` the operation does not know it ·
`wrong_type` another type was expected · `unknown_value` it is not one of the listed values · `too_short` and
`too_long` its length · `too_small` and `too_large` its value · `too_few` and `too_many` its number of entries ·
`invalid_format` its form · `duplicate` it was given twice · `malformed` it cannot be read.

"""


class V1ConfigCreate(TypedDict):
    """How the resource works. What is left out gets its default."""

    timeout: NotRequired[TimeoutSeconds]
    retry_count: NotRequired[RetryCount]
    batch_size: NotRequired[BatchSize]


class V1ConfigUpdate(TypedDict):
    """The settings to change; they are merged with the stored ones."""

    timeout: NotRequired[TimeoutSeconds]
    retry_count: NotRequired[RetryCount]
    batch_size: NotRequired[BatchSize]


class V1Config(TypedDict):
    """How the resource works."""

    timeout: float
    """How long one execution may take, in seconds."""

    retry_count: RetryCount
    batch_size: BatchSize
    rate_limit: int
    """Executions per minute at most. Set by the platform."""


Timestamp: TypeAlias = str
"""A time in UTC, to the second."""


class V1Meta(TypedDict):
    """About the answer."""

    timestamp: Timestamp


class V1PageMeta(TypedDict):
    """About the page."""

    page: Count
    per_page: Count
    total_items: Count
    total_pages: Count
    has_next: bool
    """Whether there is a page after this one."""

    has_previous: bool
    """Whether there is a page before this one."""


V1ErrorItem = TypedDict(
    "V1ErrorItem",
    {
        "field": str | None,
        "reason": ErrorReason,
        "message": str,
        "in": Literal["path", "query", "header", "body"],
        "pointer": str,
    },
)


class Details(TypedDict):
    """The first thing that is wrong with the request."""

    field: str | None
    """The parameter or field, with dots between levels."""

    reason: ErrorReason


class Error2(TypedDict):
    """What went wrong."""

    code: str
    """The class of the error."""

    message: str
    """What is wrong and how to mend it, for a person."""

    details: NotRequired[Details]
    """The first thing that is wrong with the request."""

    errors: NotRequired[list[V1ErrorItem]]
    """Everything that is wrong with the request, where it is more than one thing."""

    retry_after: NotRequired[int]
    """Seconds to wait before the next try."""


class V1Error(TypedDict):
    """An error."""

    status: Literal["error"]
    """Always `error`."""

    error: Error2
    """What went wrong."""


ProjectName: TypeAlias = str
"""The display name, 1 to 255 characters."""


ProjectSlug: TypeAlias = str
"""Your own name for the project, in lower case with hyphens; unique in the account."""


Description: TypeAlias = str | None
"""Words for people, up to 1000 characters."""


class ProjectCreate(TypedDict):
    """A project to create."""

    name: ProjectName
    slug: ProjectSlug
    description: NotRequired[Description]
    metadata: NotRequired[Metadata]
    idempotency_key: NotRequired[IdempotencyKey]


class ProjectUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[ProjectName]
    description: NotRequired[Description]
    metadata: NotRequired[Metadata]


class Project(TypedDict):
    """A project."""

    id: ProjectId
    object: Literal["project"]
    """Always `project`."""

    created: UnixTime
    updated: UnixTime
    name: ProjectName
    slug: ProjectSlug
    description: Description
    metadata: Metadata


class ProjectList(TypedDict):
    """One page of projects."""

    object: Literal["list"]
    """Always `list`."""

    data: list[Project]
    """The projects of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class DeletedProject(TypedDict):
    """A project that is gone."""

    id: ProjectId
    object: Literal["project"]
    """Always `project`."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: UnixTime


class V1Project(TypedDict):
    """A project."""

    id: ProjectId
    name: ProjectName
    slug: ProjectSlug
    description: Description
    metadata: Metadata
    created_at: Timestamp
    updated_at: Timestamp


class V1ProjectAnswer(TypedDict):
    """One project in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Project
    meta: V1Meta


class V1ProjectListAnswer(TypedDict):
    """One page of projects in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Project]
    """The projects of this page."""

    meta: V1PageMeta


UserId: TypeAlias = str
"""A user's id."""


Email: TypeAlias = str
"""An e-mail address. Spaces around it and the case of its letters do not count."""


PersonName: TypeAlias = str
"""What a person is called."""


Role: TypeAlias = Literal["owner", "admin", "member", "viewer"]
"""What a user may do, and with it every API key of theirs."""


UserStatus: TypeAlias = Literal["invited", "active"]
"""Whether the user has accepted an invitation."""


PossibleTime: TypeAlias = int | None
"""A time in unix seconds, if there is one."""


PossibleTimestamp: TypeAlias = str | None
"""A time in UTC, if there is one."""


InvitationSeconds: TypeAlias = int
"""How many seconds the invitation lasts, from an hour to 30 days."""


class UserCreate(TypedDict):
    """A person to invite."""

    email: Email
    name: NotRequired[PersonName | None]
    """What the person is called, if you know it."""

    role: NotRequired[Role]
    expires_in: NotRequired[InvitationSeconds]
    idempotency_key: NotRequired[IdempotencyKey]


class UserUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[PersonName]
    role: NotRequired[Role]


class UserInvitation(TypedDict):
    """A new invitation."""

    expires_in: NotRequired[InvitationSeconds]
    idempotency_key: NotRequired[IdempotencyKey]


class UserAcceptance(TypedDict):
    """An invitation to accept."""

    token: str
    """The token of the invitation."""

    name: PersonName
    idempotency_key: NotRequired[IdempotencyKey]


class User(TypedDict):
    """A person of the account."""

    id: UserId
    object: Literal["user"]
    """Always `user`."""

    created: UnixTime
    updated: UnixTime
    email: str
    """The address, in lower case."""

    name: str | None
    """What the user is called."""

    role: Role
    status: UserStatus
    invitation_expires: PossibleTime
    """When the open invitation ends; `null` once it is accepted."""


class Invitation(TypedDict):
    """The invitation; it is shown only here."""

    token: str
    """What the person must bring to accept the invitation."""

    expires: UnixTime


class InvitedUser(TypedDict):
    """A user with an invitation that has just been made."""

    id: UserId
    object: Literal["user"]
    """Always `user`."""

    created: UnixTime
    updated: UnixTime
    email: str
    """The address, in lower case."""

    name: str | None
    """What the user is called."""

    role: Role
    status: UserStatus
    invitation_expires: PossibleTime
    """When the open invitation ends; `null` once it is accepted."""

    invitation: Invitation
    """The invitation; it is shown only here."""


class UserList(TypedDict):
    """One page of users."""

    object: Literal["list"]
    """Always `list`."""

    data: list[User]
    """The users of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class DeletedUser(TypedDict):
    """A user that is gone."""

    id: UserId
    object: Literal["user"]
    """Always `user`."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: UnixTime


class V1User(TypedDict):
    """A person of the account."""

    id: UserId
    email: str
    """The address, in lower case."""

    name: str | None
    """What the user is called."""

    role: Role
    status: UserStatus
    invitation_expires_at: PossibleTimestamp
    """When the open invitation ends; `null` once it is accepted."""

    created_at: Timestamp
    updated_at: Timestamp


class Invitation1(TypedDict):
    """The invitation; it is shown only here."""

    token: str
    """What the person must bring to accept the invitation."""

    expires_at: Timestamp


class V1InvitedUser(TypedDict):
    """A user with an invitation that has just been made."""

    id: UserId
    email: str
    """The address, in lower case."""

    name: str | None
    """What the user is called."""

    role: Role
    status: UserStatus
    invitation_expires_at: PossibleTimestamp
    """When the open invitation ends; `null` once it is accepted."""

    created_at: Timestamp
    updated_at: Timestamp
    invitation: Invitation1
    """The invitation; it is shown only here."""


class V1UserAnswer(TypedDict):
    """One user in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1User
    meta: V1Meta


class V1InvitedUserAnswer(TypedDict):
    """A user with an invitation that has just been made, in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1InvitedUser
    meta: V1Meta


class V1UserListAnswer(TypedDict):
    """One page of users in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1User]
    """The users of this page."""

    meta: V1PageMeta


ApiKeyId: TypeAlias = str
"""An API key's id."""


ApiKeyExpansions: TypeAlias = list[Literal["user"]]
"""What to expand."""


ApiKeyName: TypeAlias = str
"""What the key is for."""


Mode: TypeAlias = Literal["live", "test"]
"""Whether the key reads and writes live or test data."""


Scope: TypeAlias = Literal["*", "resources:*", "projects:*", "users:*", "api_keys:*", "resources:read", "resources:write", "projects:read", "projects:write", "users:read", "users:write", "api_keys:read", "api_keys:write"]
"""Something that a key may do, all of a kind (`resources:*`), or everything (`*`)."""


Scopes: TypeAlias = list[Scope]
"""What the key may do."""


GivenScopes: TypeAlias = list[str]
"""What the key may do, within the role of the user that it belongs to."""


PinnedVersion: TypeAlias = Literal["2023-09-15", "2023-11-01", "2024-01-15"] | None
"""The dated version that the key's requests have unless they name one; `null` for the account's."""


Network: TypeAlias = str
"""A network or an address, IPv4 or IPv6, in the notation of CIDR."""


Networks: TypeAlias = list[Network]
"""The networks that the key may be used from; none for everywhere."""


class ApiKeyCreate(TypedDict):
    """A key to create."""

    name: ApiKeyName
    scopes: Scopes
    expires: NotRequired[PossibleTime]
    """When the key ends, in unix seconds, within 10 years; `null` for never."""

    api_version: NotRequired[PinnedVersion]
    allowed_networks: NotRequired[Networks]
    user: NotRequired[UserId | None]
    """The id of the user that the key is to belong to; `null` for the user of the calling key, if it has one."""

    idempotency_key: NotRequired[IdempotencyKey]


class ApiKeyUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[ApiKeyName]
    scopes: NotRequired[Scopes]
    expires: NotRequired[PossibleTime]
    """When the key ends, in unix seconds, within 10 years; `null` for never."""

    api_version: NotRequired[PinnedVersion]
    allowed_networks: NotRequired[Networks]


class ApiKeyRotation(TypedDict):
    """How to replace a key."""

    overlap_seconds: NotRequired[int]
    """For how many seconds the old key goes on beside its successor, up to 30 days; 0 ends it at once."""

    idempotency_key: NotRequired[IdempotencyKey]


class ApiKey(TypedDict):
    """An API key, without the key itself."""

    id: ApiKeyId
    object: Literal["api_key"]
    """Always `api_key`."""

    created: UnixTime
    updated: UnixTime
    name: ApiKeyName
    mode: Mode
    prefix: str
    """How the key begins, to tell it apart."""

    last4: str
    """How the key ends, to tell it apart."""

    scopes: GivenScopes
    api_version: PinnedVersion
    expires: PossibleTime
    """When the key ends; `null` for never."""

    last_used: PossibleTime
    """When the key was used last; `null` for never."""

    allowed_networks: Networks
    user: str | User | None
    """The id of the user that the key belongs to, if it belongs to one; the user with `expand[]=user`."""


class NewApiKey(TypedDict):
    """An API key that has just been made, with the key itself."""

    id: ApiKeyId
    object: Literal["api_key"]
    """Always `api_key`."""

    created: UnixTime
    updated: UnixTime
    name: ApiKeyName
    mode: Mode
    prefix: str
    """How the key begins, to tell it apart."""

    last4: str
    """How the key ends, to tell it apart."""

    scopes: GivenScopes
    api_version: PinnedVersion
    expires: PossibleTime
    """When the key ends; `null` for never."""

    last_used: PossibleTime
    """When the key was used last; `null` for never."""

    allowed_networks: Networks
    user: str | None
    """The id of the user that the key belongs to, if it belongs to one."""

    key: str
    """The key itself; it is shown only here. Store it securely."""


class ApiKeyList(TypedDict):
    """One page of API keys."""

    object: Literal["list"]
    """Always `list`."""

    data: list[ApiKey]
    """The API keys of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class DeletedApiKey(TypedDict):
    """An API key that is gone."""

    id: ApiKeyId
    object: Literal["api_key"]
    """Always `api_key`."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: UnixTime


class V1ApiKey(TypedDict):
    """An API key, without the key itself."""

    id: ApiKeyId
    name: ApiKeyName
    mode: Mode
    prefix: str
    """How the key begins, to tell it apart."""

    last4: str
    """How the key ends, to tell it apart."""

    scopes: GivenScopes
    api_version: PinnedVersion
    expires_at: PossibleTimestamp
    """When the key ends; `null` for never."""

    last_used_at: PossibleTimestamp
    """When the key was used last; `null` for never."""

    allowed_networks: Networks
    user: str | None
    """The id of the user that the key belongs to, if it belongs to one."""

    created_at: Timestamp
    updated_at: Timestamp


class V1NewApiKey(TypedDict):
    """An API key that has just been made, with the key itself."""

    id: ApiKeyId
    name: ApiKeyName
    mode: Mode
    prefix: str
    """How the key begins, to tell it apart."""

    last4: str
    """How the key ends, to tell it apart."""

    scopes: GivenScopes
    api_version: PinnedVersion
    expires_at: PossibleTimestamp
    """When the key ends; `null` for never."""

    last_used_at: PossibleTimestamp
    """When the key was used last; `null` for never."""

    allowed_networks: Networks
    user: str | None
    """The id of the user that the key belongs to, if it belongs to one."""

    created_at: Timestamp
    updated_at: Timestamp
    key: str
    """The key itself; it is shown only here. Store it securely."""


class V1ApiKeyAnswer(TypedDict):
    """One API key in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1ApiKey
    meta: V1Meta


class V1NewApiKeyAnswer(TypedDict):
    """An API key that has just been made, in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1NewApiKey
    meta: V1Meta


class V1ApiKeyListAnswer(TypedDict):
    """One page of API keys in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1ApiKey]
    """The API keys of this page."""

    meta: V1PageMeta


class ResourceCreate(TypedDict):
    """A resource to create."""

    name: ResourceName
    type: ResourceType
    configuration: NotRequired[ConfigurationCreate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]
    idempotency_key: NotRequired[IdempotencyKey]


class ResourceUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[ResourceName]
    configuration: NotRequired[ConfigurationUpdate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]
    status: NotRequired[ResourceStatusChange]


class Resource(TypedDict):
    """A resource with full details."""

    id: ResourceId
    object: Literal["resource"]
    """Always `resource`."""

    created: UnixTime
    updated: UnixTime
    name: str
    """The display name."""

    type: ResourceType
    status: ResourceStatus
    configuration: Configuration
    metadata: Metadata
    project: str | Project | None
    """The id of the project that the resource belongs to, if it belongs to one; the project itself with `expand[]=project`."""

    provisioning: Provisioning
    metrics: Metrics
    limits: ResourceLimits
    logs: NotRequired[list[LogEntry]]
    """What happened to the resource last, newest first; with `expand[]=logs`."""

    related_resources: NotRequired[list[RelatedResource]]
    """The resources that belong together with this one; with `expand[]=related_resources`."""


class ResourceListItem(TypedDict):
    """A resource in a list."""

    id: ResourceId
    object: Literal["resource"]
    """Always `resource`."""

    created: UnixTime
    updated: UnixTime
    name: str
    """The display name."""

    type: ResourceType
    status: ResourceStatus
    metadata: Metadata
    project: str | Project | None
    """The id of the project that the resource belongs to, if it belongs to one; the project itself with `expand[]=project`."""

    metrics: MetricsSummary | Metrics
    """In short, or in full with `expand[]=metrics`."""

    logs: NotRequired[list[LogEntry]]
    """What happened to the resource last, newest first; with `expand[]=logs`."""

    related_resources: NotRequired[list[RelatedResource]]
    """The resources that belong together with this one; with `expand[]=related_resources`."""


class ResourceList(TypedDict):
    """One page of resources."""

    object: Literal["list"]
    """Always `list`."""

    data: list[ResourceListItem]
    """The resources of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


ErrorItem = TypedDict(
    "ErrorItem",
    {
        "in": Literal["path", "query", "header", "body"],
        "pointer": str,
        "param": str | None,
        "code": str,
        "reason": ErrorReason,
        "message": str,
    },
)


class Error1(TypedDict):
    """What went wrong."""

    type: str
    """The class of the error; one for each status."""

    code: str
    """The exact error; `doc_url` explains it."""

    message: str
    """What is wrong and how to mend it, for a person."""

    param: str | None
    """The first parameter that is wrong, if one is."""

    doc_url: str
    """The page about this code."""

    request_id: str
    """The request's id, also in `X-Request-Id`."""

    request_log_url: str
    """Where the request can be looked at."""

    errors: NotRequired[list[ErrorItem]]
    """Everything that is wrong with the request."""


class Error(TypedDict):
    """An error."""

    error: Error1
    """What went wrong."""


class V1ResourceCreate(TypedDict):
    """A resource to create."""

    name: ResourceName
    type: ResourceType
    config: NotRequired[V1ConfigCreate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]


class V1ResourceUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[ResourceName]
    config: NotRequired[V1ConfigUpdate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]
    status: NotRequired[ResourceStatusChange]


class V1Resource(TypedDict):
    """A resource."""

    id: ResourceId
    name: str
    """The display name."""

    type: ResourceType
    status: ResourceStatus
    config: V1Config
    metadata: Metadata
    project: str | None
    """The id of the project that the resource belongs to, if it belongs to one."""

    created_at: Timestamp
    updated_at: Timestamp


class V1ResourceAnswer(TypedDict):
    """One resource in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Resource
    meta: V1Meta


class V1ResourceListAnswer(TypedDict):
    """One page of resources in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Resource]
    """The resources of this page."""

    meta: V1PageMeta
