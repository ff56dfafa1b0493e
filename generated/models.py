"""The API's schemas as Python types. Made from openapi.yaml by scripts/generate; never edit it."""

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

ResourceId: TypeAlias = str
"""A resource's id."""


ResourceType: TypeAlias = Literal["production", "staging", "development", "processor"]
"""What the resource is for."""


ResourceStatus: TypeAlias = Literal["pending", "active", "paused", "archived"]
"""Where the resource is in its life."""


ResourceStatusChange: TypeAlias = Literal["active", "paused", "archived"]
"""The status to bring the resource into."""


ResourceExpansions: TypeAlias = list[Literal["metrics", "logs", "related_resources", "project"]]
"""What to expand. For `logs` and `project` the key needs `logs:read` and `projects:read`."""


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


TargetUrl: TypeAlias = str | None
"""Where executions are sent: each is a POST of a batch of items. With `null` they run here. In live mode it begins with `https://`, in test mode `http://` will do. It has a host outside of private networks, port 80, 443 or one from 1024 on, and neither a user nor a fragment."""


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
    """The resource's executions of today, in short. Days begin at midnight in UTC."""

    requests_today: Count
    success_rate: Percentage
    avg_latency_ms: Count


class Lifetime(TypedDict):
    """Since the resource was created."""

    requests: Count
    success_rate: Percentage
    errors: Count


class Last24h(TypedDict):
    """In this hour and the 23 before. Percentiles are exact to 2 %; the average is the mean, or the 95th percentile where a few extreme executions lift the mean above it."""

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
    """In this hour and the 23 before. Percentiles are exact to 2 %; the average is the mean, or the 95th percentile where a few extreme executions lift the mean above it."""


class ResourceLimits(TypedDict):
    """The limits that hold for the resource."""

    max_requests_per_minute: Count
    max_batch_size: Count
    max_payload_bytes: Count


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
"""What to expand. For `user` the key needs `users:read`."""


ApiKeyName: TypeAlias = str
"""What the key is for."""


Mode: TypeAlias = Literal["live", "test"]
"""Whether the key reads and writes live or test data."""


Scope: TypeAlias = Literal["*", "resources:*", "projects:*", "users:*", "api_keys:*", "settings:*", "usage:*", "webhooks:*", "logs:*", "test_clock:*", "jobs:*", "events:*", "resources:read", "resources:write", "projects:read", "projects:write", "users:read", "users:write", "api_keys:read", "api_keys:write", "settings:read", "settings:write", "usage:read", "webhooks:read", "webhooks:write", "logs:read", "test_clock:read", "test_clock:write", "jobs:read", "jobs:write", "events:read"]
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


DatedVersion: TypeAlias = Literal["2023-09-15", "2023-11-01", "2024-01-15"]
"""A dated version of the API."""


AccountName: TypeAlias = str
"""What the account is called, 1 to 255 characters."""


DefaultApiVersion: TypeAlias = Literal["2023-09-15", "2023-11-01", "2024-01-15"] | None
"""The dated version of requests that name none and whose key is pinned to none; null for the default of the path. At a path whose contract is newer it gives way to that path's default."""


LogRetentionDays: TypeAlias = int
"""For how many days logs are kept."""


DefaultWebhookVersion: TypeAlias = Literal["2023-09-15", "2023-11-01", "2024-01-15"] | None
"""The dated version that a new webhook is pinned to; null for that of the request that creates it."""


class RequestsPerMonth(TypedDict):
    """The requests of the calendar month."""

    used: Count
    limit: int | None
    """How many the plan has."""

    remaining: int | None
    """How many are left."""


class UsageLimits(TypedDict):
    """What the plan allows. A limit that does not hold is `null`; none holds in test mode."""

    requests_per_hour: int | None
    """Requests per hour at most, in the version `2023-09-15`."""

    requests_per_minute: int | None
    """Requests per minute at most, in later versions."""

    burst: int | None
    """Requests at once after a pause."""

    concurrent_requests: int | None
    """Requests that may be under way at the same time."""

    requests_per_month: RequestsPerMonth
    """The requests of the calendar month."""


class UsageDay(TypedDict):
    """The requests of one day in UTC."""

    date: str
    """The day."""

    requests: Count


class Period(TypedDict):
    """The month, from its first second to the first one behind it."""

    start: UnixTime
    end: UnixTime


class DeprecatedCall(TypedDict):
    """The calls of one deprecated operation."""

    operation: str
    """The operation."""

    requests: Count
    last_called: UnixTime
    sunset: str | None
    """The day on which the operation ends; `null` when it does not, or has ended."""


class Usage(TypedDict):
    """The requests of a calendar month in UTC."""

    object: Literal["usage"]
    """Always `usage`."""

    plan: str
    """The account's plan."""

    period: Period
    """The month, from its first second to the first one behind it."""

    requests: Count
    limits: UsageLimits
    days: list[UsageDay]
    """The days of the month until today."""

    deprecated_calls: list[DeprecatedCall]
    """The deprecated operations that were called, by name."""


class Period1(TypedDict):
    """The month, from its first second to the first one behind it."""

    start: Timestamp
    end: Timestamp


class DeprecatedCall1(TypedDict):
    """The calls of one deprecated operation."""

    operation: str
    """The operation."""

    requests: Count
    last_called: Timestamp
    sunset: str | None
    """The day on which the operation ends; `null` when it does not, or has ended."""


class V1Usage(TypedDict):
    """The requests of a calendar month in UTC."""

    plan: str
    """The account's plan."""

    period: Period1
    """The month, from its first second to the first one behind it."""

    requests: Count
    limits: UsageLimits
    days: list[UsageDay]
    """The days of the month until today."""

    deprecated_calls: list[DeprecatedCall1]
    """The deprecated operations that were called, by name."""


class V1UsageAnswer(TypedDict):
    """The usage in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Usage
    meta: V1Meta


WebhookId: TypeAlias = str
"""A webhook's id."""


WebhookUrl: TypeAlias = str
"""Where events are sent. In live mode it begins with `https://`, in test mode `http://` will do. It has a host outside of private networks, port 80, 443 or one from 1024 on, and neither a user nor a fragment."""


WebhookEvent: TypeAlias = Literal["*", "resource.*", "resource.created", "resource.updated", "resource.deleted", "resource.status_changed", "resource.limit_exceeded", "project.*", "project.created", "project.updated", "project.deleted", "user.*", "user.created", "user.updated", "user.deleted", "user.status_changed", "api_key.*", "api_key.created", "api_key.updated", "api_key.deleted", "webhook.*", "webhook.created", "webhook.updated", "webhook.deleted", "webhook.status_changed", "webhook.disabled", "webhook.test", "settings.*", "settings.updated", "job.*", "job.created", "job.succeeded", "job.failed", "job.canceled"]
"""A type of event, all those of a kind, or `*` for every event."""


WebhookEvents: TypeAlias = list[WebhookEvent]
"""The types of events that are sent."""


WebhookStatus: TypeAlias = Literal["enabled", "disabled"]
"""Whether events are sent."""


WebhookSecret: TypeAlias = str
"""The key that what is sent is signed with. It is shown once, when it is made. Keep it safe."""


