"""Scopes and roles: what covers what."""

import pytest

from domain import roles
from domain.roles import Roles

ROLES = Roles(
    ["jobs:read", "jobs:write", "users:read", "users:write", "users:audit"],
    {"owner": ["*"], "admin": ["*:read", "*:write"], "member": ["*:read", "jobs:*"], "viewer": ["*:read"], "none": []},
)


@pytest.mark.parametrize(
    ("held", "scope", "holds"),
    [
        ({"jobs:read"}, "jobs:read", True),
        ({"jobs:*"}, "jobs:read", True),
        ({"*"}, "jobs:read", True),
        ({"jobs:read"}, "jobs:write", False),
        ({"job:*"}, "jobs:read", False),
        ({"*:read"}, "jobs:read", False),
        ({"jobs"}, "jobs:read", False),
        (set(), "jobs:read", False),
    ],
)
def test_a_scope_is_held_or_not(held: set[str], scope: str, holds: bool) -> None:
    assert roles.holds(held, scope) is holds


@pytest.mark.parametrize(
    ("held", "wanted", "covered"),
    [
        ({"jobs:read", "jobs:write"}, "jobs:*", True),
        ({"users:read", "users:write"}, "users:*", False),
        ({"jobs:*", "users:*"}, "*", False),
        ({"*"}, "*", True),
        ({"*"}, "jobs:*", True),
        (set(), "nothing:*", False),
        (set(), "*:*", False),
    ],
)
def test_a_scope_is_passed_on_or_not(held: set[str], wanted: str, covered: bool) -> None:
    assert ROLES.cover(frozenset(held), wanted) is covered


def test_roles_are_within_each_other_in_order() -> None:
    ranks = ["owner", "admin", "member", "viewer", "none"]
    for index, role in enumerate(ranks):
        within = [other for other in ranks if ROLES.within(other, ROLES.scopes_of(role))]
        assert within == ranks[index:]


def test_a_role_that_is_not_there_may_do_nothing() -> None:
    assert ROLES.scopes_of("gone") == ROLES.scopes_of(None) == frozenset()
