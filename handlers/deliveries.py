"""Operations on deliveries."""

from domain import deliveries
from domain.calls import Call
from domain.deliveries import Delivery, DeliveryQuery
from domain.pages import Page


def list_deliveries(call: Call, query: DeliveryQuery) -> Page[Delivery]:
    """One page of the account's deliveries."""
    return deliveries.page(call, query)


def get_delivery(call: Call, id: str) -> Delivery:
    """One delivery with its attempts."""
    return deliveries.fetch(call, id)


def resend_delivery(call: Call, id: str) -> Delivery:
    """Send a delivery again."""
    return deliveries.resend(call, id)
