"""Many resources at once, for lists."""

from __future__ import annotations

from typing import Any

from domain import resources, seals
from domain.calls import Allowance, Call, Means
from domain.seals import Seal
from storage.database import Transaction
from storage.scope import Scope
from tests.serving import Tenant

ALLOWANCE = Allowance(1, 1, 1, "free", None, 1, 1, 1)
SEAL = Seal([seals.new_key()])
CONFIGURATION: resources.Settings = {"timeout_ms": 5000, "retry_count": 3, "batch_size": 100}


def fill(tenant: Tenant, number: int, *, mode: str = "live", status: str = "pending", **fields: Any) -> list[str]:
    """Create so many resources of the tenant in one transaction; their ids, oldest first."""

    def unit(tx: Transaction) -> list[str]:
        now = tenant.server.clock.now()
        call = Call(tx, Scope(tenant.account_id, mode), now, "req_0123456789abcdef", ALLOWANCE, Means(SEAL))
        made = []
        for index in range(number):
            name = fields.get("name", f"Resource {index}")
            kind = fields.get("type", "production")
            body: resources.ResourceCreate = {
                "name": name,
                "type": kind,
                "configuration": CONFIGURATION,
                "metadata": fields.get("metadata", {}),
            }
            resource = resources.create(call, body)
            if status != resource.status:
                resources.update(call, resource.id, {"status": status})
            made.append(resource.id)
        return made

    return tenant.server.database.write(unit)
