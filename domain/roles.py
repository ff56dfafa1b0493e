"""Scopes and roles: what a set of scopes allows, and which scopes each role may have."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

ALL = "*"


class Roles:
    """The scopes of the platform and which of them each role may have, as `x-scopes` and `x-roles` say.

    A role's scope may be a name, a kind (`resources:*`), an action (`*:read`) or `*`.
    """

    def __init__(self, known: Collection[str], scopes_of: Mapping[str, Iterable[str]]) -> None:
        self._known = tuple(known)
        self._scopes_of = {role: frozenset(self._named(scopes)) for role, scopes in scopes_of.items()}

    def scopes_of(self, role: str | None) -> frozenset[str]:
        """The scopes that a role may have; none for a role that is not there."""
        return self._scopes_of.get(role or "", frozenset())

    def cover(self, held: frozenset[str], wanted: str) -> bool:
        """Whether whoever holds some scopes may pass one on: a kind with all its scopes too, but `*` only with `*`."""
        if holds(held, wanted):
            return True
        kind, _, action = wanted.partition(":")
        of_kind = [scope for scope in self._known if scope.startswith(f"{kind}:")]
        return action == ALL and bool(of_kind) and all(holds(held, scope) for scope in of_kind)

    def within(self, role: str, held: frozenset[str]) -> bool:
        """Whether a role may have nothing that is not among the held scopes."""
        return all(self.cover(held, scope) for scope in self.scopes_of(role))

    def _named(self, scopes: Iterable[str]) -> Iterable[str]:
        for scope in scopes:
            kind, _, action = scope.partition(":")
            if kind == ALL and action:
                yield from (each for each in self._known if each.endswith(f":{action}"))
            else:
                yield scope


def holds(held: Collection[str], scope: str) -> bool:
    """Whether a scope is among these, by name, by kind (`resources:*`) or by `*`."""
    return scope in held or ALL in held or f"{scope.partition(':')[0]}:*" in held
