"""The two ways to put an answer: in an envelope (v1) and bare (v2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import orjson

from contract import presentation
from contract.document import Document
from contract.problems import ErrorKind, Fault, Problem

Render = Callable[[Any, "tuple[str, ...]", int], tuple[bytes, bytes]]


class Part(NamedTuple):
    """A schema, its pointer, and the attribute of the result that it shows; None is the result itself."""

    schema: Mapping[str, Any]
    pointer: str
    attribute: str | None


class Links(Protocol):
    """Where an error's pages are."""

    def doc_url(self, code: str) -> str: ...
    def log_url(self, request_id: str) -> str: ...


class Dialect(Protocol):
    """How one contract writes successes and errors."""

    def compile_success(self, document: Document, schema: Mapping[str, Any]) -> Render:
        """A function `(result, expansions, now) -> (body, the part of it that an ETag speaks of)`."""
        ...

    def parts(self, document: Document, schema: Mapping[str, Any], pointer: str) -> list[Part]:
        """What of a success schema shows the handler's result, so that it can be held against the result's type."""
        ...

    def error(self, kind: ErrorKind, problem: Problem, request_id: str, links: Links) -> dict[str, Any]:
        """The body of an error."""
        ...


class Bare:
    """The object itself; errors have type, code, message, param and links."""

    def compile_success(self, document: Document, schema: Mapping[str, Any]) -> Render:
        present = presentation.compile_presentation(document, schema)

        def render(result: Any, expand: tuple[str, ...], now: int) -> tuple[bytes, bytes]:
            body = orjson.dumps(present(result, expand))
            return body, body

        return render

    def parts(self, document: Document, schema: Mapping[str, Any], pointer: str) -> list[Part]:
        return [Part(schema, pointer, None)]

    def error(self, kind: ErrorKind, problem: Problem, request_id: str, links: Links) -> dict[str, Any]:
        error: dict[str, Any] = {
            "type": kind.type,
            "code": kind.code,
            "message": _message(kind, problem, self.sentence),
            "param": problem.param,
            "doc_url": links.doc_url(kind.code),
            "request_id": request_id,
            "request_log_url": links.log_url(request_id),
        }
        if problem.faults:
            error["errors"] = [
                {
                    "in": fault.where,
                    "pointer": fault.pointer,
                    "param": fault.param,
                    "code": fault.code,
                    "reason": fault.reason,
                    "message": self.sentence(fault),
                }
                for fault in problem.faults
            ]
        return {"error": error}

    @staticmethod
    def sentence(fault: Fault) -> str:
        """What is wrong, as a sentence."""
        subject = f"The '{fault.param}' parameter" if fault.param else _whole(fault)
        return f"{subject} {fault.says}" if fault.says.endswith("?") else f"{subject} {fault.says}."


class Envelope:
    """`status`, `data` and `meta`; errors have a code in capitals and `details` about the first fault."""

    def compile_success(self, document: Document, schema: Mapping[str, Any]) -> Render:
        node, _ = document.deref(dict(schema), "#")
        data_schema, _ = document.deref(node["properties"]["data"], "#")
        is_list = data_schema.get("type") == "array"
        present = presentation.compile_presentation(document, data_schema)
        present_meta = presentation.compile_presentation(document, node["properties"]["meta"]) if is_list else None

        def render_page(result: Any, expand: tuple[str, ...], now: int) -> tuple[bytes, bytes]:
            envelope = {"status": "success", "data": present(result.data, expand), "meta": meta(result, expand)}
            body = orjson.dumps(envelope)
            return body, body

        def render(result: Any, expand: tuple[str, ...], now: int) -> tuple[bytes, bytes]:
            data = orjson.dumps(present(result, expand))
            stamp = presentation.timestamp(now).encode()
            return b'{"status":"success","data":%b,"meta":{"timestamp":"%b"}}' % (data, stamp), data

        if present_meta is None:
            return render
        meta = present_meta
        return render_page

    def parts(self, document: Document, schema: Mapping[str, Any], pointer: str) -> list[Part]:
        node, pointer = document.deref(dict(schema), pointer)
        data, data_pointer = document.deref(node["properties"]["data"], f"{pointer}/properties/data")
        if data.get("type") != "array":
            return [Part(data, data_pointer, None)]
        return [Part(data, data_pointer, "data"), Part(node["properties"]["meta"], f"{pointer}/properties/meta", None)]

    def error(self, kind: ErrorKind, problem: Problem, request_id: str, links: Links) -> dict[str, Any]:
        error: dict[str, Any] = {"code": kind.v1, "message": _message(kind, problem, self.sentence)}
        if problem.faults:
            first = problem.faults[0]
            error["details"] = {"field": first.param, "reason": first.reason}
        if len(problem.faults) > 1:
            error["errors"] = [
                {
                    "field": fault.param,
                    "reason": fault.reason,
                    "message": self.sentence(fault),
                    "in": fault.where,
                    "pointer": fault.pointer,
                }
                for fault in problem.faults
            ]
        if problem.retry_after is not None:
            error["retry_after"] = problem.retry_after
        return {"status": "error", "error": error}

    @staticmethod
    def sentence(fault: Fault) -> str:
        """What is wrong, as API overview words it."""
        if fault.param:
            return f"Invalid parameter: {fault.param} {fault.says}"
        return f"{_whole(fault)} {fault.says}"


def _whole(fault: Fault) -> str:
    return "The request body" if fault.where == "body" else f"The {fault.where}"


def _message(kind: ErrorKind, problem: Problem, sentence: Callable[[Fault], str]) -> str:
    if problem.message is not None:
        return problem.message
    return sentence(problem.faults[0]) if problem.faults else kind.message


DIALECTS: Mapping[str, Dialect] = {"envelope": Envelope(), "bare": Bare()}
