"""Reads what a request carries: its query string, its headers, and its body up to the limit."""

from __future__ import annotations

import asyncio
from typing import Any

from contract import scalars
from contract.bodies import Body
from contract.problems import Fault, Problem
from gateway import keyring
from gateway.exchange import Exchange

LISTS = ("If-Match", "If-None-Match")
# How long a body may take to arrive. At the largest size that is less than two megabits a second.
BODY_SECONDS = 60


class ClientGone(Exception):
    """The client hung up before its request was complete."""


def authorization_of(exchange: Exchange) -> bytes:
    """The header `Authorization`, or what it would be with the key in the query string; raises a Problem for two keys.

    The key is looked for there only where every operation that may be meant takes it, as the version that decides
    between them is not known without the key.
    """
    header = exchange.headers.get(b"authorization")
    keys = _keys_in_query(exchange) if exchange.scope["query_string"] else []
    if not keys:
        return header or b""
    if len(set(keys)) > 1 or (header is not None and keyring.bearer(header) != keys[0]):
        raise Problem("key_invalid", "The request has two API keys that differ. Send one.")
    return header or f"Bearer {keys[0]}".encode()


def _keys_in_query(exchange: Exchange) -> list[str]:
    if exchange.misrouted is not None:
        return []
    operations = exchange.match.node.operations
    answering = exchange.compiled.answering[exchange.match.prefix]
    names = {each.key_parameter for contract in answering for each in operations.get(contract, {}).values()}
    if len(names) > 1 or None in names:
        return []
    try:
        given = scalars.pairs(exchange.scope["query_string"].decode("utf-8"))
    except ValueError:
        return []
    return [value for name, value in given if name in names]


def query_of(exchange: Exchange) -> tuple[dict[str, Any], list[Fault]]:
    """The arguments in the query string, and what is wrong with it."""
    try:
        text = exchange.scope["query_string"].decode("utf-8")
    except UnicodeDecodeError:
        return {}, [Fault("query", (), "malformed", "is not percent-encoded UTF-8")]
    return exchange.operation.query.query(text)


def headers_of(exchange: Exchange) -> tuple[dict[str, Any], list[Fault]]:
    """The arguments among the headers, and what is wrong with them.

    Lists of tags may come in several headers; of any other header a proxy could take another one than we do.
    """
    arguments, faults = exchange.operation.headers.headers(exchange.headers)
    if len(exchange.headers) == len(exchange.scope["headers"]):
        return arguments, faults
    for name in (*exchange.operation.headers.parameters, "Content-Type"):
        values = [value for key, value in exchange.scope["headers"] if key == name.lower().encode()]
        if len(values) > 1 and name in LISTS:
            arguments[name] = ", ".join(value.decode("latin-1") for value in values)
        elif len(values) > 1:
            faults = [*faults, Fault("header", (name,), "duplicate", "must be given only once")]
    return arguments, faults


async def body_of(exchange: Exchange, body: Body) -> tuple[Any, list[Fault]]:
    """The domain value in the body, and what is wrong with it; raises a Problem for one that cannot be read at all."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            raw = await _read(exchange, exchange.compiled.max_body_bytes)
    except TimeoutError:
        says = f"The body did not arrive within {BODY_SECONDS} seconds. Nothing was changed."
        raise Problem("timeout", says) from None
    content_type = _text(exchange, b"content-type")
    if raw and (problem := body.media_type_problem(content_type, _text(exchange, b"content-encoding"))):
        raise problem
    return body.read(raw, content_type)


def _text(exchange: Exchange, name: bytes) -> str | None:
    value = exchange.headers.get(name)
    return None if value is None else value.decode("latin-1")


async def _read(exchange: Exchange, most: int) -> bytes:
    declared = exchange.headers.get(b"content-length")
    if declared is not None:
        if not declared.isdigit():
            raise Problem.of([Fault("header", ("Content-Length",), "malformed", "must be a number of bytes")])
        if int(declared) > most:
            raise Problem("body_too_large")
    chunks, size, more = [], 0, True
    while more:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise Problem("body_too_large")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)
