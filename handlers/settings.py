"""Operations on the settings."""

from domain import settings
from domain.calls import Call
from domain.settings import Settings
from generated.models import SettingsUpdate


def get_settings(call: Call) -> Settings:
    """The account's settings."""
    return settings.fetch(call)


def update_settings(call: Call, body: SettingsUpdate) -> Settings:
    """Change the account's settings."""
    return settings.update(call, body)
