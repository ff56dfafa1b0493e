"""Settings: from variables and options alike, and refused with the way to mend them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway import server
from gateway import settings as setting
from gateway.settings import Settings

GIVEN: dict[str, tuple[str, Any]] = {
    "host": ("0.0.0.0", "0.0.0.0"),  # noqa: S104 - only parsed
    "port": ("9000", 9000),
    "data_dir": ("/somewhere/else", Path("/somewhere/else")),
    "database_url": ("postgresql://db/x", "postgresql://db/x"),
    "workers": ("3", 3),
    "reload": ("true", True),
    "public_url": ("https://api.example.com", "https://api.example.com"),
    "document": ("/somewhere/openapi.yaml", Path("/somewhere/openapi.yaml")),
    "check_answers": ("1", True),
    "request_deadline": ("2.5", 2.5),
    "busy_timeout": ("0.5", 0.5),
    "webhook_allowed_networks": ("127.0.0.0/8", "127.0.0.0/8"),
    "secret_keys": ("one,two", "one,two"),
    "environment": ("sandbox", "sandbox"),
    "region": ("eu", "eu"),
    "valkey_url": ("redis://cache:6379", "redis://cache:6379"),
    "failed_authentications_per_minute": ("5", 5),
    "trusted_proxies": ("10.0.0.0/8 ::1", "10.0.0.0/8 ::1"),
    "work": ("false", False),
    "provisioning_step_seconds": ("0.5", 0.5),
}


def test_every_setting_is_tried_here() -> None:
    assert set(GIVEN) == set(Settings.__dataclass_fields__)


@pytest.mark.before_storage
@pytest.mark.parametrize(("name", "text", "value"), [(name, *given) for name, given in GIVEN.items()])
def test_a_variable_sets_it(name: str, text: str, value: Any) -> None:
    assert getattr(setting.read({f"API_{name.upper()}": text}), name) == value


@pytest.mark.before_storage
@pytest.mark.parametrize("name", [*server.OPTIONS, "reload"])
def test_an_option_sets_the_same_and_wins(name: str) -> None:
    text, value = GIVEN[name]
    flag = {"database_url": "--database", "valkey_url": "--valkey"}.get(name, f"--{name.replace('_', '-')}")
    arguments = [flag] if name == "reload" else [flag, text]
    chosen = {key: given for key, given in vars(server.parser().parse_args(arguments)).items() if given}
    other = {"port": "1", "workers": "1", "reload": "false"}.get(name, "/other")
    found = setting.override(setting.read({f"API_{name.upper()}": other}), chosen)
    assert getattr(found, name) == value


def test_without_any_the_defaults_hold() -> None:
    assert setting.read({}) == setting.read({"API_PORT": "", "PORT": "1", "api_port": "1"}) == Settings()


def test_what_is_handed_to_workers_is_what_is_read() -> None:
    settings = setting.read({f"API_{name.upper()}": text for name, (text, _) in GIVEN.items()})
    assert setting.read(settings.variables()) == settings


@pytest.mark.before_storage
@pytest.mark.parametrize(
    ("name", "text", "takes"),
    [
        ("port", "eighty", "8000"),
        ("workers", "1.5", "1"),
        ("reload", "maybe", "true or false"),
        ("check_answers", "2", "true or false"),
        ("busy_timeout", "long", "5.0"),
    ],
)
def test_a_bad_value_says_what_it_takes(name: str, text: str, takes: str) -> None:
    with pytest.raises(setting.SettingError, match=rf"API_{name.upper()} is '{text}'; it takes .*{takes}"):
        setting.read({f"API_{name.upper()}": text})


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"API_PORT": "9000"}, "http://127.0.0.1:9000"),
        ({"API_HOST": "::1"}, "http://[::1]:8000"),
        ({"API_PUBLIC_URL": "https://api.example.com/"}, "https://api.example.com"),
    ],
)
def test_clients_are_told_where_the_server_is(given: dict[str, str], url: str) -> None:
    assert setting.read(given).base_url == url


def test_a_path_is_absolute() -> None:
    assert setting.read({"API_DATA_DIR": "here"}).data_dir == Path.cwd() / "here"
    assert setting.read({"API_DATA_DIR": "~/there"}).data_dir == Path.home() / "there"
