"""Text of a query, a header or a form as the value that its schema types."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

# Python's int() also takes "٥", "1_0" and " 5 ": only what JSON takes is an integer or a number here.
INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z", re.ASCII)
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,2})?\Z", re.ASCII)

Coerce = Callable[[str], Any]


def integer(text: str) -> int | str:
    """The integer that the text is, else the text, which its schema then refuses."""
    return int(text) if INTEGER.match(text) else text


def number(text: str) -> float | int | str:
    """The number that the text is, else the text."""
    if INTEGER.match(text):
        return int(text)
    return float(text) if NUMBER.match(text) else text


def boolean(text: str) -> bool | str:
    """True for `true`, false for `false`, else the text."""
    return {"true": True, "false": False}.get(text, text)


def string(text: str) -> str:
    """The text."""
    return text


BY_TYPE: dict[str, Coerce] = {"integer": integer, "number": number, "boolean": boolean, "string": string}


class Malformed(ValueError):
    """The text is not percent-encoded UTF-8, or has a NUL."""


def decode(text: str) -> str:
    """One name or value of a query or form, decoded; raises Malformed for what is not UTF-8 text."""
    if "%" not in text and "+" not in text:
        return text
    try:
        decoded = unquote(text.replace("+", " "), errors="strict")
    except UnicodeDecodeError as error:
        raise Malformed("is not percent-encoded UTF-8") from error
    if "\0" in decoded:
        raise Malformed("must not contain NUL")
    return decoded


def pairs(text: str) -> list[tuple[str, str]]:
    """The names and values of a query string or form, in order; raises Malformed."""
    found = []
    for piece in text.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            found.append((decode(name), decode(value)))
    return found