WebhookSecretEnd: TypeAlias = str
"""The last four characters of the signing secret."""


WebhookDisabledReason: TypeAlias = Literal["gone", "failing"] | None
"""Why the platform disabled it: `gone` after it answered 410, `failing` after five days in which every attempt failed; `null` when it did not. Enabling it clears this."""


class WebhookCreate(TypedDict):
    """A webhook to create."""

    url: WebhookUrl
    events: NotRequired[WebhookEvents]
    """The types of events to send; those of the settings' `webhook_defaults` unless you say."""

    description: NotRequired[Description]
    status: NotRequired[WebhookStatus]
    api_version: NotRequired[DatedVersion]
    """The dated version in which events are shown; that of the settings' `webhook_defaults` unless you say, else that of this request."""

    idempotency_key: NotRequired[IdempotencyKey]


class WebhookUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    url: NotRequired[WebhookUrl]
    events: NotRequired[WebhookEvents]
    description: NotRequired[Description]
    status: NotRequired[WebhookStatus]
    api_version: NotRequired[DatedVersion]


class Webhook(TypedDict):
    """A webhook, an endpoint of yours that events are sent to."""

    id: WebhookId
    object: Literal["webhook"]
    """Always `webhook`."""

    created: UnixTime
    updated: UnixTime
    url: WebhookUrl
    events: WebhookEvents
    description: Description
    status: WebhookStatus
    api_version: DatedVersion
    secret_last4: WebhookSecretEnd
    previous_secret_expires: int | None
    """Until when the secret before the last rotation signs as well, in unix seconds."""

    failing_since: int | None
    """Since when every attempt has failed, in unix seconds; `null` when the last one succeeded."""

    disabled_reason: WebhookDisabledReason


class NewWebhook(TypedDict):
    """A webhook with the signing secret that was just made for it."""

    id: WebhookId
    object: Literal["webhook"]
    """Always `webhook`."""

    created: UnixTime
    updated: UnixTime
    url: WebhookUrl
    events: WebhookEvents
    description: Description
    status: WebhookStatus
    api_version: DatedVersion
    secret_last4: WebhookSecretEnd
    previous_secret_expires: int | None
    """Until when the secret before the last rotation signs as well, in unix seconds."""

    failing_since: int | None
    """Since when every attempt has failed, in unix seconds; `null` when the last one succeeded."""

    disabled_reason: WebhookDisabledReason
    secret: WebhookSecret


class WebhookList(TypedDict):
    """One page of webhooks."""

    object: Literal["list"]
    """Always `list`."""

    data: list[Webhook]
    """The webhooks of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class DeletedWebhook(TypedDict):
    """A webhook that is gone."""

    id: WebhookId
    object: Literal["webhook"]
    """Always `webhook`."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: UnixTime


class V1Webhook(TypedDict):
    """A webhook, an endpoint of yours that events are sent to."""

    id: WebhookId
    url: WebhookUrl
    events: WebhookEvents
    description: Description
    status: WebhookStatus
    api_version: DatedVersion
    secret_last4: WebhookSecretEnd
    previous_secret_expires_at: str | None
    """Until when the secret before the last rotation signs as well."""

    failing_since: str | None
    """Since when every attempt has failed; `null` when the last one succeeded."""

    disabled_reason: WebhookDisabledReason
    created_at: Timestamp
    updated_at: Timestamp


class V1NewWebhook(TypedDict):
    """A webhook with the signing secret that was just made for it."""

    id: WebhookId
    url: WebhookUrl
    events: WebhookEvents
    description: Description
    status: WebhookStatus
    api_version: DatedVersion
    secret_last4: WebhookSecretEnd
    previous_secret_expires_at: str | None
    """Until when the secret before the last rotation signs as well."""

    failing_since: str | None
    """Since when every attempt has failed; `null` when the last one succeeded."""

    disabled_reason: WebhookDisabledReason
    secret: WebhookSecret
    created_at: Timestamp
    updated_at: Timestamp


class V1WebhookAnswer(TypedDict):
    """One webhook in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Webhook
    meta: V1Meta


class V1NewWebhookAnswer(TypedDict):
    """A new webhook in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1NewWebhook
    meta: V1Meta


class V1WebhookListAnswer(TypedDict):
    """One page of webhooks in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Webhook]
    """The webhooks of this page."""

    meta: V1PageMeta


LogLevel: TypeAlias = Literal["info", "warning", "error"]
"""How serious it is."""


class LogKey(TypedDict):
    """An API key, by its id and its first characters."""

    id: str
    """The key's id."""

    prefix: str
    """Its first characters, which do not suffice to use it."""


class LogEntry(TypedDict):
    """One thing that happened, to a request or in a job. What only a request has is `null` for others."""

    id: str
    """The entry's id; that of a request is the request's."""

    object: Literal["log"]
    """Always `log`."""

    created: UnixTime
    type: Literal["request", "job"]
    """What it is about."""

    level: LogLevel
    message: str
    """What happened, for a person."""

    request_id: str | None
    """The request that caused it, if one did."""

    method: str | None
    """The request's method."""

    path: str | None
    """The request's path and query string, without API keys and cut off after 2000 characters."""

    operation: str | None
    """The operation that the request was for, if it was for one."""

    status: int | None
    """The status of the answer; `null` when the request was not sent to its end."""

    duration_ms: float | None
    """How long the answer took, in milliseconds."""

    api_version: str | None
    """The dated version that the request was answered in."""

    key: LogKey | None
    """The API key that the request was made with."""

    error_code: str | None
    """The code of the error, as in the catalogue."""

    limiter: str | None
    """What the limits decided, `admitted`, or `refused:` and the limit."""

    idempotency: Literal["none", "stored", "replayed", "refused"] | None
    """What the idempotency key came to."""

    resource: str | None
    """The id of the resource that it is about; of a request, the one in its path."""

    job: str | None
    """The id of the job that wrote it, if one did."""


class LogEntryList(TypedDict):
    """One page of the log."""

    object: Literal["list"]
    """Always `list`."""

    data: list[LogEntry]
    """The entries of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class V1LogEntry(TypedDict):
    """One thing that happened, to a request or in a job. What only a request has is `null` for others."""

    id: str
    """The entry's id; that of a request is the request's."""

    type: Literal["request", "job"]
    """What it is about."""

    level: LogLevel
    message: str
    """What happened, for a person."""

    request_id: str | None
    """The request that caused it, if one did."""

    method: str | None
    """The request's method."""

    path: str | None
    """The request's path and query string, without API keys and cut off after 2000 characters."""

    operation: str | None
    """The operation that the request was for, if it was for one."""

    status: int | None
    """The status of the answer; `null` when the request was not sent to its end."""

    duration_ms: float | None
    """How long the answer took, in milliseconds."""

    api_version: str | None
    """The dated version that the request was answered in."""

    key: LogKey | None
    """The API key that the request was made with."""

    error_code: str | None
    """The code of the error, as in the catalogue."""

    limiter: str | None
    """What the limits decided, `admitted`, or `refused:` and the limit."""

    idempotency: Literal["none", "stored", "replayed", "refused"] | None
    """What the idempotency key came to."""

    resource: str | None
    """The id of the resource that it is about; of a request, the one in its path."""

    job: str | None
    """The id of the job that wrote it, if one did."""

    created_at: Timestamp


