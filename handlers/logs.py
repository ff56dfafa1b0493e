"""Operations on the log."""

from domain import jobs, logs, resources
from domain.calls import Call
from domain.logs import LogEntry, LogQuery
from domain.pages import Page


def list_logs(call: Call, query: LogQuery) -> Page[LogEntry]:
    """One page of the account's log."""
    return logs.page(call, query)


def get_log(call: Call, id: str) -> LogEntry:
    """One entry of the log."""
    return logs.fetch(call, id)


def list_resource_logs(call: Call, id: str, query: LogQuery) -> Page[LogEntry]:
    """One page of what happened to a resource."""
    resource = resources.fetch(call, id)
    return logs.page(call, {**query, "resource": resource.id})


def list_job_logs(call: Call, id: str, query: LogQuery) -> Page[LogEntry]:
    """One page of what a job wrote."""
    job = jobs.fetch(call, id)
    return logs.page(call, {**query, "job": job.id})
