"""Operations on events."""

from domain import history
from domain.calls import Call
from domain.events import Event
from domain.history import EventQuery
from domain.pages import Page


def list_events(call: Call, query: EventQuery) -> Page[Event]:
    """One page of the account's events."""
    return history.page(call, query)


def get_event(call: Call, id: str) -> Event:
    """One event."""
    return history.fetch(call, id)