class V1LogEntryAnswer(TypedDict):
    """One log entry in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1LogEntry
    meta: V1Meta


class V1LogEntryListAnswer(TypedDict):
    """One page of the log in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1LogEntry]
    """The entries of this page."""

    meta: V1PageMeta


class BatchOperation(TypedDict):
    """One request to this API."""

    method: str
    """The method in capitals."""

    path: str
    """The path with its query string, at most 8192 characters. It begins with `/v1/` or `/v2/`."""

    body: NotRequired[dict[str, Any]]
    """The JSON body, as the operation takes it."""

    idempotency_key: NotRequired[str]
    """What the `Idempotency-Key` header is to a single request."""

    if_match: NotRequired[str]
    """What the `If-Match` header is to a single request."""


class BatchOutcome(TypedDict):
    """The answer of one operation."""

    status: int
    """The status; 204 for every deletion."""

    body: dict[str, Any] | None
    """The body, in the shape of the contract that answered; null where there is none."""

    request_id: str
    """The id of the operation as a request of its own."""

    headers: dict[str, str]
    """The headers that belong to the answer, such as `location`, `etag` and `retry-after`, in lower case."""


class BatchSummary(TypedDict):
    """How many operations there were, and how they ended."""

    total: Count
    successful: Count
    failed: Count
    duration_ms: int
    """The milliseconds that all of it took."""


class TestClockAdvance(TypedDict):
    """How far to move the clock. One of the two is given."""

    advance_seconds: NotRequired[int]
    """Move the clock forward by so many seconds, at most 400 days."""

    to: NotRequired[int]
    """Move the clock forward to this time in unix seconds."""


class TestClock(TypedDict):
    """The clock of test mode."""

    object: Literal["test_clock"]
    """Always `test_clock`."""

    now: UnixTime
    offset_seconds: Count


class V1TestClockAdvance(TypedDict):
    """How far to move the clock. One of the two is given."""

    advance_seconds: NotRequired[int]
    """Move the clock forward by so many seconds, at most 400 days."""

    to: NotRequired[str]
    """Move the clock forward to this time in UTC, to the second."""


class V1TestClock(TypedDict):
    """The clock of test mode."""

    now: Timestamp
    offset_seconds: Count


class V1TestClockAnswer(TypedDict):
    """The clock of test mode in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1TestClock
    meta: V1Meta


JobId: TypeAlias = str
"""A job's id."""


TaskId: TypeAlias = str
"""A task's id."""


JobType: TypeAlias = Literal["provision", "process", "export"]
"""What a job does."""


WorkStatus: TypeAlias = Literal["queued", "running", "succeeded", "failed", "canceled"]
"""How far a job or a task is."""


class WorkError(TypedDict):
    """Why a job or a task failed."""

    code: str
    """The cause, for a program."""

    message: str
    """The cause, for a person."""


class JobProgress(TypedDict):
    """How many tasks the job has and what became of them; the others wait or run."""

    total: Count
    succeeded: Count
    failed: Count
    canceled: Count
    percent: int
    """How many in a hundred are settled."""


JobExpansions: TypeAlias = list[Literal["tasks", "resource", "logs"]]
"""What to expand. For `logs` and `resource` the key needs `logs:read` and `resources:read`."""


TaskExpansions: TypeAlias = list[Literal["job"]]
"""What to expand."""


class Created(TypedDict):
    """Only objects that were created in this time, bounds included. Only `export` takes it."""

    gte: NotRequired[UnixTime]
    """Not before this time."""

    lte: NotRequired[UnixTime]
    """Not after this time."""


class V1Job(TypedDict):
    """A job."""

    id: JobId
    type: JobType
    status: WorkStatus
    resource: str | None
    """The id of the resource that the job is about, if it is about one."""

    project: str | None
    """The id of the project that the resource belonged to when the job was made, if it belonged to one."""

    progress: JobProgress
    input: dict[str, Any] | None
    """What was asked for, in short."""

    error: WorkError | None
    """Why the job failed, if it did."""

    request_id: str | None
    """The request that made the job; its events name it too."""

    started_at: PossibleTimestamp
    finished_at: PossibleTimestamp
    cancel_requested_at: PossibleTimestamp
    created_at: Timestamp
    updated_at: Timestamp


class V1JobAnswer(TypedDict):
    """One job in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Job
    meta: V1Meta


class V1JobListAnswer(TypedDict):
    """One page of jobs in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Job]
    """The jobs of this page."""

    meta: V1PageMeta


class JobOfTask(TypedDict):
    """A job in short."""

    id: JobId
    object: Literal["job"]
    """Always `job`."""

    created: UnixTime
    type: JobType
    status: WorkStatus
    resource: str | None
    """The id of the resource that the job is about, if it is about one."""

    progress: JobProgress


class Task(TypedDict):
    """A task, which is a part of a job."""

    id: TaskId
    object: Literal["task"]
    """Always `task`."""

    created: UnixTime
    updated: UnixTime
    job: JobId | JobOfTask
    """The id of its job; the job in short with `expand[]=job`."""

    type: JobType
    number: int
    """The place of the task in its job, from 1."""

    name: str
    """What the task is, such as `activate`."""

    status: WorkStatus
    attempts: Count
    input: Any
    """What the task was given."""

    output: Any
    """What came of it."""

    error: WorkError | None
    """Why the last attempt failed, if it did."""

    duration_ms: float | None
    """How long the last attempt took, in milliseconds."""

    started: PossibleTime
    finished: PossibleTime


class TaskList(TypedDict):
    """One page of tasks."""

    object: Literal["list"]
    """Always `list`."""

    data: list[Task]
    """The tasks of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class V1Task(TypedDict):
    """A task, which is a part of a job."""

    id: TaskId
    job: JobId
    type: JobType
    number: int
    """The place of the task in its job, from 1."""

    name: str
    """What the task is, such as `activate`."""

    status: WorkStatus
    attempts: Count
    input: Any
    """What the task was given."""

    output: Any
    """What came of it."""

    error: WorkError | None
    """Why the last attempt failed, if it did."""

    duration_ms: float | None
    """How long the last attempt took, in milliseconds."""

    started_at: PossibleTimestamp
    finished_at: PossibleTimestamp
    created_at: Timestamp
    updated_at: Timestamp


class V1TaskAnswer(TypedDict):
    """One task in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Task
    meta: V1Meta


class V1TaskListAnswer(TypedDict):
    """One page of tasks in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Task]
    """The tasks of this page."""

    meta: V1PageMeta


ExportKind: TypeAlias = Literal["resources", "projects", "users", "jobs", "tasks", "webhooks", "events", "logs"]
"""A kind of object that can be exported."""


EventId: TypeAlias = str
"""The event's id, the same in every delivery of it."""


class EventRequest(TypedDict):
    """The request that made it happen."""

    id: str | None
    """The request's id; `null` where no request made it happen."""

    idempotency_key: str | None
    """The idempotency key of the request, if it had one."""


class Configuration1(TypedDict):
    """How the resource works."""

    timeout_ms: NotRequired[TimeoutMs]
    retry_count: NotRequired[RetryCount]
    batch_size: NotRequired[BatchSize]
    rate_limit: NotRequired[Count]
    """Executions per minute at most. Set by the platform."""


