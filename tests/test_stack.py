"""The stack: one document drives the server, its packages are really used, and the checks run in the build."""

from __future__ import annotations

import ast
import configparser
import copy
import inspect
import re
import subprocess
from pathlib import Path

import pytest
import sqlalchemy
from connexion.middleware import ConnexionMiddleware
from connexion.middleware.abstract import SpecMiddleware
from openapi_spec_validator import OpenAPIV31SpecValidator

import handlers
from contract import document as documents
from contract.document import Document
from storage import tables
from tests.serving import Client, Server, Tenant

ROOT = Path(__file__).parent.parent
# What each package is there for, and a file that uses it.
PACKAGES = {
    "connexion": "contract/application.py",
    "openapi_spec_validator": "scripts/lint_spec",
    "datamodel_code_generator": "scripts/generate",
    "schemathesis": "scripts/contract",
    "sqlalchemy": "storage/tables.py",
    "pytest": "tests/conftest.py",
}
# How a route is written by hand.
ROUTES = re.compile(
    r"add_url_rule|add_api_route|APIRouter|\b(?:Mount|Route)\(\s*[\"']|@\w+\.(?:route|get|post|put|patch|delete)\("
)


@pytest.fixture(scope="module")
def document() -> Document:
    return documents.load(ROOT / "openapi.yaml")


def committed() -> list[str]:
    """Every file that is or could be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("What is committed shows only in a git checkout.")
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def commands(environment: str) -> str:
    """What an environment of tox runs."""
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "tox.ini")
    assert environment in [each.strip() for each in settings["tox"]["env_list"].split(",")]
    return settings[f"testenv:{environment}"]["commands"]


def modules() -> list[str]:
    """The names of the files in handlers/."""
    return [path.stem for path in sorted((ROOT / "handlers").glob("*.py")) if path.stem != "__init__"]


def functions(module: str) -> dict[str, ast.FunctionDef]:
    """The public functions of a file in handlers/."""
    tree = ast.parse((ROOT / "handlers" / f"{module}.py").read_text(encoding="utf-8"))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return {node.name: node for node in found}


def test_the_top_level(document: Document) -> None:  # D01 D03
    for name in ("handlers", "generated", "scripts", "tests"):
        assert (ROOT / name).is_dir()
    for name in ("openapi.yaml", "tox.ini"):
        assert (ROOT / name).is_file()
    assert document.raw["openapi"].startswith("3.1.")


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_are_used(package: str) -> None:  # D02
    assert re.search(rf"\b{package}\b", (ROOT / PACKAGES[package]).read_text(encoding="utf-8"))
    pinned = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    assert re.search(rf"^{package.replace('_', '-')}==", pinned, re.MULTILINE)


def test_the_server_is_connexions_stack_on_sqlalchemys_tables(server: Server) -> None:  # D02
    assert isinstance(server.app, ConnexionMiddleware)
    assert isinstance(server.app.contract, SpecMiddleware)
    assert isinstance(tables.metadata, sqlalchemy.MetaData)
    assert "resources" in tables.metadata.tables


def test_there_is_one_document() -> None:  # D04
    found = []
    for name in committed():
        path = ROOT / name
        is_test = name.startswith("tests/")
        if path.suffix in (".yaml", ".yml", ".json") and not is_test:
            text = path.read_text(encoding="utf-8")
            found += [name] if re.search(r"^\s*[\"']?(?:openapi|swagger)[\"']?\s*:", text, re.MULTILINE) else []
    # The other one is the last release, which nothing is made from.
    assert found == ["openapi.yaml", "releases/openapi.yaml"]


def test_there_is_no_other_table_of_routes() -> None:  # D04
    rooms = ("contract/", "gateway/", "handlers/", "domain/", "storage/", "work/")
    sources = [name for name in committed() if name.startswith(rooms) and name.endswith(".py")]
    assert sources
    found = {name: ROUTES.findall((ROOT / name).read_text(encoding="utf-8")) for name in sources}
    assert {name: routes for name, routes in found.items() if routes} == {}


def test_the_server_has_the_documents_operations(server: Server, document: Document) -> None:  # D04
    declared = {(node.operation["operationId"], node.method.upper(), node.path) for node in document.operations()}
    served = {(each.id, each.method, each.path) for each in server.app.contract.operations.values()}
    assert served == declared


def test_an_operation_is_the_function_that_its_id_names(server: Server) -> None:  # D05
    for operation in server.app.contract.operations.values():
        _, module, function = operation.id.split(".")
        assert operation.handler.__module__ == f"{handlers.__name__}.{module}"
        assert operation.handler.__name__ == function
        assert Path(inspect.getfile(operation.handler)) == ROOT / "handlers" / f"{module}.py"


@pytest.mark.parametrize("module", modules())
def test_every_handler_is_an_operations_and_is_plain(module: str, document: Document) -> None:  # D05
    named = {node.operation["operationId"].partition(".")[2] for node in document.operations()}
    for name, node in functions(module).items():
        assert f"{module}.{name}" in named, f"handlers/{module}.py has {name}, which no operation names"
        assert node.decorator_list == []


def test_generated_code_is_made_used_and_compared() -> None:  # D01 D06
    made = sorted((ROOT / "generated").glob("*.py"))
    assert [path.name for path in made] == ["__init__.py", "models.py"]
    for path in made:
        assert "scripts/generate" in path.read_text(encoding="utf-8").partition("\n")[0]
    users = [name for name in modules() if "generated.models" in (ROOT / "handlers" / f"{name}.py").read_text()]
    assert users
    assert "scripts/generate --check" in commands("generated")


def test_the_running_server_is_fuzzed() -> None:  # D07 D09
    assert "scripts/contract" in commands("contract")
    text = (ROOT / "scripts" / "contract").read_text(encoding="utf-8")
    assert '"-m", "gateway"' in text
    assert '"--url", server.url' in text
    settings = (ROOT / "schemathesis.toml").read_text(encoding="utf-8")
    assert "app =" not in settings
    everywhere, *exceptions = settings.split("[[operations]]")
    assert "enabled = false" not in everywhere.partition("[checks")[2]
    assert all(each.lstrip().startswith("#") for each in exceptions), "an exception without a reason"


def test_the_build_runs_every_check() -> None:  # D09
    assert re.search(r"^exec \./scripts/test", (ROOT / ".ci" / "run").read_text(encoding="utf-8"), re.MULTILINE)
    assert '["tox", "run"]' in (ROOT / "scripts" / "test").read_text(encoding="utf-8")
    assert "--engine sqlite" in commands("sqlite")
    assert "--engine postgresql" in commands("postgres")


def test_the_document_is_valid_by_the_letter(document: Document) -> None:  # D11
    assert "scripts/lint_spec" in commands("spec")
    assert list(OpenAPIV31SpecValidator(document.raw).iter_errors()) == []
    broken = copy.deepcopy(document.raw)
    del broken["info"]["title"]
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_the_server_shows_the_document_that_it_serves(
    server: Server, tenant: Tenant, document: Document
) -> None:  # D04
    with Client(base_url=server.url, timeout=30) as anybody:
        assert anybody.get("/openapi.yaml").content == (ROOT / "openapi.yaml").read_bytes()
        assert anybody.get("/openapi.json").json() == document.raw
    with tenant.client("") as client:
        for node in document.operations():
            path = re.sub(r"\{[^}]*\}", "123", node.path)
            assert client.request(node.method.upper(), path).status_code != 405
