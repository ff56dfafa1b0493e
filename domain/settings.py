"""Settings: what holds for an account as a whole, in each of its modes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from domain import events, kinds
from domain.calls import Call
from storage import settings
from storage.settings import Row

ATTRIBUTES = ("id", "updated", "version", "name", "default_api_version", "log_retention_days")


@dataclass(slots=True)
class WebhookDefaults:
    """What a new webhook gets where it does not say; no version stands for that of the request that creates it."""

    events: Sequence[str]
    api_version: str | None


@dataclass(slots=True)
class Settings:
    """The settings of an account in one mode; `id` names them in events and ETags, `version` counts their changes."""

    id: str
    updated: int
    version: int
    name: str
    default_api_version: str | None
    log_retention_days: int
    webhook_defaults: WebhookDefaults


def fetch(call: Call) -> Settings:
    """The settings of the caller's account in its mode."""
    return _load(settings.fetch(call.tx, call.scope))


def lock(call: Call) -> Settings:
    """The settings, which nobody else changes until the transaction ends."""
    return _load(settings.fetch_for_update(call.tx, call.scope))


def update(call: Call, changes: Mapping[str, Any]) -> Settings:
    """Change the given settings; `webhook_defaults` are merged. No change, no event."""
    old = lock(call)
    call.require_revision(old.id, old.version)
    defaults = replace(old.webhook_defaults, **changes.get("webhook_defaults", {}))
    new = replace(old, **{**changes, "webhook_defaults": defaults})
    if new == old:
        return old
    new = replace(new, updated=call.now, version=old.version + 1)
    settings.update(call.tx, call.scope, _columns(new))
    shown = _snapshot(new)
    events.record(call, "settings.updated", shown, kinds.previous(_snapshot(old), shown))
    if new.default_api_version != old.default_api_version:
        call.forget_callers = True
    return new


def _snapshot(found: Settings) -> dict[str, Any]:
    return {
        "object": "settings",
        **kinds.attributes(found, ATTRIBUTES),
        "webhook_defaults": kinds.attributes(found.webhook_defaults, ("events", "api_version")),
    }


def _columns(found: Settings) -> dict[str, Any]:
    return {
        "updated": found.updated,
        "version": found.version,
        "name": found.name,
        "api_version": found.default_api_version,
        "log_retention_days": found.log_retention_days,
        "webhook_events": found.webhook_defaults.events,
        "webhook_api_version": found.webhook_defaults.api_version,
    }


def _load(row: Row) -> Settings:
    return Settings(
        id=f"{row.account_id}_{row.mode}",
        updated=row.updated,
        version=row.version,
        name=row.name,
        default_api_version=row.api_version,
        log_retention_days=row.log_retention_days,
        webhook_defaults=WebhookDefaults(row.webhook_events, row.webhook_api_version),
    )
