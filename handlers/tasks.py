"""Operations on tasks."""

from domain import jobs, tasks
from domain.calls import Call
from domain.pages import Page
from domain.resources import ExpandQuery
from domain.tasks import Task, TaskQuery


def list_tasks(call: Call, query: TaskQuery) -> Page[Task]:
    """One page of the account's tasks."""
    return tasks.page(call, query)


def list_job_tasks(call: Call, id: str, query: TaskQuery) -> Page[Task]:
    """One page of a job's tasks."""
    job = jobs.fetch(call, id)
    return tasks.page(call, {**query, "job": job.id})


def get_task(call: Call, id: str, query: ExpandQuery) -> Task:
    """One task."""
    return tasks.fetch(call, id, query.get("expand", ()))


def retry_task(call: Call, id: str) -> Task:
    """Have a task be done again."""
    return tasks.retry(call, id)


def cancel_task(call: Call, id: str) -> Task:
    """Cancel a task that waits."""
    return tasks.cancel(call, id)
