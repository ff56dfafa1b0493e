"""What Schemathesis does beside its own: one check, and what lets a good request through to an object that is there."""

import itertools
import json
import time
from collections import defaultdict
from collections.abc import Mapping, MutableMapping
from typing import Any

import schemathesis
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

WRITES = ("POST", "PUT", "PATCH")
KEPT_EVERY = 4

FORM = "application/x-www-form-urlencoded"
AN_HOUR = 3600
A_YEAR = 365 * 24 * AN_HOUR
# The fields that a job of each type always takes beside its type, and all that one may take.
FIELDS = {"process": ("resource", "items"), "export": ("kinds", "created")}
OF_JOBS = ("resource", "items", "processor", "kinds", "created")
# Says of an export from when objects are in it; in the answer it is the time at which the export was created.
RANGE = "created"

numbers = itertools.count()
# The ids of what was made, by its path without the contract; of what no request makes, those that a list has shown.
made: defaultdict[str, list[str]] = defaultdict(list)
MADE_BY_ITSELF = ("events", "tasks", "deliveries")


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], _kwargs: dict[str, Any]) -> None:
    """Makes most good requests meet what a schema cannot say: headers that hold, fields of their own, known ids.

    Every fourth keeps what was generated, but for the few that are made of the examples.
    """
    number = next(numbers)
    if not is_valid(case):
        return
    if isinstance(case.body, dict):
        fit(case.body)
        if case.media_type == FORM:
            case.body = without_null(case.body)
    if case.operation.path.endswith("/events"):
        begin_at_known_event(case)
    if number % KEPT_EVERY == 0 and phase_of(case) != "examples":
        return
    for container, name, value in (
        (case.headers, "Idempotency-Key", f"key-{number}"),
        (case.body, "idempotency_key", f"key-{number}"),
        (case.headers, "If-Match", "*"),
        (case.body, "slug", f"slug-{number}"),
        (case.body, "email", f"user-{number}@example.com"),
    ):
        if isinstance(container, MutableMapping) and name in container:
            container[name] = value
    use_known_id(case)


def fit(body: dict[str, Any]) -> None:
    """Gives fields values of which a schema cannot say what is good: objects that are there, the future, networks."""
    now = int(time.time())
    later = now + A_YEAR
    good = {
        "project": None,
        "user": None,
        "expires": later,
        "expires_at": in_iso(later),
        # From when on to recover what was not delivered.
        "since": in_iso(now - AN_HOUR) if isinstance(body.get("since"), str) else now - AN_HOUR,
        "allowed_networks": ["127.0.0.0/8", "203.0.113.0/24"],
    }
    body.update({name: value for name, value in good.items() if body.get(name) is not None})
    if body.get("type") in FIELDS:
        fit_job(body)
    for operation in body.get("operations", ()):
        # It may not be the key of the batch.
        operation.pop("idempotency_key", None)


def in_iso(seconds: int) -> str:
    """A time of Unix as the stable contract writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def fit_job(body: dict[str, Any]) -> None:
    """Leaves a job the fields of its type; what another type takes, or the resource decides, is refused."""
    is_process = body["type"] == "process" and {"resource", "items"} <= body.keys()
    kind = body["type"] = "process" if is_process else "export"
    for name in [name for name in body if name in OF_JOBS and name not in FIELDS[kind]]:
        del body[name]
    if is_process:
        body["items"] = json.loads(json.dumps(body["items"]).replace("\\u0000", ""))


@schemathesis.hook
def after_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], response: Response) -> None:
    """Remembers what was made and what was listed, and forgets what was deleted."""
    path = kind_of(case)
    is_collection = "{" not in case.operation.path
    if is_collection and path in MADE_BY_ITSELF and response.status_code == 200 and case.method.upper() == "GET":
        made[path] += [each["id"] for each in response.json()["data"][:1]]
    if is_collection and response.status_code == 201:
        answer = response.json()
        made[path].append(answer.get("data", answer)["id"])
    elif case.method.upper() == "DELETE" and response.status_code < 300 and case.path_parameters["id"] in made[path]:
        made[path].remove(case.path_parameters["id"])


def use_known_id(case: schemathesis.Case[Any]) -> None:
    """Sends a request to the newest object of its kind, unless a link has chosen one already."""
    known = made[kind_of(case)]
    if phase_of(case) not in (None, "stateful") and "id" in (case.path_parameters or {}) and known:
        case.path_parameters["id"] = known[-1]


def begin_at_known_event(case: schemathesis.Case[Any]) -> None:
    """Has a list of events begin behind one that is there, as there is no telling what is behind another."""
    if "starting_after" in (case.query or {}):
        place = {"starting_after": made["events"][-1]} if made["events"] else {}
        case.query = {name: value for name, value in case.query.items() if name != "starting_after"} | place


def phase_of(case: schemathesis.Case[Any]) -> str | None:
    """The name of the phase that has made a case; None where nothing has."""
    return str(case.meta.phase.name.value) if case.meta else None


def kind_of(case: schemathesis.Case[Any]) -> str:
    """The path of the collection that a request is about, without its contract."""
    path: str = case.operation.path
    return path.split("/", 2)[2].partition("/{")[0]


def without_null(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A form's fields without those that are null, which a form cannot say."""
    return {
        name: without_null(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }


@schemathesis.check
def write_keeps_what_was_sent(_: schemathesis.CheckContext, response: Response, case: schemathesis.Case[Any]) -> None:
    """A successful write answers with every value that was sent, so that none is lost or changed on its way."""
    if case.method.upper() not in WRITES or response.status_code not in (200, 201) or not is_valid(case):
        return
    if not isinstance(case.body, dict):
        return
    answer = response.json()
    shown = answer["data"] if "status" in answer and "data" in answer else answer
    if isinstance(case.body.get(RANGE), dict):
        shown = {name: value for name, value in shown.items() if name != RANGE}
    # A key that says how to treat the request, such as `idempotency_key`, is no value of the object.
    changed = differences({name: stored(name, value) for name, value in case.body.items() if name in shown}, shown)
    if changed:
        raise AssertionError("Sent and answered values differ: " + "; ".join(changed))


def stored(name: str, value: Any) -> Any:
    """A value as it is documented to be stored: addresses trimmed and in lower case."""
    return value.strip().lower() if name == "email" and isinstance(value, str) else value


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
