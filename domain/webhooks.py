"""Webhooks: endpoints of a customer's own that events are sent to."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NotRequired, TypedDict

from domain import destinations, ids, kinds, settings
from domain.calls import Call
from domain.kinds import Kind, ListQuery
from domain.pages import Deleted, Page
from domain.refusals import Refusal
from storage.webhooks import ROWS, Row

# Each event is sent to every webhook that wants it.
MOST_WEBHOOKS = 16
SECRET_BYTES = 32
SHOWN = ("id", "created", "updated", "version", "url", "description", "events", "api_version", "status", "secret_last4")


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


@dataclass(slots=True)
class Webhook:
    """A webhook; `sealed_secret` is the encrypted key of its signatures, `version` counts its changes."""

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


@dataclass(slots=True)
class NewWebhook(Webhook):
    """A webhook that was just created, with its secret."""

    secret: str


def create(call: Call, body: WebhookCreate) -> NewWebhook:
    """Create a webhook with a new secret; refuses one more than an account may have."""
    destinations.require(call, body["url"])
    # Creations of one account and mode wait for each other at this lock, so that the limit is exact.
    defaults = settings.lock(call).webhook_defaults
    if ROWS.count(call.tx, call.scope, {}) >= MOST_WEBHOOKS:
        raise Refusal("limit_reached", f"There are {MOST_WEBHOOKS} webhooks, which is the most. Delete one first.")
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
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
    WEBHOOKS.add(call, webhook)
    return NewWebhook(**kinds.attributes(webhook, (*SHOWN, "sealed_secret")), secret=secret)


def fetch(call: Call, webhook_id: str) -> Webhook:
    """The webhook with this id."""
    return WEBHOOKS.fetch(call, webhook_id)


def page(call: Call, query: WebhookQuery) -> Page[Webhook]:
    """One page of the caller's webhooks."""
    return WEBHOOKS.page(call, query, {"status": query.get("status")})


def update(call: Call, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
    """Change the given attributes; `events` is replaced. No change, no event."""
    if "url" in changes:
        destinations.require(call, changes["url"])
    return WEBHOOKS.change(call, webhook_id, lambda old: replace(old, **changes))


def delete(call: Call, webhook_id: str) -> Deleted:
    """Delete a webhook for good."""
    return WEBHOOKS.remove(call, webhook_id)


def _snapshot(webhook: Webhook) -> dict[str, Any]:
    return {"object": "webhook", **kinds.attributes(webhook, SHOWN)}


def _columns(webhook: Webhook) -> dict[str, Any]:
    return {
        **kinds.attributes(webhook, SHOWN),
        "secret": webhook.sealed_secret,
        "previous_secret": None,
        "previous_secret_expires": None,
        "failing_since": None,
        "disabled_reason": None,
    }


def _load(_: Call, row: Row) -> Webhook:
    return Webhook(**{name: getattr(row, name) for name in SHOWN}, sealed_secret=row.secret)


WEBHOOKS: Kind[Webhook, Row] = Kind("webhook", ROWS, _load, _columns, _snapshot)
