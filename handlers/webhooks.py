"""Operations on webhooks."""

from domain import webhooks
from domain.calls import Call
from domain.pages import Deleted, Page
from domain.webhooks import NewWebhook, Webhook, WebhookCreate, WebhookQuery
from generated.models import WebhookUpdate


def list_webhooks(call: Call, query: WebhookQuery) -> Page[Webhook]:
    """One page of the account's webhooks."""
    return webhooks.page(call, query)


def create_webhook(call: Call, body: WebhookCreate) -> NewWebhook:
    """Create a webhook, whose secret is shown this once."""
    return webhooks.create(call, body)


def get_webhook(call: Call, id: str) -> Webhook:
    """One webhook."""
    return webhooks.fetch(call, id)


def update_webhook(call: Call, id: str, body: WebhookUpdate) -> Webhook:
    """Change a webhook."""
    return webhooks.update(call, id, body)


def delete_webhook(call: Call, id: str) -> Deleted:
    """Delete a webhook."""
    return webhooks.delete(call, id)
