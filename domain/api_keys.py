"""API keys: how they are made, shown, changed, rotated and revoked. Only their digest is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

from domain import callers, ids, key_form, kinds, networks, refusals, users
from domain.calls import Call
from domain.kinds import Kind, ListQuery
from domain.pages import Deleted, Page
from domain.refusals import Invalid
from domain.users import User
from storage import api_keys
from storage import users as user_rows
from storage.api_keys import ROWS, Row
from storage.database import Transaction
from storage.scope import Scope

LONGEST_LIFE = 10 * 366 * 24 * 60 * 60
IDENTITY = ("id", "created", "updated", "version", "prefix", "last4")
GIVEN = ("name", "scopes", "api_version", "expires", "allowed_networks")
KEPT = ("digest", "revoked", "last_used")


# Whose key was used, and when.
Use = tuple[Scope, int]


class ExpandQuery(TypedDict, total=False):
    """What to show in full."""

    expand: Sequence[str]


class ApiKeyQuery(ListQuery, total=False):
    """How to list keys."""

    user: str
    expand: Sequence[str]


class ApiKeyCreate(TypedDict):
    """What a new key is made of, defaults filled in."""

    name: str
    scopes: Sequence[str]
    expires: int | None
    api_version: str | None
    allowed_networks: Sequence[str]
    user: str | None
    idempotency_key: NotRequired[str]


class Rotation(TypedDict):
    """For how many seconds the old key goes on beside its successor."""

    overlap_seconds: int
    idempotency_key: NotRequired[str]


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """What a key that the operator makes may do, in which mode, until when and in which version."""

    mode: str
    scopes: Sequence[str]
    name: str = "API key"
    api_version: str | None = None
    expires: int | None = None


@dataclass(slots=True)
class ApiKey:
    """A key as it can be shown; `key` is the key itself, which only the answer that makes it knows.

    `user` is the id of the user that it belongs to, or the user where it is expanded.
    """

    id: str
    created: int
    updated: int
    version: int
    name: str
    mode: str
    digest: str = field(repr=False)
    prefix: str
    last4: str
    scopes: Sequence[str]
    api_version: str | None
    expires: int | None
    allowed_networks: Sequence[str]
    user: User | str | None
    last_used: int | None = None
    revoked: int | None = None
    key: str | None = field(default=None, repr=False, compare=False)


def issue(tx: Transaction, now: int, account_id: str, options: KeyOptions) -> str:
    """Make a key for the operator and return it, this once."""
    given = {"name": options.name, "scopes": list(options.scopes), "api_version": options.api_version}
    key = key_form.generate(options.mode)
    made = _made(key, now, options.mode, {**given, "expires": options.expires, "allowed_networks": [], "user": None})
    scope = Scope(account_id, options.mode)
    ROWS.insert(tx, scope, _columns(made))
    ROWS.tally(tx, scope, {"": 1})
    return key


def revoke(tx: Transaction, now: int, key_id: str) -> bool:
    """Revoke a key for the operator; false when there is none with this id."""
    return api_keys.revoke(tx, key_id, now)


def touch(tx: Transaction, used: Mapping[str, Use]) -> None:
    """Note when some keys were last used, by their ids."""
    # Always in the same order, so that two at once do not wait for each other.
    for key_id, (scope, moment) in sorted(used.items()):
        api_keys.touch(tx, scope, key_id, moment)


def list_of(tx: Transaction, account_id: str) -> list[ApiKey]:
    """The keys of an account in both modes, oldest first, revoked ones too."""
    return [_shown(row) for row in api_keys.list_of(tx, account_id)]


def create(call: Call, body: ApiKeyCreate) -> ApiKey:
    """Create a key that may do no more than the caller; one that a user's key makes belongs to that user."""
    own = call.caller.user_id if call.caller else None
    user_id = body["user"] or own
    role = _require_user(call, user_id) if user_id else None
    if role is not None and user_id != own:
        callers.require_role(call.caller, role, "user")
    callers.require_scopes(call.caller, body["scopes"], role)
    _refuse_expiry(call, body["expires"])
    given = {name: body[name] for name in ("name", "scopes", "api_version", "expires")}
    allowed = networks.written(body["allowed_networks"])
    return _add(call, {**given, "allowed_networks": allowed, "user": user_id})


def fetch(call: Call, key_id: str, expand: Sequence[str] = ()) -> ApiKey:
    """The key with this id, with what is to be expanded."""
    key = KEYS.fetch(call, key_id)
    _expand(call, [key], expand)
    return key


def page(call: Call, query: ApiKeyQuery) -> Page[ApiKey]:
    """One page of the caller's keys."""
    found = KEYS.page(call, query, {"user_id": query.get("user")})
    _expand(call, found.data, query.get("expand", ()))
    return found


