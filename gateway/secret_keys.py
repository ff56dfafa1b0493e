"""The keys that stored secrets are encrypted with: from the settings, or a file in the data directory."""

from __future__ import annotations

import os

from domain import seals
from domain.seals import Seal
from gateway.settings import SettingError, Settings

FILE = "secret.key"


def seal(settings: Settings) -> Seal:
    """The seal of this server; makes a key on the first start. Raises SettingError for a key that is none."""
    keys = settings.secret_keys.split() or [_kept(settings)]
    try:
        return Seal(keys)
    except ValueError as error:
        source = "API_SECRET_KEYS" if settings.secret_keys else str(settings.data_dir / FILE)
        raise SettingError(f"{source} has a key that is not 32 bytes in URL-safe base 64.") from error


def _kept(settings: Settings) -> str:
    """The key in the data directory, made where there is none; all processes on the directory get the same one."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data_dir / FILE
    prepared = path.with_name(f"{FILE}.{os.getpid()}")
    descriptor = os.open(prepared, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(seals.new_key())
    try:
        # Linking fails where the file is there already, so that the first process wins and none reads half a key.
        os.link(prepared, path)
    except FileExistsError:
        pass
    finally:
        prepared.unlink()
    return path.read_text(encoding="ascii").strip()
