"""What the peers store and know: the same rows, one account and one key in each of them."""

import hashlib
from collections.abc import Iterator
from typing import Any

ACCOUNT = "acct_00000000000000000000000001"
KEY = "sk_live_benchmark0000000000000000000000"
KEY_HASH = hashlib.sha256(KEY.encode()).hexdigest()
FIRST_SECOND = 1705320000
# A number times SPREAD, modulo NAMES, is the number in a name: each once, and in no order.
NAMES = 10**10
SPREAD = 2_654_435_761


def identifier(number: int) -> str:
    """The id of the nth stored resource."""
    return f"res_{number:026d}"


def name(number: int) -> str:
    """The name of the nth resource."""
    return f"Benchmark {number * SPREAD % NAMES:010d}"


def configuration() -> dict[str, int]:
    """The settings that a resource has when none were given."""
    return {"timeout_ms": 5000, "retry_count": 3, "batch_size": 100, "rate_limit": 1000}


def provisioning(created: int) -> dict[str, Any]:
    """The progress of a resource that has just been created."""
    return {"status": "in_progress", "estimated_completion": created + 30, "steps_completed": 0, "steps_total": 5}


def metrics() -> dict[str, Any]:
    """The executions of a resource that has had none."""
    lifetime = {"requests": 0, "success_rate": 100.0, "errors": 0}
    return {
        "lifetime": lifetime,
        "last_24h": {**lifetime, "avg_latency_ms": 0, "p95_latency_ms": 0, "p99_latency_ms": 0},
    }


def limits() -> dict[str, int]:
    """The limits of the enterprise plan."""
    return {"max_requests_per_minute": 50000, "max_batch_size": 1000, "max_payload_bytes": 10485760}


def resources(count: int) -> Iterator[dict[str, Any]]:
    """Rows to store, oldest first."""
    for number in range(count):
        created = FIRST_SECOND + number
        yield {
            "id": identifier(number),
            "account_id": ACCOUNT,
            "livemode": True,
            "created": created,
            "updated": created,
            "name": name(number),
            "type": "production",
            "status": "pending",
            "configuration": configuration(),
            "metadata": {},
            "project": None,
            "target_url": None,
            "provisioning": provisioning(created),
        }
