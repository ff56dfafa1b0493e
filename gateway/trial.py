"""Compiles the document against the code without serving it; `python -m gateway.trial` exits 1 where they disagree."""

from __future__ import annotations

import sys

from contract import compiler
from contract import document as documents
from contract.compiler import CompiledContract
from contract.document import SpecError
from contract.middleware import HandlerResolver
from gateway import settings as setting
from gateway.settings import Settings


def compiled(settings: Settings) -> CompiledContract:
    """The compiled document; raises SpecError."""
    document = documents.load(settings.document)
    specification = compiler.specification(document)
    return compiler.compile_document(document, specification, HandlerResolver(), check_answers=False)


def main() -> int:
    """Say what is wrong, or nothing."""
    try:
        compiled(setting.read())
    except SpecError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
