"""The project's handlers, which fail after they have done their work when a test wants it."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from domain.calls import Call
from handlers import resources

P = ParamSpec("P")
T = TypeVar("T")

# What happens in the handlers of an account, by its id.
TROUBLES: dict[str, Callable[[Call, Any], None]] = {}


def troubled(handler: Callable[Concatenate[Call, P], T]) -> Callable[Concatenate[Call, P], T]:
    """The handler, which meets whatever the test has in store for the account before it returns."""

    @functools.wraps(handler)
    def meeting(call: Call, /, *args: P.args, **kwargs: P.kwargs) -> T:
        result = handler(call, *args, **kwargs)
        if call.scope.account_id in TROUBLES:
            TROUBLES[call.scope.account_id](call, result)
        return result

    return meeting


list_resources = troubled(resources.list_resources)
create_resource = troubled(resources.create_resource)
get_resource = troubled(resources.get_resource)
update_resource = troubled(resources.update_resource)
delete_resource = troubled(resources.delete_resource)