class Provisioning1(TypedDict):
    """How far the resource's provisioning is."""

    status: NotRequired[Literal["in_progress", "completed"]]
    """Whether provisioning still runs."""

    estimated_completion: NotRequired[UnixTime]
    steps_completed: NotRequired[Count]
    steps_total: NotRequired[Count]


class ResourceAttributes(TypedDict):
    """The attributes of a resource that events show."""

    id: NotRequired[ResourceId]
    object: NotRequired[Literal["resource"]]
    """Always `resource`."""

    created: NotRequired[UnixTime]
    updated: NotRequired[UnixTime]
    name: NotRequired[str]
    """The display name."""

    type: NotRequired[ResourceType]
    status: NotRequired[ResourceStatus]
    configuration: NotRequired[Configuration1]
    """How the resource works."""

    metadata: NotRequired[Metadata]
    project: NotRequired[str | None]
    """The id of the project that the resource belongs to, if it belongs to one."""

    target_url: NotRequired[TargetUrl]
    provisioning: NotRequired[Provisioning1]
    """How far the resource's provisioning is."""


class Object(TypedDict):
    """The attributes of a resource that events show."""

    id: ResourceId
    object: Literal["resource"]
    """Always `resource`."""

    created: UnixTime
    updated: UnixTime
    name: str
    """The display name."""

    type: ResourceType
    status: ResourceStatus
    configuration: Configuration1
    """How the resource works."""

    metadata: Metadata
    project: str | None
    """The id of the project that the resource belongs to, if it belongs to one."""

    target_url: TargetUrl
    provisioning: Provisioning1
    """How far the resource's provisioning is."""


class Data(TypedDict):
    """What it happened to."""

    object: Object
    """The attributes of a resource that events show."""

    previous_attributes: NotRequired[ResourceAttributes]
    """The old values of what changed."""


class ResourcePayload(TypedDict):
    """Something happened to a resource."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["resource.created", "resource.updated", "resource.status_changed"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data
    """What it happened to."""

    request: EventRequest


class ProjectAttributes(TypedDict):
    """The attributes of a project that events show."""

    id: NotRequired[ProjectId]
    object: NotRequired[Literal["project"]]
    """Always `project`."""

    created: NotRequired[UnixTime]
    updated: NotRequired[UnixTime]
    name: NotRequired[ProjectName]
    slug: NotRequired[ProjectSlug]
    description: NotRequired[Description]
    metadata: NotRequired[Metadata]


class Object1(TypedDict):
    """The attributes of a project that events show."""

    id: ProjectId
    object: Literal["project"]
    """Always `project`."""

    created: UnixTime
    updated: UnixTime
    name: ProjectName
    slug: ProjectSlug
    description: Description
    metadata: Metadata


class Data1(TypedDict):
    """What it happened to."""

    object: Object1
    """The attributes of a project that events show."""

    previous_attributes: NotRequired[ProjectAttributes]
    """The old values of what changed."""


class ProjectPayload(TypedDict):
    """Something happened to a project."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["project.created", "project.updated"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data1
    """What it happened to."""

    request: EventRequest


class UserAttributes(TypedDict):
    """The attributes of a user that events show."""

    id: NotRequired[UserId]
    object: NotRequired[Literal["user"]]
    """Always `user`."""

    created: NotRequired[UnixTime]
    updated: NotRequired[UnixTime]
    email: NotRequired[str]
    """The address, in lower case."""

    name: NotRequired[str | None]
    """What the user is called."""

    role: NotRequired[Role]
    status: NotRequired[UserStatus]
    invitation_expires: NotRequired[PossibleTime]
    """When the open invitation ends; `null` once it is accepted."""


class Object2(TypedDict):
    """The attributes of a user that events show."""

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


class Data2(TypedDict):
    """What it happened to."""

    object: Object2
    """The attributes of a user that events show."""

    previous_attributes: NotRequired[UserAttributes]
    """The old values of what changed."""


class UserPayload(TypedDict):
    """Something happened to a user."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["user.created", "user.updated", "user.status_changed"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data2
    """What it happened to."""

    request: EventRequest


class ApiKeyAttributes(TypedDict):
    """The attributes of an API key that events show."""

    id: NotRequired[ApiKeyId]
    object: NotRequired[Literal["api_key"]]
    """Always `api_key`."""

    created: NotRequired[UnixTime]
    updated: NotRequired[UnixTime]
    name: NotRequired[ApiKeyName]
    mode: NotRequired[Mode]
    prefix: NotRequired[str]
    """How the key begins, to tell it apart."""

    last4: NotRequired[str]
    """How the key ends, to tell it apart."""

    scopes: NotRequired[GivenScopes]
    api_version: NotRequired[PinnedVersion]
    expires: NotRequired[PossibleTime]
    """When the key ends; `null` for never."""

    allowed_networks: NotRequired[Networks]
    user: NotRequired[str | None]
    """The id of the user that the key belongs to, if it belongs to one."""


class Object3(TypedDict):
    """The attributes of an API key that events show."""

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

    allowed_networks: Networks
    user: str | None
    """The id of the user that the key belongs to, if it belongs to one."""


class Data3(TypedDict):
    """What it happened to."""

    object: Object3
    """The attributes of an API key that events show."""

    previous_attributes: NotRequired[ApiKeyAttributes]
    """The old values of what changed."""


class ApiKeyPayload(TypedDict):
    """Something happened to an API key."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["api_key.created", "api_key.updated"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data3
    """What it happened to."""

    request: EventRequest


class WebhookAttributes(TypedDict):
    """The attributes of a webhook that events show."""

    id: NotRequired[WebhookId]
    object: NotRequired[Literal["webhook"]]
    """Always `webhook`."""

    created: NotRequired[UnixTime]
    updated: NotRequired[UnixTime]
    url: NotRequired[WebhookUrl]
    events: NotRequired[WebhookEvents]
    description: NotRequired[Description]
    status: NotRequired[WebhookStatus]
    api_version: NotRequired[DatedVersion]
    secret_last4: NotRequired[WebhookSecretEnd]
    previous_secret_expires: NotRequired[int | None]
    """Until when the secret before the last rotation signs as well, in unix seconds."""

    failing_since: NotRequired[int | None]
    """Since when every attempt has failed, in unix seconds; `null` when the last one succeeded."""

    disabled_reason: NotRequired[WebhookDisabledReason]


class Object4(TypedDict):
    """The attributes of a webhook that events show."""

    id: WebhookId
    object: Literal["webhook"]
    """Always `webhook`."""

    created: UnixTime
    updated: UnixTime
    url: WebhookUrl
    events: WebhookEvents
    description: Description
    status: WebhookStatus
    api_version: DatedVersion
    secret_last4: WebhookSecretEnd
    previous_secret_expires: NotRequired[int | None]
    """Until when the secret before the last rotation signs as well, in unix seconds."""

    failing_since: NotRequired[int | None]
    """Since when every attempt has failed, in unix seconds; `null` when the last one succeeded."""

    disabled_reason: NotRequired[WebhookDisabledReason]


