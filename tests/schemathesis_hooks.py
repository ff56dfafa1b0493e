"""What Schemathesis does beside its own: one check, and headers that let a write through."""

import itertools
from collections.abc import Mapping, MutableMapping
from typing import Any

import schemathesis
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

WRITES = ("POST", "PUT", "PATCH")
KEPT_EVERY = 4

numbers = itertools.count()


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Gives three of four writes an unused idempotency key and an `If-Match` that holds.

    Generated keys are soon used up, and a generated `If-Match` is never current: what comes after them would hardly be
    reached. The fourth keeps what was generated.
    """
    number = next(numbers)
    if not is_valid(case) or number % KEPT_EVERY == 0:
        return
    for container, name, value in (
        (case.headers, "Idempotency-Key", f"key-{number}"),
        (case.body, "idempotency_key", f"key-{number}"),
        (case.headers, "If-Match", "*"),
    ):
        if isinstance(container, MutableMapping) and name in container:
            container[name] = value


@schemathesis.check
def write_keeps_what_was_sent(_: schemathesis.CheckContext, response: Response, case: schemathesis.Case[Any]) -> None:
    """A successful write answers with every value that was sent, so that none is lost or changed on its way."""
    if case.method.upper() not in WRITES or response.status_code not in (200, 201) or not is_valid(case):
        return
    if not isinstance(case.body, dict):
        return
    answer = response.json()
    shown = answer["data"] if "status" in answer and "data" in answer else answer
    # A key that says how to treat the request, such as `idempotency_key`, is no value of the object.
    changed = differences({name: value for name, value in case.body.items() if name in shown}, shown)
    if changed:
        raise AssertionError("Sent and answered values differ: " + "; ".join(changed))


def is_valid(case: schemathesis.Case[Any]) -> bool:
    """Whether the request was meant to keep the document."""
    return case.meta is None or case.meta.generation.mode is GenerationMode.POSITIVE


def differences(sent: Mapping[str, Any], shown: Mapping[str, Any], where: str = "") -> list[str]:
    """The values that were sent and come back otherwise or not at all."""
    found = []
    for name, value in sent.items():
        if name not in shown:
            found.append(f"{where}{name} was {value!r} and is not there")
        elif isinstance(value, dict) and isinstance(shown[name], dict):
            found += differences(value, shown[name], f"{where}{name}.")
        elif shown[name] != value:
            found.append(f"{where}{name} was {value!r} and is {shown[name]!r}")
    return found
