"""Idempotency keys: one effect and one answer for a request that is sent again within 24 hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from domain.calls import Call
from domain.refusals import Refusal
from storage import idempotency

KEPT_SECONDS = 24 * 60 * 60
# Marks a kept answer whose body is sealed; no header of an answer is called so.
SEALED = ":sealed"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept: its status, the headers that belong to it, and its bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def claim(call: Call, fingerprint: str) -> Answer | None:
    """Take the call's key for a request; the answer to give again if it was taken for the same request before.

    A concurrent request with the same key waits here until the first one's transaction has ended.
    """
    assert call.idempotency_key is not None
    row = idempotency.claim(call.tx, call.scope, call.idempotency_key, fingerprint, call.now, call.now + KEPT_SECONDS)
    return None if row is None else _kept(call, row, fingerprint)


def recall(call: Call, fingerprint: str) -> Answer | None:
    """The answer that is kept with the call's key for the same request; the key is not taken."""
    assert call.idempotency_key is not None
    row = idempotency.fetch(call.tx, call.scope, call.idempotency_key, call.now)
    return None if row is None else _kept(call, row, fingerprint)


def complete(call: Call, answer: Answer, *, secret: bool) -> None:
    """Keep the answer with the call's key; one that shows a secret is sealed."""
    assert call.idempotency_key is not None
    headers, body = answer.headers, answer.body
    if secret:
        headers, body = {**headers, SEALED: "true"}, call.seal.close(body).encode()
    idempotency.complete(call.tx, call.scope, call.idempotency_key, answer.status, headers, body)


def _kept(call: Call, row: idempotency.Row, fingerprint: str) -> Answer:
    if row.fingerprint != fingerprint:
        raise Refusal("idempotency_key_reused")
    body = bytes(row.body)
    if SEALED not in row.headers:
        return Answer(row.status, row.headers, body)
    headers = {name: value for name, value in row.headers.items() if name != SEALED}
    return Answer(row.status, headers, call.seal.open(body.decode()))
