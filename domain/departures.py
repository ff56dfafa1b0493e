"""Departures: a person leaves the account, and their keys with them."""

from __future__ import annotations

from domain import api_keys, users
from domain.calls import Call
from domain.pages import Deleted


def delete_user(call: Call, user_id: str) -> Deleted:
    """Remove a user and revoke their keys."""
    # The user first: a key that is being made for them holds their row, so it is there or refused afterwards.
    gone = users.delete(call, user_id)
    api_keys.delete_all_of(call, user_id)
    return gone
