"""Operations on jobs."""

from domain import jobs
from domain.calls import Call
from domain.jobs import JobQuery, ShownJob
from domain.pages import Page
from domain.resources import ExpandQuery
from domain.work import JobCreate


def list_jobs(call: Call, query: JobQuery) -> Page[ShownJob]:
    """One page of the account's jobs."""
    return jobs.page(call, query)


def create_job(call: Call, body: JobCreate) -> ShownJob:
    """Begin a job."""
    return jobs.create(call, body)


def get_job(call: Call, id: str, query: ExpandQuery) -> ShownJob:
    """One job."""
    return jobs.fetch(call, id, query.get("expand", ()))


def cancel_job(call: Call, id: str) -> ShownJob:
    """Stop a job between its tasks."""
    return jobs.cancel(call, id)
