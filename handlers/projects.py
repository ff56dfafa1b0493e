"""Operations on projects."""

from domain import projects
from domain.calls import Call
from domain.pages import Deleted, Page
from domain.projects import Project, ProjectCreate, ProjectQuery
from generated.models import ProjectUpdate


def list_projects(call: Call, query: ProjectQuery) -> Page[Project]:
    """One page of the account's projects."""
    return projects.page(call, query)


def create_project(call: Call, body: ProjectCreate) -> Project:
    """Create a project."""
    return projects.create(call, body)


def get_project(call: Call, id: str) -> Project:
    """One project."""
    return projects.fetch(call, id)


def update_project(call: Call, id: str, body: ProjectUpdate) -> Project:
    """Change a project."""
    return projects.update(call, id, body)


def delete_project(call: Call, id: str) -> Deleted:
    """Delete a project that nothing belongs to."""
    return projects.delete(call, id)
