"""A kind that the project does not have."""

from dataclasses import dataclass
from typing import TypedDict

from domain.calls import Call


class GreetingCreate(TypedDict):
    """Whom to greet, and how often."""

    whom: str
    times: int


@dataclass
class Greeting:
    """A greeting; `mode` is not shown."""

    text: str
    mode: str


def create_greeting(call: Call, body: GreetingCreate) -> Greeting:
    """Greet somebody."""
    return Greeting("Hello " * body["times"] + body["whom"], call.scope.mode)
