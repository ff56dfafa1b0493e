"""Operations on webhooks."""

from domain import deliveries, webhooks
from domain.calls import Call
from domain.deliveries import Delivery, DeliveryQuery, Recovered, Recovery
from domain.pages import Deleted, Page
from domain.webhooks import NewWebhook, SecretRotation, Webhook, WebhookCreate, WebhookQuery
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


def rotate_webhook_secret(call: Call, id: str, body: SecretRotation) -> NewWebhook:
    """Make a new secret, which is shown this once."""
    return webhooks.rotate_secret(call, id, body)


def test_webhook(call: Call, id: str) -> Delivery:
    """Send a test event to a webhook."""
    return deliveries.test(call, id)


def recover_webhook(call: Call, id: str, body: Recovery) -> Recovered:
    """Send again what has failed."""
    return deliveries.recover(call, id, body)


def list_webhook_deliveries(call: Call, id: str, query: DeliveryQuery) -> Page[Delivery]:
    """One page of the deliveries to a webhook."""
    return deliveries.page_of_webhook(call, id, query)