class Data4(TypedDict):
    """What it happened to."""

    object: Object4
    """The attributes of a webhook that events show."""

    previous_attributes: NotRequired[WebhookAttributes]
    """The old values of what changed."""


class WebhookPayload(TypedDict):
    """Something happened to a webhook."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["webhook.created", "webhook.updated", "webhook.status_changed", "webhook.disabled", "webhook.test"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data4
    """What it happened to."""

    request: EventRequest


class WebhookDefaults1(TypedDict):
    """What a new webhook gets where it does not say."""

    events: NotRequired[WebhookEvents]
    api_version: NotRequired[DefaultWebhookVersion]


class SettingsAttributes(TypedDict):
    """The attributes of the settings that events show."""

    object: NotRequired[Literal["settings"]]
    """Always `settings`."""

    updated: NotRequired[UnixTime]
    name: NotRequired[AccountName]
    default_api_version: NotRequired[DefaultApiVersion]
    log_retention_days: NotRequired[LogRetentionDays]
    webhook_defaults: NotRequired[WebhookDefaults1]
    """What a new webhook gets where it does not say."""


class Object5(TypedDict):
    """The attributes of the settings that events show."""

    object: Literal["settings"]
    """Always `settings`."""

    updated: UnixTime
    name: AccountName
    default_api_version: DefaultApiVersion
    log_retention_days: LogRetentionDays
    webhook_defaults: WebhookDefaults1
    """What a new webhook gets where it does not say."""


class Data5(TypedDict):
    """What it happened to."""

    object: Object5
    """The attributes of the settings that events show."""

    previous_attributes: NotRequired[SettingsAttributes]
    """The old values of what changed."""


class SettingsPayload(TypedDict):
    """Something happened to the settings."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["settings.updated"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data5
    """What it happened to."""

    request: EventRequest


class JobAttributes(TypedDict):
    """The attributes of a job that events show."""

    id: NotRequired[JobId]
    object: NotRequired[Literal["job"]]
    """Always `job`."""

    created: NotRequired[UnixTime]
    """When the job was made."""

    updated: NotRequired[UnixTime]
    """When it changed last."""

    type: NotRequired[JobType]
    status: NotRequired[WorkStatus]
    resource: NotRequired[str | None]
    """The id of the resource that the job is about, if it is about one."""

    project: NotRequired[str | None]
    """The id of the project that the resource belonged to, if it belonged to one."""

    progress: NotRequired[JobProgress]
    input: NotRequired[dict[str, Any] | None]
    """What was asked for, in short."""

    error: NotRequired[WorkError | None]
    """Why the job failed, if it did."""

    started: NotRequired[PossibleTime]
    """When its first task began."""

    finished: NotRequired[PossibleTime]
    """When it ended."""


class Object6(TypedDict):
    """The attributes of a job that events show."""

    id: JobId
    object: Literal["job"]
    """Always `job`."""

    created: UnixTime
    """When the job was made."""

    updated: UnixTime
    """When it changed last."""

    type: JobType
    status: WorkStatus
    resource: str | None
    """The id of the resource that the job is about, if it is about one."""

    project: str | None
    """The id of the project that the resource belonged to, if it belonged to one."""

    progress: JobProgress
    input: dict[str, Any] | None
    """What was asked for, in short."""

    error: WorkError | None
    """Why the job failed, if it did."""

    started: PossibleTime
    """When its first task began."""

    finished: PossibleTime
    """When it ended."""


class Data6(TypedDict):
    """What it happened to."""

    object: Object6
    """The attributes of a job that events show."""


class JobPayload(TypedDict):
    """Something happened to a job."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["job.created", "job.succeeded", "job.failed", "job.canceled"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data6
    """What it happened to."""

    request: EventRequest


class Deletion(TypedDict):
    """What is left of a deleted object."""

    id: str
    """The id of what was deleted."""

    object: str
    """Which kind of object it was."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: UnixTime


class Data7(TypedDict):
    """What it happened to."""

    object: Deletion


class DeletionPayload(TypedDict):
    """Something was deleted."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["resource.deleted", "project.deleted", "user.deleted", "api_key.deleted", "webhook.deleted"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data7
    """What it happened to."""

    request: EventRequest


LimitType: TypeAlias = Literal["requests_per_hour", "requests_per_minute", "burst", "concurrent_requests", "requests_per_month"]
"""Which limit of the plan."""


class ExceededLimit(TypedDict):
    """A limit that was exceeded."""

    id: str
    """The limit's name."""

    object: Literal["limit"]
    """Always `limit`."""

    limit_type: LimitType
    limit: Count
    """What the plan allows."""

    current_value: Count
    """What was used when the request was refused, that request included."""

    resets: UnixTime
    """When the window ends that the limit speaks of."""


class Data8(TypedDict):
    """What it happened to."""

    object: ExceededLimit


