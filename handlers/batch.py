"""Several operations in one request."""

from domain import batch
from domain.batch import BatchResult
from domain.calls import Call
from generated.models import BatchRequest


def run_batch(call: Call, body: BatchRequest) -> BatchResult:  # noqa: ARG001 - the operations in it have run
    """What the operations, which have run, came to."""
    return batch.sum_up(call.outcomes)
