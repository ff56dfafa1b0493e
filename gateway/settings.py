"""Settings: the only place that reads the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "API_"


class SettingError(Exception):
    """A setting has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server runs. Each is the variable `API_` + its name in capitals, and for `serve` an option."""

    host: str = "127.0.0.1"
    port: int = 8000
    data_dir: Path = ROOT / "data"
    database_url: str = ""
    workers: int = 1
    reload: bool = False
    public_url: str = ""
    document: Path = ROOT / "openapi.yaml"
    check_answers: bool = False
    request_deadline: float = 30.0
    busy_timeout: float = 5.0
    secret_keys: str = ""
    webhook_allowed_networks: str = ""
    environment: str = "development"
    region: str = "us"
    valkey_url: str = ""
    failed_authentications_per_minute: int = 60
    trusted_proxies: str = ""
    work: bool = True
    provisioning_step_seconds: float = 10.0

    @property
    def database(self) -> str:
        """The database's URL; a file in the data directory unless another is set."""
        return self.database_url or f"sqlite:///{self.data_dir / 'platform.sqlite'}"

    @property
    def is_embedded(self) -> bool:
        """Whether one process owns one SQLite file."""
        return self.database.startswith("sqlite")

    @property
    def base_url(self) -> str:
        """Where clients reach this server."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"http://{host}:{self.port}"

    @property
    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The private networks that webhooks may be sent into, for development; raises SettingError."""
        try:
            return tuple(ip_network(text) for text in self.webhook_allowed_networks.split())
        except ValueError as error:
            message = (
                f"API_WEBHOOK_ALLOWED_NETWORKS has what is no network: {error}. Write such as 127.0.0.0/8 ::1/128."
            )
            raise SettingError(message) from error

    def variables(self) -> dict[str, str]:
        """These settings as variables, for processes that are started with them."""
        return {PREFIX + f.name.upper(): str(getattr(self, f.name)) for f in fields(self)}


def read(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings that the environment has, defaults for the others; raises SettingError."""
    variables = os.environ if environment is None else environment
    given = {field.name: variables.get(PREFIX + field.name.upper()) for field in fields(Settings)}
    return override(Settings(), {name: text for name, text in given.items() if text})


def override(settings: Settings, given: Mapping[str, str]) -> Settings:
    """The settings with some of them given as text; raises SettingError."""
    return replace(settings, **{name: parse(name, text) for name, text in given.items()})


def export(settings: Settings) -> None:
    """Put the settings into this process's environment, where its workers read them."""
    os.environ.update(settings.variables())


def parse(name: str, text: str) -> Any:
    """The value of one setting from its text; raises SettingError that says what it takes."""
    default = getattr(Settings(), name)
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return type(default)(text) if not isinstance(default, Path) else Path(text).expanduser().resolve()
    except (KeyError, ValueError) as error:
        kind = "true or false" if isinstance(default, bool) else f"a value like {default}"
        raise SettingError(f"{PREFIX}{name.upper()} is '{text}'; it takes {kind}.") from error
