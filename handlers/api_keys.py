"""Operations on API keys."""

from domain import api_keys
from domain.api_keys import ApiKey, ApiKeyCreate, ApiKeyQuery, ExpandQuery, Rotation
from domain.calls import Call
from domain.pages import Deleted, Page
from generated.models import ApiKeyUpdate


def list_api_keys(call: Call, query: ApiKeyQuery) -> Page[ApiKey]:
    """One page of the account's keys."""
    return api_keys.page(call, query)


def create_api_key(call: Call, body: ApiKeyCreate) -> ApiKey:
    """Create a key."""
    return api_keys.create(call, body)


def get_api_key(call: Call, id: str, query: ExpandQuery) -> ApiKey:
    """One key, without its secret."""
    return api_keys.fetch(call, id, query.get("expand", ()))


def update_api_key(call: Call, id: str, body: ApiKeyUpdate) -> ApiKey:
    """Change a key."""
    return api_keys.update(call, id, body)


def delete_api_key(call: Call, id: str) -> Deleted:
    """Revoke a key."""
    return api_keys.delete(call, id)


def rotate_api_key(call: Call, id: str, body: Rotation) -> ApiKey:
    """Make the successor of a key."""
    return api_keys.rotate(call, id, body)
