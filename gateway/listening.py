"""Forwards an account's events to a local address, signed as webhooks receive them; follows the list of events."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from typing import Any, NamedTuple, NoReturn, TextIO
from urllib import error as errors
from urllib import parse as urls
from urllib import request as requests

import orjson

from domain import signatures
from domain.clock import SystemClock

WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 10
# A webhook's receiver has as long to answer.
ANSWER_SECONDS = 15
MOST_AT_ONCE = 100
LOOPBACK = ("localhost", "127.0.0.1", "::1")
USER_AGENT = "Platform-API/1.0"
# Events are followed in this version, and shown in the one that is asked for.
FOLLOWED = "2024-01-15"
GREEN, YELLOW, RED, GREY, PLAIN = "\033[32m", "\033[33m", "\033[31m", "\033[2m", "\033[0m"


class Mistake(Exception):
    """What the person at the terminal has to mend, in words."""


class Unreachable(Exception):
    """Nobody answers, in words."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    made = argparse.ArgumentParser(
        prog="./scripts/listen",
        description="Forwards the events of an account to a local address, as webhooks would receive them.",
    )
    made.add_argument("--forward-to", required=True, metavar="URL", help="where to send them, such as your own server")
    made.add_argument("--api-key", required=True, metavar="KEY", help="a key with the scope events:read")
    made.add_argument("--url", default="http://127.0.0.1:8000", help="where the API is; default: %(default)s")
    made.add_argument(
        "--events", default="*", metavar="TYPES", help="types such as 'resource.*,job.failed'; default: all"
    )
    made.add_argument("--api-version", default=FOLLOWED, metavar="DATE", help="in which version; default: %(default)s")
    made.add_argument("--since", metavar="EVENT", help="the id of the last event you have; default: from now on")
    made.add_argument(
        "--secret", metavar="SECRET", help="what signs them, whsec_…; default: a new one, which is printed"
    )
    return made


class NoRedirects(requests.HTTPRedirectHandler):
    """Takes a redirect as the answer that it is, as deliveries do."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def ask(url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
    """Send a GET, or a POST of a body; raises Unreachable where there is no answer."""
    asked = requests.Request(url, body, {"User-Agent": USER_AGENT, **headers})  # noqa: S310 - main takes http alone
    handlers: list[requests.BaseHandler] = [NoRedirects()]
    if asked.host.rpartition(":")[0].strip("[]") in LOOPBACK or asked.host in LOOPBACK:
        # A proxy of the environment does not reach this machine.
        handlers.append(requests.ProxyHandler({}))
    try:
        with contextlib.closing(requests.build_opener(*handlers).open(asked, timeout=ANSWER_SECONDS)) as answer:
            return Answer(answer.status, answer.read(), lowered(answer.headers))
    except errors.HTTPError as error:
        with contextlib.closing(error):
            return Answer(error.code, error.read(), lowered(error.headers))
    except errors.URLError as error:
        raise Unreachable(str(error.reason)) from error
    except (OSError, HTTPException) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


def lowered(headers: Message) -> dict[str, str]:
    """The headers by their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}


class Api:
    """The API as this command asks it. Waits while it is away, and says so once."""

    def __init__(self, url: str, key: str, version: str, screen: Screen) -> None:
        self.url = url.rstrip("/")
        self.version = version
        self.screen = screen
        self._key = key
        self._is_away = False

    def events_behind(self, cursor: str | None, types: str) -> tuple[list[str], bytes]:
        """The ids of the next events in the order of their commits, and the list as it came."""
        query = {"order": "asc", "limit": MOST_AT_ONCE, "type": types, **({"starting_after": cursor} if cursor else {})}
        body = self._get(f"/v2/events?{urls.urlencode(query)}", FOLLOWED)
        return [event["id"] for event in orjson.loads(body)["data"]], body

    def newest(self) -> str | None:
        """The id of the event that happened last, if anything ever did."""
        found = orjson.loads(self._get("/v2/events?limit=1", FOLLOWED))["data"]
        return found[0]["id"] if found else None

    def payloads(self, ids: Sequence[str], listed: bytes) -> Iterator[tuple[str, str, bytes]]:
        """The id, the type and the body of each listed event, in the version that is asked for."""
        for event_id, event in zip(ids, orjson.loads(listed)["data"], strict=True):
            if self.version != FOLLOWED:
                yield event_id, event["type"], self._in_version(event_id)
            else:
                yield event_id, event["type"], orjson.dumps(event)

    def _in_version(self, event_id: str) -> bytes:
        found = orjson.loads(self._get(f"/v1/events/{event_id}", self.version))
        return orjson.dumps(found.get("data") if found.get("status") == "success" else found)

    def _get(self, path: str, version: str) -> bytes:
        """The body of a good answer, however long it takes to come; raises Mistake where it never will."""
        wait = WAIT_SECONDS
        while True:
            try:
                answer = ask(self.url + path, {"Authorization": f"Bearer {self._key}", "API-Version": version})
                if answer.status == 200:
                    if self._is_away:
                        self.screen.say("The API answers again.")
                    self._is_away = False
                    return answer.body
                if answer.status < 500 and answer.status != 429:
                    raise Mistake(message_of(answer))
                trouble = message_of(answer)
                wait = float(answer.headers.get("retry-after", wait))
            except Unreachable as error:
                trouble = str(error)
            if not self._is_away:
                self.screen.say(f"The API at {self.url} does not answer ({trouble}); trying again.")
            self._is_away = True
            time.sleep(min(wait, LONGEST_WAIT_SECONDS))


