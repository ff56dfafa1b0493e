"""Holds a document against the last release: what of a stable contract has changed so that a client would break.

What clients may send may only grow and what they get may only shrink, as sets of JSON values: a schema that is renamed,
inlined or written otherwise breaks nobody. `jsonschema_rs.canonical` decides it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jsonschema_rs
from jsonschema_rs import canonical

from contract import document as documents
from contract.document import Document, Finding, OperationNode

Schema = Mapping[str, Any]
NARROWED = "Take the same values as before and more, or make the change in a contract that is not stable yet."
WIDENED = "Answer with nothing that was not described before, or make the change in a contract that is not stable yet."
SCHEMAS = "#/components/schemas/"
KEPT = "Put it back. It may be marked as deprecated and go with the contract."


class Compared(NamedTuple):
    """An operation as it was released and as it is now."""

    old: OperationNode
    new: OperationNode


def breaks(released: Document, current: Document) -> list[Finding]:
    """Everything by which the current document breaks clients of its stable contracts; the lines are its own."""
    return sorted(_Comparison(released, current).findings())


class _Comparison:
    def __init__(self, released: Document, current: Document) -> None:
        self.released = released
        self.current = current
        self._canonical: dict[tuple[int, int], tuple[Schema, Any]] = {}

    def findings(self) -> Iterator[Finding]:
        """What breaks, in the order of the release."""
        found = {_key(node): node for node in self.current.operations()}
        contracts = self.current.raw["x-contracts"]
        for node in self.released.operations():
            contract = node.operation["operationId"].partition(".")[0]
            if contracts.get(contract, {}).get("stability", "stable") != "stable":
                continue
            if _key(node) not in found:
                message = f"{node.method.upper()} {node.path} was released and is not there any more"
                yield self.current.finding(documents.join("#/paths", node.path), message, KEPT)
            else:
                yield from self._operation(Compared(node, found[_key(node)]))

    def _operation(self, pair: Compared) -> Iterator[Finding]:
        name = pair.old.operation["operationId"]
        if pair.new.operation["operationId"] != name:
            yield self._broken(pair, "the operation was released", f"as {name}, which is what SDKs call it", KEPT)
        yield from self._scopes(pair)
        yield from self._parameters(pair)
        yield from self._body(pair)
        yield from self._responses(pair)

    def _scopes(self, pair: Compared) -> Iterator[Finding]:
        old = self._security(self.released, pair.old)
        new = self._security(self.current, pair.new)
        for given in old:
            if not any(all(set(scopes) <= set(given.get(scheme, ())) for scheme, scopes in n.items()) for n in new):
                words = " and ".join(f"{scheme} {' '.join(scopes)}".strip() for scheme, scopes in given.items())
                says = f"is not enough to call {pair.old.method.upper()} {pair.old.path} any more"
                yield self._broken(pair, words or "no key", says, "Ask for no more than before.", "security")

    def _parameters(self, pair: Compared) -> Iterator[Finding]:
        old = {(each["in"], each["name"]): each for each, _ in pair.old.parameters}
        new = {(each["in"], each["name"]): (each, pointer) for each, pointer in pair.new.parameters}
        for key, parameter in old.items():
            words = f"the {key[0]} parameter {key[1]}"
            if key not in new:
                # The name in a path template is nobody's but ours.
                if key[0] != "path":
                    yield self._broken(pair, words, "was released and is not there any more", KEPT, "parameters")
                continue
            now, pointer = new[key]
            yield from self._grows((parameter["schema"], now["schema"]), pointer, words)
            before, after = (self._default(*each) for each in ((self.released, parameter), (self.current, now)))
            if before != after:
                message = f"{words} had the default {before!r} and now has {after!r}"
                yield self.current.finding(pointer, message, "Keep the default; clients leave the parameter out.")
        for key, (parameter, pointer) in new.items():
            if parameter.get("required") and key[0] != "path" and not old.get(key, {}).get("required"):
                message = f"the {key[0]} parameter {key[1]} is required now"
                yield self.current.finding(pointer, message, "Make it optional.")

    def _body(self, pair: Compared) -> Iterator[Finding]:
        old = self._resolved(self.released, pair.old.operation.get("requestBody", {}))
        new = self._resolved(self.current, pair.new.operation.get("requestBody", {}))
        if new.get("required") and not old.get("required"):
            yield self._broken(pair, "the request body", "is required now", "Make it optional.", "requestBody")
        for kind, media in old.get("content", {}).items():
            now = new.get("content", {}).get(kind)
            if now is None:
                yield self._broken(pair, f"the request body as {kind}", "is not taken any more", KEPT, "requestBody")
            else:
                place = documents.join(pair.new.pointer, "requestBody", "content", kind, "schema")
                yield from self._grows((media["schema"], now["schema"]), place, f"the request body as {kind}")

    def _responses(self, pair: Compared) -> Iterator[Finding]:
        for status, entry in pair.old.operation["responses"].items():
            now = pair.new.operation["responses"].get(status)
            if now is None:
                # Clients have code for a success; an error that does not come any more breaks nobody.
                if status < "400":
                    yield self._broken(pair, f"the answer {status}", "is not given any more", KEPT, "responses")
                continue
            old, new = self._resolved(self.released, entry), self._resolved(self.current, now)
            for header in old.get("headers", {}).keys() - new.get("headers", {}).keys():
                says = f"of the answer {status} is not there any more"
                yield self._broken(pair, f"the header {header}", says, KEPT, "responses", status)
            for kind, media in old.get("content", {}).items():
                place = documents.join(pair.new.pointer, "responses", status, "content", kind, "schema")
                if kind not in new.get("content", {}):
                    yield self._broken(
                        pair, f"the answer {status} as {kind}", "is not given any more", KEPT, "responses"
                    )
                else:
                    pair_of_schemas = (self.released, media["schema"]), (self.current, new["content"][kind]["schema"])
                    yield from self._contained(*pair_of_schemas, place, (f"the answer {status}", WIDENED))

    def _grows(self, schemas: tuple[Schema, Schema], pointer: str, words: str) -> Iterator[Finding]:
        old, new = schemas
        yield from self._contained((self.current, new), (self.released, old), pointer, (words, NARROWED))

    def _contained(
        self, large: tuple[Document, Schema], small: tuple[Document, Schema], pointer: str, texts: tuple[str, str]
    ) -> Iterator[Finding]:
        """A finding unless every value of the small schema is one of the large one; what is undecided is not."""
        if self._canonicalized(*large).covers(self._canonicalized(*small)) == canonical.Containment.YES:
            return
        words, mend = texts
        part = ".".join(self._part(large, small))
        says = "may be what it was not before" if mend == WIDENED else "does not take everything that it took before"
        yield self.current.finding(pointer, f"{words} {says}{f', in {part}' if part else ''}", mend)

    def _part(self, large: tuple[Document, Schema], small: tuple[Document, Schema]) -> list[str]:
        """The path to the innermost property that is not contained, to name it."""
        (document, schema), (other, inner) = large, small
        known, given = (d.deref(dict(s), "#")[0].get("properties", {}) for d, s in ((document, schema), (other, inner)))
        for name in given:
            if name in known:
                parts = (document, known[name]), (other, given[name])
                if self._canonicalized(*parts[0]).covers(self._canonicalized(*parts[1])) != canonical.Containment.YES:
                    return [name, *self._part(*parts)]
        return []

    def _canonicalized(self, document: Document, schema: Schema) -> Any:
        key = id(document), id(schema)
        if key not in self._canonical:
            needed: dict[str, Any] = {}
            _gather(schema, document.raw["components"]["schemas"], needed)
            whole = {**schema, "components": {"schemas": needed}}
            plain = jsonschema_rs.dereference(whole, draft=jsonschema_rs.Draft202012)
            plain.pop("components", None)
            made = jsonschema_rs.canonicalize(plain, draft=jsonschema_rs.Draft202012, validate_formats=True)
            # The schema is kept with it, so that its id stays its own.
            self._canonical[key] = schema, made
        return self._canonical[key][1]

    def _broken(self, pair: Compared, subject: str, says: str, mend: str, *place: str) -> Finding:
        return self.current.finding(documents.join(pair.new.pointer, *place), f"{subject} {says}", mend)

    @staticmethod
    def _security(document: Document, node: OperationNode) -> list[dict[str, list[str]]]:
        found: list[dict[str, list[str]]] = node.operation.get("security", document.raw.get("security", []))
        return found

    @staticmethod
    def _resolved(document: Document, node: dict[str, Any]) -> dict[str, Any]:
        return document.deref(node, "#")[0]

    @staticmethod
    def _default(document: Document, parameter: dict[str, Any]) -> Any:
        return document.deref(parameter["schema"], "#")[0].get("default")


def _gather(node: Any, schemas: Mapping[str, Any], found: dict[str, Any]) -> None:
    """Add the schemas that a schema refers to: to resolve it among all of them takes many times as long."""
    if isinstance(node, list):
        for each in node:
            _gather(each, schemas, found)
    elif isinstance(node, Mapping):
        name = str(node.get("$ref", "")).removeprefix(SCHEMAS)
        if name in schemas and name not in found:
            found[name] = schemas[name]
            _gather(schemas[name], schemas, found)
        for each in node.values():
            _gather(each, schemas, found)


def _key(node: OperationNode) -> tuple[str, str]:
    """What names an operation to a client: the method, and the path whatever its variables are called."""
    return node.method, "/".join("{}" if part.startswith("{") else part for part in node.path.split("/"))
