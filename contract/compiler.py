"""Compiles the document: every operation becomes an `Operation`, or the start fails with the lines to mend."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import connexion.spec
import orjson
from connexion.exceptions import ResolverError
from connexion.operations import OpenAPIOperation
from connexion.resolver import Resolver
from connexion.spec import Specification

from contract import agreement, deprecation, lint, plans, schemas
from contract.bodies import Body
from contract.dialects import DIALECTS
from contract.document import Document, Finding, OperationNode, SpecError, join
from contract.operation import LINES, Contract, Operation, Success, Version
from contract.parameters import Decoder
from contract.payloads import Payloads
from contract.plans import Plan
from contract.problems import CODES, Catalogue
from contract.router import Router
from contract.servers import Servers

# Connexion ships the schema of OpenAPI 3.0 only. The document is 3.1; openapi-spec-validator and our rules judge it.
connexion.spec.OpenAPISpecification.openapi_schema = {}


@dataclass(frozen=True, slots=True)
class CompiledContract:
    """A whole document, ready to serve.

    `answering` names, for the contract of a path, the contracts that may answer there: its own, and the newer ones.
    `sunsets` has the last day of each deprecated operation.
    """

    document: Document
    operations: Mapping[str, Operation]
    contracts: Mapping[str, Contract]
    versions: Mapping[str, Version]
    plans: Mapping[str, Plan]
    answering: Mapping[str, tuple[str, ...]]
    catalogue: Catalogue
    router: Router
    servers: Servers
    max_body_bytes: int
    sunsets: Mapping[str, str]
    payloads: Payloads


def fit(document: Document) -> dict[str, Any]:
    """A copy of the document for Connexion, which changes what it gets; SpecError where it cannot be compiled."""
    if findings := lint.unfit(document):
        raise SpecError(findings, document.name)
    raw: dict[str, Any] = copied(document.raw, {})
    return raw


def copied(node: Any, done: dict[int, Any]) -> Any:
    """A copy of JSON values, in which an object that stands in several places does so too."""
    if not isinstance(node, dict | list):
        return node
    if id(node) not in done:
        values = node.values() if isinstance(node, dict) else node
        copies = [copied(value, done) for value in values]
        done[id(node)] = dict(zip(node, copies, strict=True)) if isinstance(node, dict) else copies
    return done[id(node)]


def specification(document: Document) -> Specification:
    """The document as Connexion holds it; raises SpecError where it cannot be compiled."""
    return Specification.load(fit(document))


def compile_document(
    document: Document, connexion_specification: Specification, resolver: Resolver, *, check_answers: bool
) -> CompiledContract:
    """Compile every operation; raises SpecError that lists everything in which code and document disagree.

    With `check_answers` each answer is validated against its schema before it is sent, as tests and development do.
    """
    compiler = _Compiler(document, connexion_specification, resolver, check_answers)
    operations: dict[str, Operation] = {}
    # Operations share schemas: one report of each disagreement is enough, whichever way led to it.
    findings = {(finding.pointer, finding.message): finding for finding in check_catalogue(document)}
    for node in document.operations():
        try:
            operation = compiler.operation(node)
            operations[operation.id] = operation
        except agreement.Disagreement as disagreement:
            findings |= {(finding.pointer, finding.mend): finding for finding in disagreement.findings}
    if findings:
        raise SpecError(sorted(findings.values()), document.name)
    dated = document.raw["x-api-versions"].items()
    versions = {date: Version(date, entry["contract"], entry["limits"]) for date, entry in dated}
    return CompiledContract(
        document=document,
        operations=operations,
        contracts=compiler.contracts,
        versions=versions,
        plans=plans.read(document.raw["x-plans"]),
        answering=answering(list(compiler.contracts)),
        catalogue=Catalogue.read(document.raw["x-errors"]),
        router=Router(operations.values()),
        servers=Servers(document.raw.get("servers", [])),
        max_body_bytes=document.raw["x-max-body-bytes"],
        sunsets={each.id: each.deprecation.sunset for each in operations.values() if each.deprecation},
        payloads=Payloads(document, versions, check=check_answers),
    )


def answering(contracts: list[str]) -> dict[str, tuple[str, ...]]:
    """For each contract itself and the newer ones, in the order of their numbers."""
    ordered = sorted(contracts, key=lambda name: int(name[1:]))
    return {name: tuple(ordered[index:]) for index, name in enumerate(ordered)}


def check_catalogue(document: Document) -> list[Finding]:
    """Whether the catalogue has every code that the server raises."""
    missing = sorted(CODES - document.raw["x-errors"].keys())
    mend = "Add it to x-errors with its status, type, message, meaning and recovery."
    return [document.finding("#/x-errors", f"the server raises '{code}', which is not here", mend) for code in missing]


class _Compiler:
    def __init__(
        self, document: Document, connexion_specification: Specification, resolver: Resolver, check_answers: bool
    ) -> None:
        self.document = document
        self.specification = connexion_specification
        self.resolver = resolver
        self.check_answers = check_answers
        self.schemas = schemas.Schemas(document)
        self.contracts = {
            name: Contract(name, DIALECTS[entry["dialect"]], entry["stability"], entry["default_version"])
            for name, entry in document.raw["x-contracts"].items()
        }
        self.nodes = {node.operation["operationId"]: node for node in document.operations()}
        self.paths = {name: node.path for name, node in self.nodes.items()}

    def operation(self, node: OperationNode) -> Operation:
        """Compile one operation; raises Disagreement with everything that is wrong about it."""
        contract = self.contracts[node.operation["operationId"].split(".")[0]]
        handler = self._handler(node)
        security = node.operation.get("security", self.document.raw.get("security", []))
        key_parameter = self._key_parameter(security)
        by_place: dict[str, list[tuple[Mapping[str, Any], str]]] = {"query": [], "header": [], "path": []}
        for parameter, pointer in node.parameters:
            by_place[parameter["in"]].append((parameter, pointer))
        body = node.operation.get("requestBody")
        path_names = tuple(segment[1:-1] for segment in node.path.split("/") if segment.startswith("{"))
        return Operation(
            id=node.operation["operationId"],
            contract=contract,
            method=node.method.upper(),
            path=node.path,
            handler=handler,
            path_names=path_names,
            # Requirements are alternatives; the house rules have checked that they ask for the same scopes.
            scopes=tuple(scope for scopes in next(iter(security), {}).values() for scope in scopes),
            expansion_scopes=self._expansion_scopes(by_place["query"]),
            key_parameter=key_parameter,
            takes_query="query" in inspect.signature(handler).parameters,
            query=Decoder(self.schemas, "query", by_place["query"], key_parameter),
            headers=Decoder(self.schemas, "header", by_place["header"]),
            body=Body(self.schemas, body, join(node.pointer, "requestBody")) if body else None,
            success=self._success(node, contract, handler),
            deprecation=deprecation.compile_deprecation(node.operation, path_names, self.paths),
            is_batch=node.operation.get("x-batch", False),
        )

    def _key_parameter(self, security: Sequence[Mapping[str, Any]]) -> str | None:
        """The parameter of the query string that may hold the key, where one of the alternatives says so."""
        declared = self.document.raw["components"].get("securitySchemes", {})
        schemes = [declared[name] for requirement in security for name in requirement]
        return next((scheme["name"] for scheme in schemes if scheme.get("in") == "query"), None)

    def _expansion_scopes(self, query: Sequence[tuple[Mapping[str, Any], str]]) -> Mapping[str, str]:
        schemas_of = (parameter["schema"] for parameter, _ in query if parameter["name"] == "expand[]")
        return {
            value: scope
            for schema in schemas_of
            for value, scope in self.document.deref(schema, "#")[0].get("x-expand-scopes", {}).items()
        }

    def _handler(self, node: OperationNode) -> Callable[..., Any]:
        operation_id = node.operation["operationId"]
        try:
            resolved = OpenAPIOperation.from_spec(
                self.specification, path=node.path, method=node.method, resolver=self.resolver
            )
        except ResolverError as error:
            message = f"{operation_id} has no handler: {error}"
            finding = self.document.finding(node.pointer, message, agreement.stub(node))
            raise agreement.Disagreement([finding]) from error
        handler: Callable[..., Any] = resolved.function
        if findings := agreement.check_arguments(self.document, node, handler):
            raise agreement.Disagreement(findings)
        return handler

    def _success(self, node: OperationNode, contract: Contract, handler: Callable[..., Any]) -> Success:
        status, entry = next((s, r) for s, r in node.operation["responses"].items() if s.startswith("2"))
        response, pointer = self.document.deref(entry, join(node.pointer, "responses", status))
        media = response.get("content", {})
        content = media.get("application/json")
        location = self._location(response, pointer) if "Location" in response.get("headers", {}) else None
        if content is None:
            if LINES in media and (findings := agreement.check_download(self.document, pointer, handler)):
                raise agreement.Disagreement(findings)
            return Success(int(status), None, location, _always_valid, is_download=LINES in media)
        pointer = join(pointer, "content", "application/json", "schema")
        self._check_result(content["schema"], pointer, contract, handler)
        return Success(
            int(status),
            contract.dialect.compile_success(self.document, content["schema"]),
            location,
            self._answer_check(pointer) if self.check_answers else _always_valid,
            self._shows_secret(content["schema"], pointer),
        )

    def _shows_secret(self, schema: Mapping[str, Any], pointer: str) -> bool:
        """Whether some part of what a schema describes has the format `password`."""
        node, place = self.document.deref(dict(schema), pointer)
        parts = [
            *node.get("properties", {}).values(),
            *node.get("oneOf", ()),
            *([node["items"]] if "items" in node else []),
        ]
        return node.get("format") == "password" or any(self._shows_secret(part, place) for part in parts)

    def _check_result(
        self, schema: Mapping[str, Any], pointer: str, contract: Contract, handler: Callable[..., Any]
    ) -> None:
        findings: list[Finding] = []
        result = typing.get_type_hints(handler).get("return", type(None))
        for part, part_pointer, attribute in contract.dialect.parts(self.document, schema, pointer):
            of = agreement.attribute_types(result).get(attribute) if attribute else result
            findings += agreement.check_result(self.document, part, (part_pointer, "the result"), of)
        if findings:
            raise agreement.Disagreement(findings)

    def _location(self, response: Mapping[str, Any], pointer: str) -> str:
        """The path, but for the id at its end, of what reads the new object, found through the response's links."""
        targets = (self.nodes[link["operationId"]] for link in response["links"].values())
        path = next(target.path for target in targets if target.method == "get")
        before, _, variable = path.rpartition("{")
        if "{" in before or not variable.endswith("}"):
            message = f"Location cannot be made from {path}"
            finding = self.document.finding(
                pointer, message, "Link to a path whose only variable is the id at its end."
            )
            raise agreement.Disagreement([finding])
        return before

    def _answer_check(self, pointer: str) -> Callable[[bytes], str | None]:
        validator = self.schemas.validator(schemas.reference(pointer))

        def check(body: bytes) -> str | None:
            error = next(validator.iter_errors(orjson.loads(body)), None)
            return None if error is None else f"{error.message} at /{'/'.join(map(str, error.instance_path))}"

        return check


def _always_valid(_: bytes) -> None:
    return None
