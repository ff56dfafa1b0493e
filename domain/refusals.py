"""What the platform refuses to do, as exceptions that end the transaction."""

from __future__ import annotations


class Refusal(Exception):
    """The request cannot be done; `code` is one of `x-errors`, `message` and `param` are for the caller."""

    def __init__(self, code: str, message: str | None = None, param: str | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.param = param


class Invalid(Refusal):
    """A field of the body, or a parameter of the query, has a value that its schema allows but that cannot be taken.

    `reason` is one of the document's, `says` completes the sentence that starts with the field's name; `where` is
    `body` or `query`.
    """

    def __init__(self, field: str, reason: str, says: str, where: str = "body") -> None:
        super().__init__("parameter_invalid", f"{field} {says}", field)
        self.where = where
        self.field = field
        self.reason = reason
        self.says = says


def not_found(noun: str, object_id: str, param: str = "id") -> Refusal:
    """No such object is visible to the caller: unknown, deleted, another account's and the other mode's look alike."""
    return Refusal("not_found", f"There is no {noun} '{object_id}'.", param)
