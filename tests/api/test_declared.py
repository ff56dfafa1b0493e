"""What holds answers against openapi.yaml finds what it must find."""

from __future__ import annotations

import httpx2
import pytest

from tests.api.declared import Declared
from tests.serving import Client

LIMITS = {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
LIMITS |= {"X-RateLimit-Reset-After": "1", "RateLimit-Policy": '"hour";q=1', "RateLimit": '"hour";r=0'}
PLACE = {"X-Environment": "development", "X-Region": "us"}
HEADERS = {"X-Request-Id": "req_0123456789abcdef", "API-Version": "2023-09-15", "ETag": '"0"', **LIMITS, **PLACE}


def answered(status: int, path: str = "/v1/resources", **given: object) -> httpx2.Response:
    """An answer to a read that no server has given."""
    headers = {**HEADERS, "Content-Type": "application/json"}
    request = httpx2.Request("GET", f"http://127.0.0.1{path}")
    return httpx2.Response(status, request=request, **{"headers": headers, "json": {}, **given})  # type: ignore[arg-type]


def test_what_the_server_answers_is_declared(v1: Client, declared: Declared) -> None:  # A030
    declared.check(v1.get("/resources"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (answered(418), r"answered 418, which v1\.resources\.list_resources does not declare"),
        (answered(404), r"answered 404, which v1\.resources\.list_resources does not declare"),
        (answered(200, "/v1/unheard-of"), "there is no such operation"),
        (answered(200, headers={**HEADERS, "Content-Type": "text/html"}), "as text/html"),
        (answered(200, headers={"API-Version": "2023-09-15"}), "without the header X-Request-Id"),
        (answered(200, json={"status": "success"}), "a required property"),
        (answered(304, content=b"x", json=None), "with a body"),
    ],
)
def test_what_is_not_declared_is_found(declared: Declared, answer: httpx2.Response, told: str) -> None:  # A030
    with pytest.raises(AssertionError, match=told):
        declared.check(answer)