class LimitPayload(TypedDict):
    """A request was refused because a limit of the plan was exceeded."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: Literal["resource.limit_exceeded"]
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data8
    """What it happened to."""

    request: EventRequest


class Config(TypedDict):
    """How the resource works."""

    timeout: NotRequired[float]
    """How long one execution may take, in seconds."""

    retry_count: NotRequired[RetryCount]
    batch_size: NotRequired[BatchSize]
    rate_limit: NotRequired[Count]
    """Executions per minute at most. Set by the platform."""


class V1ResourceAttributes(TypedDict):
    """The attributes of a resource that events show."""

    id: NotRequired[ResourceId]
    name: NotRequired[str]
    """The display name."""

    type: NotRequired[ResourceType]
    status: NotRequired[ResourceStatus]
    config: NotRequired[Config]
    """How the resource works."""

    metadata: NotRequired[Metadata]
    project: NotRequired[str | None]
    """The id of the project that the resource belongs to, if it belongs to one."""

    target_url: NotRequired[TargetUrl]
    created_at: NotRequired[Timestamp]
    updated_at: NotRequired[Timestamp]


class Data9(TypedDict):
    """The attributes of a resource that events show."""

    id: ResourceId
    name: str
    """The display name."""

    type: ResourceType
    status: ResourceStatus
    config: Config
    """How the resource works."""

    metadata: Metadata
    project: str | None
    """The id of the project that the resource belongs to, if it belongs to one."""

    target_url: TargetUrl
    created_at: Timestamp
    updated_at: Timestamp


class V1ResourcePayload(TypedDict):
    """Something happened to a resource."""

    id: EventId
    event: Literal["resource.created", "resource.updated", "resource.status_changed"]
    """What happened."""

    timestamp: Timestamp
    data: Data9
    """The attributes of a resource that events show."""

    previous_attributes: NotRequired[V1ResourceAttributes]
    """The old values of what changed."""


class V1ProjectAttributes(TypedDict):
    """The attributes of a project that events show."""

    id: NotRequired[ProjectId]
    name: NotRequired[ProjectName]
    slug: NotRequired[ProjectSlug]
    description: NotRequired[Description]
    metadata: NotRequired[Metadata]
    created_at: NotRequired[Timestamp]
    updated_at: NotRequired[Timestamp]


class Data10(TypedDict):
    """The attributes of a project that events show."""

    id: ProjectId
    name: ProjectName
    slug: ProjectSlug
    description: Description
    metadata: Metadata
    created_at: Timestamp
    updated_at: Timestamp


class V1ProjectPayload(TypedDict):
    """Something happened to a project."""

    id: EventId
    event: Literal["project.created", "project.updated"]
    """What happened."""

    timestamp: Timestamp
    data: Data10
    """The attributes of a project that events show."""

    previous_attributes: NotRequired[V1ProjectAttributes]
    """The old values of what changed."""


class V1UserAttributes(TypedDict):
    """The attributes of a user that events show."""

    id: NotRequired[UserId]
    email: NotRequired[str]
    """The address, in lower case."""

    name: NotRequired[str | None]
    """What the user is called."""

    role: NotRequired[Role]
    status: NotRequired[UserStatus]
    invitation_expires_at: NotRequired[PossibleTimestamp]
    """When the open invitation ends; `null` once it is accepted."""

    created_at: NotRequired[Timestamp]
    updated_at: NotRequired[Timestamp]


class Data11(TypedDict):
    """The attributes of a user that events show."""

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


class V1UserPayload(TypedDict):
    """Something happened to a user."""

    id: EventId
    event: Literal["user.created", "user.updated", "user.status_changed"]
    """What happened."""

    timestamp: Timestamp
    data: Data11
    """The attributes of a user that events show."""

    previous_attributes: NotRequired[V1UserAttributes]
    """The old values of what changed."""


class V1ApiKeyAttributes(TypedDict):
    """The attributes of an API key that events show."""

    id: NotRequired[ApiKeyId]
    name: NotRequired[ApiKeyName]
    mode: NotRequired[Mode]
    prefix: NotRequired[str]
    """How the key begins, to tell it apart."""

    last4: NotRequired[str]
    """How the key ends, to tell it apart."""

    scopes: NotRequired[GivenScopes]
    api_version: NotRequired[PinnedVersion]
    expires_at: NotRequired[PossibleTimestamp]
    """When the key ends; `null` for never."""

    allowed_networks: NotRequired[Networks]
    user: NotRequired[str | None]
    """The id of the user that the key belongs to, if it belongs to one."""

    created_at: NotRequired[Timestamp]
    updated_at: NotRequired[Timestamp]


class Data12(TypedDict):
    """The attributes of an API key that events show."""

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

    allowed_networks: Networks
    user: str | None
    """The id of the user that the key belongs to, if it belongs to one."""

    created_at: Timestamp
    updated_at: Timestamp


class V1ApiKeyPayload(TypedDict):
    """Something happened to an API key."""

    id: EventId
    event: Literal["api_key.created", "api_key.updated"]
    """What happened."""

    timestamp: Timestamp
    data: Data12
    """The attributes of an API key that events show."""

    previous_attributes: NotRequired[V1ApiKeyAttributes]
    """The old values of what changed."""


class V1WebhookAttributes(TypedDict):
    """The attributes of a webhook that events show."""

    id: NotRequired[WebhookId]
    url: NotRequired[WebhookUrl]
    events: NotRequired[WebhookEvents]
    description: NotRequired[Description]
    status: NotRequired[WebhookStatus]
    api_version: NotRequired[DatedVersion]
    secret_last4: NotRequired[WebhookSecretEnd]
    previous_secret_expires_at: NotRequired[str | None]
    """Until when the secret before the last rotation signs as well."""

    failing_since: NotRequired[str | None]
    """Since when every attempt has failed; `null` when the last one succeeded."""

    disabled_reason: NotRequired[WebhookDisabledReason]
    created_at: NotRequired[Timestamp]
    updated_at: NotRequired[Timestamp]


class Data13(TypedDict):
    """The attributes of a webhook that events show."""

    id: WebhookId
    url: WebhookUrl
    events: WebhookEvents
    description: Description
    status: WebhookStatus
    api_version: DatedVersion
    secret_last4: WebhookSecretEnd
    previous_secret_expires_at: NotRequired[str | None]
    """Until when the secret before the last rotation signs as well."""

    failing_since: NotRequired[str | None]
    """Since when every attempt has failed; `null` when the last one succeeded."""

    disabled_reason: NotRequired[WebhookDisabledReason]
    created_at: Timestamp
    updated_at: Timestamp


class V1WebhookPayload(TypedDict):
    """Something happened to a webhook."""

    id: EventId
    event: Literal["webhook.created", "webhook.updated", "webhook.status_changed", "webhook.disabled", "webhook.test"]
    """What happened."""

    timestamp: Timestamp
    data: Data13
    """The attributes of a webhook that events show."""

    previous_attributes: NotRequired[V1WebhookAttributes]
    """The old values of what changed."""


class V1SettingsAttributes(TypedDict):
    """The attributes of the settings that events show."""

    name: NotRequired[AccountName]
    default_api_version: NotRequired[DefaultApiVersion]
    log_retention_days: NotRequired[LogRetentionDays]
    webhook_defaults: NotRequired[WebhookDefaults1]
    """What a new webhook gets where it does not say."""

    updated_at: NotRequired[Timestamp]


class Data14(TypedDict):
    """The attributes of the settings that events show."""

    name: AccountName
    default_api_version: DefaultApiVersion
    log_retention_days: LogRetentionDays
    webhook_defaults: WebhookDefaults1
    """What a new webhook gets where it does not say."""

    updated_at: Timestamp


class V1SettingsPayload(TypedDict):
    """Something happened to the settings."""

    id: EventId
    event: Literal["settings.updated"]
    """What happened."""

    timestamp: Timestamp
    data: Data14
    """The attributes of the settings that events show."""

    previous_attributes: NotRequired[V1SettingsAttributes]
    """The old values of what changed."""


class V1JobAttributes(TypedDict):
    """The attributes of a job that events show."""

    id: NotRequired[JobId]
    type: NotRequired[JobType]
    status: NotRequired[WorkStatus]
    resource: NotRequired[str | None]
    """The id of the resource that the job is about, if it is about one."""

    project: NotRequired[str | None]
    """The id of the project that the resource belonged to, if it belonged to one."""

    progress: NotRequired[JobProgress]
    input: NotRequired[dict[str, Any] | None]
    """What was asked for, in short."""

    error: NotRequired[WorkError | None]
    """Why the job failed, if it did."""

    started_at: NotRequired[PossibleTimestamp]
    """When its first task began."""

    finished_at: NotRequired[PossibleTimestamp]
    """When it ended."""

    created_at: NotRequired[Timestamp]
    """When the job was made."""

    updated_at: NotRequired[Timestamp]
    """When it changed last."""


class Data15(TypedDict):
    """The attributes of a job that events show."""

    id: JobId
    type: JobType
    status: WorkStatus
    resource: str | None
    """The id of the resource that the job is about, if it is about one."""

    project: str | None
    """The id of the project that the resource belonged to, if it belonged to one."""

    progress: JobProgress
    input: dict[str, Any] | None
    """What was asked for, in short."""

    error: WorkError | None
    """Why the job failed, if it did."""

    started_at: PossibleTimestamp
    """When its first task began."""

    finished_at: PossibleTimestamp
    """When it ended."""

    created_at: Timestamp
    """When the job was made."""

    updated_at: Timestamp
    """When it changed last."""


class V1JobPayload(TypedDict):
    """Something happened to a job."""

    id: EventId
    event: Literal["job.created", "job.succeeded", "job.failed", "job.canceled"]
    """What happened."""

    timestamp: Timestamp
    data: Data15
    """The attributes of a job that events show."""


class V1Deletion(TypedDict):
    """What is left of a deleted object."""

    id: str
    """The id of what was deleted."""

    deleted: Literal[True]
    """Always true."""

    deleted_at: Timestamp


class V1DeletionPayload(TypedDict):
    """Something was deleted."""

    id: EventId
    event: Literal["resource.deleted", "project.deleted", "user.deleted", "api_key.deleted", "webhook.deleted"]
    """What happened."""

    timestamp: Timestamp
    data: V1Deletion


class V1ExceededLimit(TypedDict):
    """A limit that was exceeded."""

    id: str
    """The limit's name."""

    limit_type: LimitType
    limit: Count
    """What the plan allows."""

    current_value: Count
    """What was used when the request was refused, that request included."""

    resets_at: Timestamp
    """When the window ends that the limit speaks of."""


