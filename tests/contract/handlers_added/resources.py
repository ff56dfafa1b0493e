"""The project's handlers, under the name of this package."""

from handlers.resources import create_resource, delete_resource, get_resource, list_resources, update_resource

__all__ = ["create_resource", "delete_resource", "get_resource", "list_resources", "update_resource"]
