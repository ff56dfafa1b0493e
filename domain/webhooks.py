"""Webhooks: endpoints of a customer's own that events are sent to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

from domain import destinations, events, ids, kinds, settings, signatures
from domain.calls import Call
from domain.kinds import Kind, ListQuery
from domain.pages import Deleted, Page
from domain.refusals import Refusal
from storage import deliveries
from storage.webhooks import ROWS, Row

# Each event is sent to every webhook that wants it.
MOST_WEBHOOKS = 50
GIVEN = ("url", "description", "events", "api_version", "status")
SET_BY_PLATFORM = ("secret_last4", "previous_secret_expires", "failing_since", "disabled_reason")
SHOWN = ("id", "created", "updated", "version", *GIVEN, *SET_BY_PLATFORM)
SEALED = ("sealed_secret", "sealed_previous_secret")


class WebhookQuery(ListQuery, total=False):
    """How to list webhooks."""

    status: str


class WebhookCreate(TypedDict):
    """What a new webhook is made of, defaults of the document filled in."""

    url: str
    description: str | None
    status: str
    events: NotRequired[Sequence[str]]
    api_version: NotRequired[str]
    idempotency_key: NotRequired[str]


class SecretRotation(TypedDict):
    """For how many seconds the old secret goes on signing beside its successor."""

    overlap_seconds: int
    idempotency_key: NotRequired[str]


@dataclass(slots=True)
class Webhook:
    """A webhook; `sealed_secret` is the encrypted key of its signatures, `version` counts its changes.

    The previous secret signs as well until it expires. `failing_since` is since when every attempt has failed, and
    `disabled_reason` why the platform, not its owner, disabled it: `gone` or `failing`.
    """

    id: str
    created: int
    updated: int
    version: int
    url: str
    description: str | None
    events: Sequence[str]
    api_version: str
    status: str
    sealed_secret: str
    secret_last4: str
    sealed_previous_secret: str | None = None
    previous_secret_expires: int | None = None
    failing_since: int | None = None
    disabled_reason: str | None = None


@dataclass(slots=True)
class NewWebhook(Webhook):
    """A webhook with the secret that was just made for it."""

    secret: str = ""


def create(call: Call, body: WebhookCreate) -> NewWebhook:
    """Create a webhook with a new secret; refuses one more than an account may have."""
    destinations.require(call, body["url"])
    # Creations of one account and mode wait for each other at this lock, so that the limit is exact.
    defaults = settings.lock(call).webhook_defaults
    if ROWS.count(call.tx, call.scope, {}) >= MOST_WEBHOOKS:
        raise Refusal("limit_reached", f"There are {MOST_WEBHOOKS} webhooks, which is the most. Delete one first.")
    secret = signatures.new_secret()
    webhook = Webhook(
        id=ids.new("whk"),
        created=call.now,
        updated=call.now,
        version=1,
        url=body["url"],
        description=body["description"],
        events=body.get("events", defaults.events),
        api_version=body.get("api_version") or defaults.api_version or call.api_version,
        status=body["status"],
        sealed_secret=call.seal.close(secret.encode()),
        secret_last4=secret[-4:],
    )
    return _with_secret(WEBHOOKS.add(call, webhook), secret)


def fetch(call: Call, webhook_id: str) -> Webhook:
    """The webhook with this id."""
    return WEBHOOKS.fetch(call, webhook_id)


def page(call: Call, query: WebhookQuery) -> Page[Webhook]:
    """One page of the caller's webhooks."""
    return WEBHOOKS.page(call, query, {"status": query.get("status")})


def lock(call: Call, webhook_id: str) -> Webhook:
    """The webhook with this id, which nobody else changes until the transaction ends."""
    return WEBHOOKS.lock(call, webhook_id)


def update(call: Call, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
    """Change the given attributes; `events` is replaced. No change, no event. Enabling forgets its failures."""
    if "url" in changes:
        destinations.require(call, changes["url"])

    def apply(old: Webhook) -> Webhook:
        new = replace(old, **changes)
        if (old.status, new.status) == ("disabled", "enabled"):
            new = replace(new, failing_since=None, disabled_reason=None)
        return new

    return WEBHOOKS.change(call, webhook_id, apply)


def rotate_secret(call: Call, webhook_id: str, body: SecretRotation) -> NewWebhook:
    """Make a new secret; the old one signs beside it until the overlap ends, and the one before that ends now."""
    old = lock(call, webhook_id)
    secret = signatures.new_secret()
    changes: dict[str, Any] = {"sealed_secret": call.seal.close(secret.encode()), "secret_last4": secret[-4:]}
    overlaps = body["overlap_seconds"] > 0
    changes["sealed_previous_secret"] = old.sealed_secret if overlaps else None
    changes["previous_secret_expires"] = call.real_now + body["overlap_seconds"] if overlaps else None
    return _with_secret(WEBHOOKS.store(call, old, replace(old, **changes)), secret)


def disable(call: Call, webhook_id: str, reason: str) -> None:
    """Disable a webhook for the platform, with an event that says so, unless it is disabled, gone or well again."""
    row = ROWS.fetch_for_update(call.tx, call.scope, webhook_id)
    if row is None:
        return
    old = _load(call, row)
    if old.status != "enabled" or (reason == "failing" and old.failing_since is None):
        return
    new = WEBHOOKS.store(call, old, replace(old, status="disabled", disabled_reason=reason))
    events.record(call, "webhook.disabled", snapshot(new))


def delete(call: Call, webhook_id: str) -> Deleted:
    """Delete a webhook for good; its deliveries follow."""
    gone = WEBHOOKS.remove(call, webhook_id)
    deliveries.note_deleted(call.tx, call.scope, webhook_id)
    return gone


def snapshot(webhook: Webhook) -> dict[str, Any]:
    """A webhook as its events keep it."""
    return {"object": "webhook", **kinds.attributes(webhook, SHOWN)}


def _with_secret(webhook: Webhook, secret: str) -> NewWebhook:
    return NewWebhook(**kinds.attributes(webhook, (*SHOWN, *SEALED)), secret=secret)


def _columns(webhook: Webhook) -> dict[str, Any]:
    sealed = {"secret": webhook.sealed_secret, "previous_secret": webhook.sealed_previous_secret}
    return {**kinds.attributes(webhook, SHOWN), **sealed}


def _load(_: Call, row: Row) -> Webhook:
    shown = {name: getattr(row, name) for name in SHOWN}
    return Webhook(**shown, sealed_secret=row.secret, sealed_previous_secret=row.previous_secret)


WEBHOOKS: Kind[Webhook, Row] = Kind("webhook", ROWS, _load, _columns, snapshot)