class V1LimitPayload(TypedDict):
    """A request was refused because a limit of the plan was exceeded."""

    id: EventId
    event: Literal["resource.limit_exceeded"]
    """What happened."""

    timestamp: Timestamp
    data: V1ExceededLimit


class Data16(TypedDict):
    """What it happened to."""

    object: dict[str, Any]
    """The object as the event left it."""

    previous_attributes: NotRequired[dict[str, Any]]
    """The old values of what changed."""


class Event(TypedDict):
    """Something that happened to an object of the account. What `data` holds is described for each type under the webhooks of this reference."""

    id: EventId
    object: Literal["event"]
    """Always `event`."""

    type: str
    """What happened."""

    created: UnixTime
    api_version: DatedVersion
    data: Data16
    """What it happened to."""

    request: EventRequest


class EventList(TypedDict):
    """One page of events."""

    object: Literal["list"]
    """Always `list`."""

    data: list[Event]
    """The events of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class V1Event(TypedDict):
    """Something that happened to an object of the account. What `data` holds is described for each type under the webhooks of this reference."""

    id: EventId
    event: str
    """What happened."""

    timestamp: Timestamp
    data: dict[str, Any]
    """The object as the event left it."""

    previous_attributes: NotRequired[dict[str, Any]]
    """The old values of what changed."""


class V1EventAnswer(TypedDict):
    """One event in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Event
    meta: V1Meta


class V1EventListAnswer(TypedDict):
    """One page of events in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Event]
    """The events of this page."""

    meta: V1PageMeta


DeliveryId: TypeAlias = str
"""A delivery's id."""


DeliveryEvent: TypeAlias = str
"""The id of the event that is sent, which is the same at each attempt."""


DeliveryStatus: TypeAlias = Literal["pending", "succeeded", "failed"]
"""`pending` until the webhook has answered with a 2xx or the last attempt has failed. Attempts follow after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and 10 h, give or take a fifth."""


DeliveryAttemptCount: TypeAlias = int
"""How many attempts there have been."""


DeliveryResponseStatus: TypeAlias = int | None
"""The status that was answered; `null` when nothing was."""


DeliveryError: TypeAlias = str | None
"""Why it failed; `null` when it did not."""


DeliveryAttemptNumber: TypeAlias = int
"""Which attempt it was, from 1."""


DeliveryDuration: TypeAlias = float
"""How long it took, in milliseconds; at most 15 seconds are waited for."""


DeliveryResponseBody: TypeAlias = str | None
"""The first kilobyte of the answer, as text. It comes from the webhook, so do not trust it."""


class DeliveryAttempt(TypedDict):
    """One attempt to send an event."""

    number: DeliveryAttemptNumber
    created: UnixTime
    duration_ms: DeliveryDuration
    response_status: DeliveryResponseStatus
    response_body: DeliveryResponseBody
    error: DeliveryError


class Delivery(TypedDict):
    """An event on its way to a webhook."""

    id: DeliveryId
    object: Literal["delivery"]
    """Always `delivery`."""

    created: UnixTime
    updated: UnixTime
    webhook: WebhookId
    event: DeliveryEvent
    event_type: str
    """The type of the event."""

    status: DeliveryStatus
    attempt_count: DeliveryAttemptCount
    next_attempt: int | None
    """When it is sent next, in unix seconds; `null` when it is being sent now, or not any more."""

    response_status: DeliveryResponseStatus
    """The status that the last attempt was answered with; `null` when there was none, or no answer."""

    error: DeliveryError
    """Why the last attempt failed, or why there was none; `null` when it did not."""


class DeliveryInFull(TypedDict):
    """An event on its way to a webhook, with the attempts to send it."""

    id: DeliveryId
    object: Literal["delivery"]
    """Always `delivery`."""

    created: UnixTime
    updated: UnixTime
    webhook: WebhookId
    event: DeliveryEvent
    event_type: str
    """The type of the event."""

    status: DeliveryStatus
    attempt_count: DeliveryAttemptCount
    next_attempt: int | None
    """When it is sent next, in unix seconds; `null` when it is being sent now, or not any more."""

    response_status: DeliveryResponseStatus
    """The status that the last attempt was answered with; `null` when there was none, or no answer."""

    error: DeliveryError
    """Why the last attempt failed, or why there was none; `null` when it did not."""

    attempts: list[DeliveryAttempt]
    """The last attempts, newest first."""


class DeliveryList(TypedDict):
    """One page of deliveries."""

    object: Literal["list"]
    """Always `list`."""

    data: list[Delivery]
    """The deliveries of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count


class WebhookRecovery(TypedDict):
    """What to send again."""

    since: int
    """Send again what was created from this time on, in unix seconds, of the last 14 days."""

    idempotency_key: NotRequired[IdempotencyKey]


class WebhookRecovered(TypedDict):
    """What is sent again."""

    object: Literal["webhook_recovery"]
    """Always `webhook_recovery`."""

    webhook: WebhookId
    since: UnixTime
    recovered: Count
    has_more: bool
    """Whether there may be more; then repeat the request with another idempotency key."""


class WebhookSecretRotation(TypedDict):
    """How to replace a secret."""

    overlap_seconds: NotRequired[int]
    """For how many seconds the old secret goes on beside the new one, up to 30 days; 0 ends it at once."""

    idempotency_key: NotRequired[IdempotencyKey]


class V1DeliveryAttempt(TypedDict):
    """One attempt to send an event."""

    number: DeliveryAttemptNumber
    duration_ms: DeliveryDuration
    response_status: DeliveryResponseStatus
    response_body: DeliveryResponseBody
    error: DeliveryError
    created_at: Timestamp


class V1Delivery(TypedDict):
    """An event on its way to a webhook."""

    id: DeliveryId
    webhook: WebhookId
    event: DeliveryEvent
    event_type: str
    """The type of the event."""

    status: DeliveryStatus
    attempt_count: DeliveryAttemptCount
    next_attempt_at: str | None
    """When it is sent next; `null` when it is being sent now, or not any more."""

    response_status: DeliveryResponseStatus
    """The status that the last attempt was answered with; `null` when there was none, or no answer."""

    error: DeliveryError
    """Why the last attempt failed, or why there was none; `null` when it did not."""

    created_at: Timestamp
    updated_at: Timestamp


class V1DeliveryInFull(TypedDict):
    """An event on its way to a webhook, with the attempts to send it."""

    id: DeliveryId
    webhook: WebhookId
    event: DeliveryEvent
    event_type: str
    """The type of the event."""

    status: DeliveryStatus
    attempt_count: DeliveryAttemptCount
    next_attempt_at: str | None
    """When it is sent next; `null` when it is being sent now, or not any more."""

    response_status: DeliveryResponseStatus
    """The status that the last attempt was answered with; `null` when there was none, or no answer."""

    error: DeliveryError
    """Why the last attempt failed, or why there was none; `null` when it did not."""

    attempts: list[V1DeliveryAttempt]
    """The last attempts, newest first."""

    created_at: Timestamp
    updated_at: Timestamp


class V1WebhookRecovery(TypedDict):
    """What to send again."""

    since: str
    """Send again what was created from this time in UTC on, to the second, of the last 14 days."""

    idempotency_key: NotRequired[IdempotencyKey]


class V1WebhookRecovered(TypedDict):
    """What is sent again."""

    webhook: WebhookId
    since: Timestamp
    recovered: Count
    has_more: bool
    """Whether there may be more; then repeat the request with another idempotency key."""


class V1DeliveryAnswer(TypedDict):
    """One delivery in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Delivery
    meta: V1Meta


