"""Users: the people of an account, from their invitation on."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

from domain import callers, ids, kinds
from domain.calls import Call
from domain.kinds import Kind, ListQuery
from domain.pages import Deleted, Page
from domain.refusals import Refusal
from storage import users
from storage.users import ROWS, Row

OWNER = "owner"
ATTRIBUTES = ("id", "created", "updated", "version", "email", "name", "role", "status", "invitation_expires")
TOKEN_BYTES = 32


class UserQuery(ListQuery, total=False):
    """How to list users."""

    status: str
    role: str
    email: str


class UserCreate(TypedDict):
    """Whom to invite, defaults filled in; the invitation lasts for `expires_in` seconds."""

    email: str
    name: str | None
    role: str
    expires_in: int
    idempotency_key: NotRequired[str]


class InvitationCreate(TypedDict):
    """How many seconds a new invitation lasts."""

    expires_in: int
    idempotency_key: NotRequired[str]


class InvitationAccept(TypedDict):
    """The token of an invitation, and what the invited person is called."""

    token: str
    name: str
    idempotency_key: NotRequired[str]


@dataclass(slots=True)
class Invitation:
    """A token that makes an invited user active; it is known only to the answer that makes it."""

    token: str = field(repr=False)
    expires: int


@dataclass(slots=True)
class User:
    """A person of the account in one mode; `invitation` is there only when it has just been made."""

    id: str
    created: int
    updated: int
    version: int
    email: str
    name: str | None
    role: str
    status: str
    invitation_digest: str | None = field(repr=False)
    invitation_expires: int | None
    invitation: Invitation | None = field(default=None, compare=False)


def create(call: Call, body: UserCreate) -> User:
    """Invite a person; refuses an address that another user has, and a role above the caller's."""
    callers.require_role(call.caller, body["role"])
    invitation = _invitation(call, body["expires_in"])
    user = User(
        id=ids.new("user"),
        created=call.now,
        updated=call.now,
        version=1,
        email=normalised(body["email"]),
        name=body["name"],
        role=body["role"],
        status="invited",
        invitation_digest=_digest(invitation.token),
        invitation_expires=invitation.expires,
        invitation=invitation,
    )
    return USERS.add(call, user)


def invite(call: Call, user_id: str, body: InvitationCreate) -> User:
    """Make a new invitation for a user who has not accepted one yet; the old one is worth nothing from now on."""
    old = USERS.lock(call, user_id)
    callers.require_role(call.caller, old.role, None)
    if old.status != "invited":
        raise Refusal("invitation_accepted")
    invitation = _invitation(call, body["expires_in"])
    new = replace(old, invitation_digest=_digest(invitation.token), invitation_expires=invitation.expires)
    return replace(USERS.store(call, old, new), invitation=invitation)


def accept(call: Call, body: InvitationAccept) -> User:
    """Make the invited user active whose invitation has this token, which is used up by it."""
    row = users.fetch_invited(call.tx, call.scope, _digest(body["token"]))
    if row is None:
        raise Refusal("not_found", "There is no open invitation with this token.", "token")
    if row.invitation_expires is not None and row.invitation_expires <= call.now:
        raise Refusal("invitation_expired", param="token")
    old = _load(call, row)
    new = replace(old, name=body["name"], status="active", invitation_digest=None, invitation_expires=None)
    return USERS.store(call, old, new)


def fetch(call: Call, user_id: str) -> User:
    """The user with this id."""
    return USERS.fetch(call, user_id)


def fetch_many(call: Call, user_ids: Collection[str]) -> dict[str, User]:
    """Those of some users that are there, by their ids."""
    rows = (ROWS.fetch(call.tx, call.scope, user_id) for user_id in user_ids)
    return {row.id: _load(call, row) for row in rows if row is not None}


def page(call: Call, query: UserQuery) -> Page[User]:
    """One page of the caller's users."""
    email = query.get("email")
    filters = {"status": query.get("status"), "role": query.get("role"), "email": email and normalised(email)}
    return USERS.page(call, query, filters)


def update(call: Call, user_id: str, changes: Mapping[str, Any]) -> User:
    """Change the given attributes. Keys of the user are bounded by a new role at once. No change, no event."""
    owners = users.lock_active(call.tx, call.scope, OWNER) if "role" in changes else set()

    def apply(old: User) -> User:
        if changes.get("role", old.role) != old.role:
            callers.require_role(call.caller, changes["role"])
            callers.require_role(call.caller, old.role)
            _refuse_last_owner(old, owners)
            call.forget_callers = True
        return replace(old, **changes)

    return USERS.change(call, user_id, apply)


def delete(call: Call, user_id: str) -> Deleted:
    """Remove a user, but not the last owner nor one above the caller."""
    owners = users.lock_active(call.tx, call.scope, OWNER)

    def check(old: User) -> None:
        callers.require_role(call.caller, old.role, None)
        _refuse_last_owner(old, owners)

    return USERS.remove(call, user_id, check)


def normalised(email: str) -> str:
    """An address as it is stored and compared; we hold no address whose letters' case matters."""
    return email.strip().lower()


def _refuse_last_owner(user: User, owners: Collection[str]) -> None:
    if user.id in owners and len(owners) == 1:
        raise Refusal("last_owner")


def _invitation(call: Call, seconds: int) -> Invitation:
    return Invitation(f"inv_{secrets.token_urlsafe(TOKEN_BYTES)}", call.now + seconds)


def _digest(token: str) -> str:
    """What is stored of a token. Tokens are random, so a fast hash suffices."""
    return hashlib.sha256(token.encode()).hexdigest()


def _snapshot(user: User) -> dict[str, Any]:
    return {"object": "user", **kinds.attributes(user, ATTRIBUTES)}


def _columns(user: User) -> dict[str, Any]:
    return {**kinds.attributes(user, ATTRIBUTES), "invitation_digest": user.invitation_digest}


def _load(_: Call, row: Row) -> User:
    return User(
        id=row.id,
        created=row.created,
        updated=row.updated,
        version=row.version,
        email=row.email,
        name=row.name,
        role=row.role,
        status=row.status,
        invitation_digest=row.invitation_digest,
        invitation_expires=row.invitation_expires,
    )


USERS: Kind[User, Row] = Kind("user", ROWS, _load, _columns, _snapshot)
