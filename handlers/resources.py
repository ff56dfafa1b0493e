"""Operations on resources."""

from domain import resources
from domain.calls import Call
from domain.pages import Deleted, Page
from domain.resources import ExpandQuery, Resource, ResourceCreate, ResourceQuery
from generated.models import ResourceUpdate


def list_resources(call: Call, query: ResourceQuery) -> Page[Resource]:
    """One page of the account's resources."""
    return resources.page(call, query)


def create_resource(call: Call, body: ResourceCreate) -> Resource:
    """Create a resource."""
    return resources.create(call, body)


def get_resource(call: Call, id: str, query: ExpandQuery) -> Resource:
    """One resource."""
    return resources.fetch(call, id, query.get("expand", ()))


def update_resource(call: Call, id: str, body: ResourceUpdate) -> Resource:
    """Change a resource."""
    return resources.update(call, id, body)


def delete_resource(call: Call, id: str) -> Deleted:
    """Delete a resource."""
    return resources.delete(call, id)
