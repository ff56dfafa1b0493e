"""The project's handlers, which fail after they have done their work when a test wants it."""

from collections.abc import Callable
from typing import Any

from domain.calls import Call
from domain.pages import Deleted, Page
from domain.resources import ExpandQuery, Resource, ResourceQuery
from generated.models import ResourceCreate, ResourceUpdate
from handlers import resources

# What happens in the handlers of an account, by its id.
TROUBLES: dict[str, Callable[[Call, Any], None]] = {}


def meet(call: Call, result: Any) -> None:
    """Whatever the test has in store for this account."""
    if call.scope.account_id in TROUBLES:
        TROUBLES[call.scope.account_id](call, result)


def list_resources(call: Call, query: ResourceQuery) -> Page[Resource]:
    """One page of the account's resources."""
    page = resources.list_resources(call, query)
    meet(call, page)
    return page


def create_resource(call: Call, body: ResourceCreate) -> Resource:
    """Create a resource."""
    resource = resources.create_resource(call, body)
    meet(call, resource)
    return resource


def get_resource(call: Call, id: str, query: ExpandQuery) -> Resource:
    """One resource."""
    resource = resources.get_resource(call, id, query)
    meet(call, resource)
    return resource


def update_resource(call: Call, id: str, body: ResourceUpdate) -> Resource:
    """Change a resource."""
    resource = resources.update_resource(call, id, body)
    meet(call, resource)
    return resource


def delete_resource(call: Call, id: str) -> Deleted:
    """Delete a resource."""
    deleted = resources.delete_resource(call, id)
    meet(call, deleted)
    return deleted
