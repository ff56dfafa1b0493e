"""Finds what a path means: its place in the tree of templates, whichever contract answers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from contract.operation import Operation


@dataclass(slots=True)
class Node:
    """A segment of the path templates. `operations` holds, by contract, the methods at a path that ends here."""

    fixed: dict[str, Node] = field(default_factory=dict)
    variable: Node | None = None
    operations: dict[str, dict[str, Operation]] = field(default_factory=dict)

    def allowed(self, contract: str) -> str:
        """The methods of this path for the header `Allow`."""
        methods = [*self.operations.get(contract, {})]
        if "GET" in methods:
            methods.insert(methods.index("GET") + 1, "HEAD")
        return ", ".join([*methods, "OPTIONS"])


class Match(NamedTuple):
    """A path that the document has: the contract that its first segment names, and the values of its variables."""

    prefix: str
    node: Node
    values: tuple[str, ...]


class Router:
    """A tree of the path templates without their contract's prefix, so that both contracts share it."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = Node()
        self._contracts: set[str] = set()
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        node = self._root
        for segment in operation.path.split("/")[2:]:
            if segment.startswith("{"):
                node.variable = node = node.variable or Node()
            else:
                node = node.fixed.setdefault(segment, Node())
        self._contracts.add(operation.contract.name)
        node.operations.setdefault(operation.contract.name, {})[operation.method] = operation

    def match(self, raw_path: str) -> Match | None:
        """The match of a path that is still percent-encoded; None where the document has no such path.

        A value that is not UTF-8 or has a NUL is the id of nothing, so it does not match.
        """
        segments = raw_path.split("/")
        if len(segments) < 2 or segments[1] not in self._contracts:
            return None
        node, values = self._root, []
        for segment in segments[2:]:
            inner = node.fixed.get(segment)
            if inner is None:
                inner = node.variable
                if inner is None or not segment:
                    return None
                values.append(segment)
            node = inner
        if not node.operations:
            return None
        if "%" in raw_path:
            try:
                values = [unquote(value, errors="strict") for value in values]
            except UnicodeDecodeError:
                return None
            if any("\0" in value for value in values):
                return None
        return Match(segments[1], node, tuple(values))

    def names_contract(self, raw_path: str) -> str | None:
        """The contract whose prefix a path has, whether or not it leads anywhere."""
        segments = raw_path.split("/", 2)
        return segments[1] if len(segments) > 1 and not segments[0] and segments[1] in self._contracts else None
