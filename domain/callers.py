"""Callers: whom a key stands for, what it may do, and what it may pass on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain import networks, roles
from domain.networks import Network
from domain.refusals import Refusal
from domain.roles import Roles
from storage import api_keys
from storage.database import Transaction
from storage.scope import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a key stands for, and what it may do.

    `scopes` are the key's own; those of a key that belongs to a user hold only within `bound`, what the user's role
    may have now. A key of the account itself has neither user nor bound.
    """

    key_id: str
    key_prefix: str
    scope: Scope
    scopes: frozenset[str]
    plan: str
    region: str
    key_version: str | None
    account_version: str | None
    expires: int | None
    limits: Mapping[str, int | None] | None
    test_clock_offset: int
    user_id: str | None
    role: str | None
    bound: frozenset[str] | None
    networks: tuple[Network, ...]
    roles: Roles

    def may(self, scope: str) -> bool:
        """Whether the key has a scope and its user's role may have it."""
        return roles.holds(self.scopes, scope) and (self.bound is None or roles.holds(self.bound, scope))

    def may_grant(self, scope: str) -> bool:
        """Whether the caller may pass a scope on, which may be a kind or `*`."""
        cover = self.roles.cover
        return cover(self.scopes, scope) and (self.bound is None or cover(self.bound, scope))


def recognise(tx: Transaction, key_digest: str, now: int, known: Roles) -> Caller:
    """Whom a key stands for; refuses one that is unknown, revoked or expired."""
    row = api_keys.fetch_by_digest(tx, key_digest)
    if row is None:
        raise Refusal("key_invalid")
    if row.revoked is not None and row.revoked <= now:
        raise Refusal("key_revoked")
    caller = Caller(
        key_id=row.id,
        key_prefix=row.prefix,
        scope=Scope(row.account_id, row.mode),
        scopes=frozenset(row.scopes),
        plan=row.plan,
        region=row.region,
        key_version=row.api_version,
        account_version=row.account_api_version,
        expires=row.expires,
        limits=row.limits,
        test_clock_offset=row.test_clock_offset,
        user_id=row.user_id,
        role=row.role,
        bound=None if row.user_id is None else known.scopes_of(row.role),
        networks=tuple(map(networks.parse, row.allowed_networks)),
        roles=known,
    )
    refuse_expired(caller, now)
    return caller


def refuse_expired(caller: Caller, now: int) -> None:
    """Refuse a key whose time has passed."""
    if caller.expires is not None and caller.expires <= now:
        raise Refusal("key_expired")


def refuse_elsewhere(caller: Caller, address: str) -> None:
    """Refuse an address outside of the networks that the key is confined to."""
    if not networks.admit(caller.networks, address):
        raise Refusal("network_not_allowed", f"The API key may not be used from the address {address}.")


def require_scopes(
    caller: Caller | None, scopes: Iterable[str], role: str | None, param: str | None = "scopes"
) -> None:
    """Refuse scopes that the caller may not pass on, or that the role of the user who gets them may not have."""
    if caller is None:
        return
    for scope in scopes:
        if not caller.may_grant(scope):
            message = f"The scope '{scope}' cannot be given, as the calling API key does not have it."
            raise Refusal("scope_not_grantable", message, param)
        if role is not None and not caller.roles.cover(caller.roles.scopes_of(role), scope):
            message = f"The scope '{scope}' cannot be given, as the user's role '{role}' may not have it."
            raise Refusal("scope_not_grantable", message, param)


def require_role(caller: Caller | None, role: str, param: str | None = "role") -> None:
    """Refuse a role above that of the user whom the caller's key belongs to."""
    if caller is not None and caller.bound is not None and not caller.roles.within(role, caller.bound):
        message = (
            f"The role '{role}' is above '{caller.role}', the role of the user whom the calling API key belongs to."
        )
        raise Refusal("role_not_grantable", message, param)
