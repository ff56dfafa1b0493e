"""What can be wrong with a request, and the catalogue of errors that the document declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

# More than anybody mends in one go; what a client can send must not make the answer grow without bound.
MOST_FAULTS = 100
LONGEST_NAME = 100

CODE_OF_REASON = {"required_field_missing": "parameter_missing", "unknown_field": "parameter_unknown"}


# Every code that the server raises. The catalogue may have more, never less.
Code = Literal[
    "already_exists",
    "batch_rolled_back",
    "body_malformed",
    "body_too_large",
    "environment_mismatch",
    "authentication_attempts_exceeded",
    "body_malformed",
    "body_too_large",
    "concurrency_limit_exceeded",
    "idempotency_key_reused",
    "in_use",
    "internal_error",
    "invitation_accepted",
    "invitation_expired",
    "job_not_finished",
    "key_expired",
    "key_invalid",
    "key_missing",
    "key_revoked",
    "limit_reached",
    "live_mode_forbidden",
    "maintenance",
    "last_owner",
    "media_type_unsupported",
    "method_not_allowed",
    "network_not_allowed",
    "not_found",
    "parameter_invalid",
    "parameter_missing",
    "parameter_unknown",
    "path_unknown",
    "precondition_failed",
    "region_mismatch",
    "resource_not_active",
    "role_not_grantable",
    "quota_exceeded",
    "rate_limit_exceeded",
    "scope_missing",
    "scope_not_grantable",
    "timeout",
    "unavailable",
    "webhook_disabled",
]
CODES: frozenset[str] = frozenset(get_args(Code))


class Fault(NamedTuple):
    """One thing that is wrong with a request: where it stands, why it was refused, and what is true of it instead.

    `says` completes the sentence that starts with the parameter's name: "must be an integer".
    """

    where: str
    path: tuple[str | int, ...]
    reason: str
    says: str

    @property
    def code(self) -> str:
        """The code of the catalogue for this fault."""
        if self.reason == "malformed" and self.where == "body" and not self.path:
            return "body_malformed"
        return CODE_OF_REASON.get(self.reason, "parameter_invalid")

    @property
    def param(self) -> str | None:
        """The parameter with dots between its levels; None for the body as a whole."""
        steps = self.path if self.where == "body" else [step for step in self.path if isinstance(step, str)]
        return ".".join(map(str, steps)) or None

    @property
    def pointer(self) -> str:
        """The JSON pointer within the part of the request that `where` names."""
        return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in self.path)


def shortened(name: str) -> str:
    """A name as it is quoted to its sender, who may have sent megabytes of it."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


class ErrorKind(NamedTuple):
    """One entry of the catalogue `x-errors`."""

    code: str
    status: int
    type: str
    v1: str
    message: str


class Problem(Exception):
    """A request that is refused: rendered in the contract's shape, never as a 500."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        param: str | None = None,
        faults: Sequence[Fault] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.param = param
        self.faults = tuple(faults)
        self.headers = tuple(headers)
        self.retry_after = retry_after

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Problem:
        """The problem of a request with these faults; its code is the first one's."""
        return cls(faults[0].code, param=faults[0].param, faults=faults)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The errors of the document, by code."""

    kinds: Mapping[str, ErrorKind]

    @classmethod
    def read(cls, entries: Mapping[str, Mapping[str, Any]]) -> Catalogue:
        """Read `x-errors`."""
        return cls(
            {
                code: ErrorKind(code, entry["status"], entry["type"], entry["v1"], entry["message"])
                for code, entry in entries.items()
            }
        )

    def __getitem__(self, code: str) -> ErrorKind:
        return self.kinds[code]
