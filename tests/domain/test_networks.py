"""Networks: which addresses are in them, and how they are written."""

import pytest

from domain import networks


@pytest.mark.parametrize(
    ("text", "address", "inside"),
    [
        ("203.0.113.0/24", "203.0.113.7", True),
        ("203.0.113.0/24", "203.0.114.7", False),
        ("203.0.113.0/24", "::ffff:203.0.113.7", True),
        ("203.0.113.0/24", "::203.0.113.7", False),
        ("::ffff:203.0.113.0/120", "203.0.113.7", True),
        ("::ffff:203.0.113.0/120", "::ffff:203.0.113.7", True),
        ("2001:db8::/32", "2001:db8:1::1", True),
        ("2001:db8::/32", "2001:db9::1", False),
        ("0.0.0.0/0", "2001:db8::1", False),
        ("::/0", "203.0.113.7", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "", False),
        ("0.0.0.0/0", "unix:", False),
        ("0.0.0.0/0", "127.1", False),
    ],
)
def test_an_address_is_in_a_network_or_not(text: str, address: str, inside: bool) -> None:
    assert networks.admit([networks.parse(text)], address) is inside


def test_one_network_of_several_is_enough() -> None:
    several = [networks.parse(text) for text in ("10.0.0.0/8", "2001:db8::/32")]
    assert networks.admit(several, "2001:db8::1")
    assert not networks.admit([], "10.0.0.1")


def test_each_network_is_written_once_and_short() -> None:
    given = ["10.9.9.9/8", "2001:DB8:0:0::/32", "::ffff:10.0.0.0/104", "192.0.2.1"]
    assert networks.written(given) == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"]
