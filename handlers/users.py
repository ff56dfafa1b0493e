"""Operations on users."""

from domain import departures, users
from domain.calls import Call
from domain.pages import Deleted, Page
from domain.users import InvitationAccept, InvitationCreate, User, UserCreate, UserQuery
from generated.models import UserUpdate


def list_users(call: Call, query: UserQuery) -> Page[User]:
    """One page of the account's users."""
    return users.page(call, query)


def create_user(call: Call, body: UserCreate) -> User:
    """Invite a person."""
    return users.create(call, body)


def get_user(call: Call, id: str) -> User:
    """One user."""
    return users.fetch(call, id)


def update_user(call: Call, id: str, body: UserUpdate) -> User:
    """Change a user."""
    return users.update(call, id, body)


def delete_user(call: Call, id: str) -> Deleted:
    """Remove a user and revoke their keys."""
    return departures.delete_user(call, id)


def create_invitation(call: Call, id: str, body: InvitationCreate) -> User:
    """Invite a user anew."""
    return users.invite(call, id, body)


def accept_invitation(call: Call, body: InvitationAccept) -> User:
    """Make an invited user active."""
    return users.accept(call, body)
