"""The document's `servers`: which host is which environment in which region, and where a client should go instead."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PRODUCTION = "production"
SANDBOX = "sandbox"
DEVELOPMENT = "development"
ENVIRONMENTS = (DEVELOPMENT, PRODUCTION, "staging", SANDBOX)
REGIONS = ("us", "eu")

# Hosts are the client's text: only so many are remembered.
MOST_REMEMBERED = 1_000
_VARIABLE = re.compile(r"\{([^}]*)\}")
_HOST = re.compile(r"(\[[0-9a-f:.]*\]|[^:]*)(?::[0-9]*)?")
_ANY_NAME = "[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"


class Host(NamedTuple):
    """What a host of the document says; `region` is None for one that stands in whatever region the deployment is."""

    environment: str
    region: str | None


class Servers:
    """The entries of `servers`.

    A variable stands for any name, but a host that is nothing but a variable is its default alone: every name would
    be production otherwise. Development is never found by its host, since that is where one happens to run it.
    """

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self._entries = entries
        named = [entry for entry in entries if entry["x-environment"] != DEVELOPMENT]
        self._patterns = [(re.compile(pattern(entry)), _host(entry)) for entry in sorted(named, key=_variables)]
        self.find = functools.lru_cache(MOST_REMEMBERED)(self._find)

    @property
    def regions(self) -> list[str]:
        """Every region that has a host, in the order of the document; all there can be where none has."""
        return list(dict.fromkeys(entry["x-region"] for entry in self._entries if "x-region" in entry)) or list(REGIONS)

    def base_url(self, environment: str, region: str) -> str | None:
        """Where an environment is reached in a region, with the defaults of its variables."""
        for entry in self._entries:
            if (entry["x-environment"], entry.get("x-region")) == (environment, region):
                return url(entry)
        return None

    def _find(self, header: bytes) -> Host | None:
        """What the value of a `Host` header means; None for a host that the document does not have."""
        match = _HOST.fullmatch(header.decode("latin-1").strip().lower())
        name = match[1].removesuffix(".") if match else ""
        return next((host for expression, host in self._patterns if expression.fullmatch(name)), None)


def url(entry: Mapping[str, Any]) -> str:
    """The URL of an entry with the defaults of its variables, without a slash at its end."""
    return _VARIABLE.sub(lambda found: str(_variable(entry, found[1])["default"]), entry["url"]).rstrip("/")


def pattern(entry: Mapping[str, Any]) -> str:
    """The regular expression of the hosts that an entry means."""
    authority = entry["url"].partition("://")[2].partition("/")[0]
    # What stands between the braces may be anything, so the port is what follows behind the last of them.
    name = re.sub(r":[0-9]*$", "", authority).lower()
    alone = _VARIABLE.fullmatch(name) is not None
    parts = _VARIABLE.split(name)
    return "".join(
        _values(_variable(entry, part), alone=alone) if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )


def _values(variable: Mapping[str, Any], *, alone: bool) -> str:
    if "enum" in variable or alone:
        return f"(?:{'|'.join(re.escape(str(value).lower()) for value in variable.get('enum', [variable['default']]))})"
    return _ANY_NAME


def _variable(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {key.lower(): value for key, value in entry["variables"].items()}[name.lower()]
    return found


def _variables(entry: Mapping[str, Any]) -> int:
    return len(_VARIABLE.findall(entry["url"]))


def _host(entry: Mapping[str, Any]) -> Host:
    return Host(entry["x-environment"], entry.get("x-region"))