def message_of(answer: Answer) -> str:
    """What an answer says about what went wrong."""
    try:
        error = orjson.loads(answer.body)["error"]
        return f"{answer.status}: {error['message']}"
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status}"


class Screen:
    """Prints a line for each event, with colours on a terminal alone."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self._has_colours = out.isatty()

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self.out, flush=True)

    def tell(self, at: float, names: tuple[str, str], outcome: str, colour: str) -> None:
        """Print what became of an event, whose id and type are `names`."""
        moment = datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
        self.say(f"{self._in(GREY, moment)}  {names[1]:<24}  {names[0]}  {self._in(colour, outcome)}")

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._has_colours else text


class Forwarder:
    """Sends events to the local address one after the other; waits for a receiver that is not there."""

    def __init__(self, url: str, secret: str, screen: Screen) -> None:
        self.url = url
        self.screen = screen
        self._secret = secret
        self._clock = SystemClock()

    def forward(self, event_id: str, event_type: str, body: bytes) -> None:
        """Send an event until somebody answers, whatever the answer is."""
        wait, is_told = WAIT_SECONDS / 2, False
        while True:
            began = self._clock.time()
            headers = signatures.headers([self._secret], event_id, int(began), body)
            try:
                answer = ask(self.url, headers, body)
            except Unreachable as error:
                if not is_told:
                    says = f"no answer ({error}); trying again"
                    self.screen.tell(began, (event_id, event_type), says, RED)
                is_told = True
                time.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
                continue
            taken = f"{(self._clock.time() - began) * 1000:.0f} ms"
            colour = GREEN if 200 <= answer.status < 300 else YELLOW if answer.status < 500 else RED
            self.screen.tell(began, (event_id, event_type), f"{answer.status}  {taken}", colour)
            return


def listen(api: Api, forwarder: Forwarder, types: str, since: str | None) -> NoReturn:
    """Follow the events and forward each; when it is stopped, says where to go on."""
    cursor = since if since is not None else api.newest()
    api.screen.say(f"Events of {api.url} go to {forwarder.url}. Ctrl-C ends this.")
    try:
        while True:
            ids, listed = api.events_behind(cursor, types)
            for event_id, event_type, body in api.payloads(ids, listed):
                forwarder.forward(event_id, event_type, body)
                cursor = event_id
            if not ids:
                time.sleep(WAIT_SECONDS)
    except KeyboardInterrupt:
        api.screen.say(f"Stopped. Go on with --since {cursor}." if cursor else "Stopped before anything happened.")
        raise


def address(option: str, url: str) -> str:
    """An address that an option gives; raises Mistake where it is none."""
    found = urls.urlsplit(url)
    if found.scheme not in ("http", "https") or not found.hostname:
        raise Mistake(f"{option} must be an address such as http://localhost:3000/hook, not '{url}'.")
    return url


def prepared(given: argparse.Namespace, screen: Screen) -> tuple[Api, Forwarder]:
    """What the options ask for; raises Mistake where they cannot be meant."""
    secret = given.secret or signatures.new_secret()
    if not signatures.is_secret(secret):
        raise Mistake("--secret must be the secret of a webhook: whsec_ and text in base 64.")
    api = Api(address("--url", given.url), given.api_key, given.api_version, screen)
    forwarder = Forwarder(address("--forward-to", given.forward_to), secret, screen)
    if not given.secret:
        screen.say(f"What is sent is signed with {secret}")
    return api, forwarder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        api, forwarder = prepared(given, Screen(sys.stdout))
        listen(api, forwarder, given.events, given.since)
    except Mistake as mistake:
        Screen(sys.stderr).say(str(mistake))
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
