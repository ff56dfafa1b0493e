"""Operations on what jobs have written."""

from domain import exports
from domain.calls import Call
from domain.downloads import Download


def get_job_output(call: Call, id: str) -> Download:
    """The file that an export has written."""
    return exports.output(call, id)
