"""Ids of objects: a prefix that names the kind, and a UUIDv7 in base 32, so that ids sort by time of creation."""

from __future__ import annotations

import uuid_utils
from typeid import TypeID
from typeid.codecs import base32


def new(prefix: str) -> str:
    """A new id such as `res_01kb2m9p4bf4ks8f0xm0q5e3yt`; later ones of the same process are greater."""
    # What a TypeID with the prefix says, without an object that checks the prefix once more.
    return f"{prefix}_{base32.encode(uuid_utils.uuid7().bytes)}"


def of_request() -> str:
    """A new id of a request. Every request has one, so it is written in hex, which costs a fifth of base 32."""
    return f"req_{in_hex()}"


def in_hex() -> str:
    """A new UUIDv7 in hex, which sorts by time among those of requests."""
    return uuid_utils.uuid7().hex


def lowest(prefix: str, moment: float) -> str:
    """What no id is below that is made from a moment on, in unix seconds."""
    return str(TypeID.from_uuid(uuid_utils.UUID(int=int(moment * 1000) << 80), prefix))