def update(call: Call, key_id: str, changes: Mapping[str, Any]) -> ApiKey:
    """Change the given attributes; lists are replaced. No change, no event."""
    _refuse_expiry(call, changes.get("expires"))
    role = _role_behind(call, key_id) if "scopes" in changes else None
    if "allowed_networks" in changes:
        changes = {**changes, "allowed_networks": networks.written(changes["allowed_networks"])}

    def apply(old: ApiKey) -> ApiKey:
        added = [scope for scope in changes.get("scopes", ()) if scope not in old.scopes]
        callers.require_scopes(call.caller, added, role)
        return replace(old, **changes)

    call.forget_callers = True
    return KEYS.change(call, key_id, apply)


def rotate(call: Call, key_id: str, body: Rotation) -> ApiKey:
    """Make a successor that may do the same; the old key ends after the overlap, or before if it would anyway."""
    role = _role_behind(call, key_id)
    old = KEYS.lock(call, key_id)
    _require_control(call, old, role)
    ends = call.real_now + body["overlap_seconds"]
    KEYS.store(call, old, replace(old, expires=ends if old.expires is None else min(ends, old.expires)))
    call.forget_callers = True
    return _add(call, kinds.attributes(old, (*GIVEN, "user")))


def delete(call: Call, key_id: str) -> Deleted:
    """Revoke a key. Its row stays, so that whoever still sends it is told."""
    old = KEYS.lock(call, key_id)
    call.require_revision(old.id, old.version)
    return _end(call, old)


def delete_all_of(call: Call, user_id: str) -> None:
    """Revoke every key of a user."""
    for row in api_keys.lock_of_user(call.tx, call.scope, user_id):
        _end(call, _shown(row))


def _made(key: str, now: int, mode: str, given: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=ids.new("key"),
        created=now,
        updated=now,
        version=1,
        mode=mode,
        digest=str(key_form.digest(key)),
        prefix=key[: key_form.SHOWN_PREFIX],
        last4=key[-4:],
        key=key,
        **given,
    )


def _add(call: Call, given: Mapping[str, Any]) -> ApiKey:
    return KEYS.add(call, _made(key_form.generate(call.scope.mode), call.now, call.scope.mode, given))


def _end(call: Call, old: ApiKey) -> Deleted:
    ROWS.update(call.tx, call.scope, old.id, old.version, {"revoked": call.real_now, "updated": call.now})
    call.forget_callers = True
    return KEYS.removed(call, old)


def _require_user(call: Call, user_id: str) -> str:
    """The role of a user, who is kept from being removed until the transaction ends."""
    row = user_rows.ROWS.fetch_for_update(call.tx, call.scope, user_id)
    if row is None:
        raise refusals.not_found("user", user_id, "user")
    return row.role


def _role_behind(call: Call, key_id: str) -> str | None:
    """The role of the user whom a key belongs to. Whoever needs the key's row too locks it after the user's."""
    user = KEYS.fetch(call, key_id).user
    return None if user is None else _require_user(call, str(user))


def _require_control(call: Call, key: ApiKey, role: str | None) -> None:
    """Refuse to hand out the powers of a key that are not the caller's, its user's included."""
    caller = call.caller
    if caller is None or key.id == caller.key_id:
        return
    callers.require_scopes(caller, key.scopes, None, None)
    if role is not None and key.user != caller.user_id:
        callers.require_role(caller, role, None)


def _refuse_expiry(call: Call, expires: int | None) -> None:
    if expires is not None and expires <= call.real_now:
        raise Invalid("expires", "too_small", "must be a time in the future")
    if expires is not None and expires > call.real_now + LONGEST_LIFE:
        raise Invalid("expires", "too_large", "must be within the next 10 years")


def _expand(call: Call, keys: Sequence[ApiKey], expand: Sequence[str]) -> None:
    if "user" in expand:
        found = users.fetch_many(call, {str(key.user) for key in keys if key.user})
        for key in keys:
            key.user = found.get(str(key.user))


def _snapshot(key: ApiKey) -> dict[str, Any]:
    return {"object": "api_key", **kinds.attributes(key, (*IDENTITY, *GIVEN, "mode", "user"))}


def _columns(key: ApiKey) -> dict[str, Any]:
    return {**kinds.attributes(key, IDENTITY + GIVEN + KEPT), "user_id": key.user}


def _load(_: Call, row: Row) -> ApiKey:
    return _shown(row)


def _shown(row: Row) -> ApiKey:
    shown = {**row._asdict(), "user": row.user_id}
    del shown["account_id"], shown["user_id"]
    return ApiKey(**shown)


KEYS: Kind[ApiKey, Row] = Kind("api_key", ROWS, _load, _columns, _snapshot)