class V1DeliveryInFullAnswer(TypedDict):
    """One delivery with its attempts in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1DeliveryInFull
    meta: V1Meta


class V1WebhookRecoveredAnswer(TypedDict):
    """What is sent again in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1WebhookRecovered
    meta: V1Meta


class V1DeliveryListAnswer(TypedDict):
    """One page of deliveries in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: list[V1Delivery]
    """The deliveries of this page."""

    meta: V1PageMeta


class ResourceCreate(TypedDict):
    """A resource to create."""

    name: ResourceName
    type: ResourceType
    configuration: NotRequired[ConfigurationCreate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]
    target_url: NotRequired[TargetUrl]
    idempotency_key: NotRequired[IdempotencyKey]


class ResourceUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[ResourceName]
    configuration: NotRequired[ConfigurationUpdate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]
    target_url: NotRequired[TargetUrl]
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

    target_url: TargetUrl
    provisioning: Provisioning
    metrics: Metrics
    limits: ResourceLimits
    logs: NotRequired[list[LogEntry]]
    """What happened to the resource last, newest first: what jobs wrote, and the requests among the last 2,000 of the account; with `expand[]=logs`."""

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
    """What happened to the resource last, newest first: what jobs wrote, and the requests among the last 2,000 of the account; with `expand[]=logs`."""

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
    target_url: NotRequired[TargetUrl]


class V1ResourceUpdate(TypedDict):
    """The fields to change. A field that is left out stays as it is."""

    name: NotRequired[ResourceName]
    config: NotRequired[V1ConfigUpdate]
    metadata: NotRequired[Metadata]
    project: NotRequired[ProjectReference]
    target_url: NotRequired[TargetUrl]
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

    target_url: TargetUrl
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


class WebhookDefaults(TypedDict):
    """What a new webhook gets where it does not say."""

    events: WebhookEvents
    api_version: DefaultWebhookVersion


class WebhookDefaultsUpdate(TypedDict):
    """What a new webhook gets where it does not say; a field that is left out stays as it is."""

    events: NotRequired[WebhookEvents]
    api_version: NotRequired[DefaultWebhookVersion]


class SettingsUpdate(TypedDict):
    """The settings to change. A field that is left out stays as it is."""

    name: NotRequired[AccountName]
    default_api_version: NotRequired[DefaultApiVersion]
    log_retention_days: NotRequired[LogRetentionDays]
    webhook_defaults: NotRequired[WebhookDefaultsUpdate]


class Settings(TypedDict):
    """The settings of an account in one mode."""

    object: Literal["settings"]
    """Always `settings`."""

    updated: UnixTime
    name: AccountName
    default_api_version: DefaultApiVersion
    log_retention_days: LogRetentionDays
    webhook_defaults: WebhookDefaults


class V1Settings(TypedDict):
    """The settings of an account in one mode."""

    name: AccountName
    default_api_version: DefaultApiVersion
    log_retention_days: LogRetentionDays
    webhook_defaults: WebhookDefaults
    updated_at: Timestamp


class V1SettingsAnswer(TypedDict):
    """The settings in their envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: V1Settings
    meta: V1Meta


class BatchRequest(TypedDict):
    """Operations to run in their order."""

    operations: list[BatchOperation]
    """The operations."""

    atomic: NotRequired[bool]
    """Whether nothing is done unless all of it can be done."""


class BatchResult(TypedDict):
    """What the operations of a batch came to."""

    results: list[BatchOutcome]
    """The answer of each operation, in the order of the request."""

    summary: BatchSummary


class V1BatchAnswer(TypedDict):
    """What the operations of a batch came to, in its envelope."""

    status: Literal["success"]
    """Always `success`."""

    data: BatchResult
    meta: V1Meta


class JobCreate(TypedDict):
    """A job to begin. What it needs besides its type depends on that; what another type needs is refused."""

    type: Literal["process", "export"]
    """What to do."""

    resource: NotRequired[str]
    """The resource to process the items with. `process` needs it."""

    items: NotRequired[list[Any]]
    """What to process, each item any JSON value of your own. `process` needs them."""

    processor: NotRequired[str]
    """The processor that the items go through, such as `echo`, `checksum` or `deduplicate`; `echo` unless you say. Not for a resource with a `target_url`."""

    kinds: NotRequired[list[ExportKind]]
    """What to export, all of it by default. The API key needs the scopes to read it. Only `export` takes it."""

    created: NotRequired[Created]
    """Only objects that were created in this time, bounds included. Only `export` takes it."""

    idempotency_key: NotRequired[IdempotencyKey]


class Job(TypedDict):
    """A job."""

    id: JobId
    object: Literal["job"]
    """Always `job`."""

    created: UnixTime
    updated: UnixTime
    type: JobType
    status: WorkStatus
    resource: str | Resource | None
    """The id of the resource that the job is about, if it is about one; the resource itself with `expand[]=resource`, `null` when it is gone."""

    project: str | None
    """The id of the project that the resource belonged to when the job was made, if it belonged to one."""

    progress: JobProgress
    input: dict[str, Any] | None
    """What was asked for, in short."""

    error: WorkError | None
    """Why the job failed, if it did."""

    request_id: str | None
    """The request that made the job; its events name it too."""

    started: PossibleTime
    finished: PossibleTime
    cancel_requested: PossibleTime
    tasks: NotRequired[list[Task]]
    """The first 20 tasks of the job; with `expand[]=tasks`."""

    logs: NotRequired[list[LogEntry]]
    """What the job wrote last, newest first; with `expand[]=logs`."""


class JobList(TypedDict):
    """One page of jobs."""

    object: Literal["list"]
    """Always `list`."""

    data: list[Job]
    """The jobs of this page."""

    has_more: bool
    """Whether there are more after this page."""

    total_count: Count
