"""The house rules, each with a machine that names the offender."""

import ast
import functools
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES = 300
TEST_FILE_LINES = 500
FUNCTION_LINES = 40
HANDLER_LINES = 10
ARGUMENTS = 6

# What each room may import of ours. `gateway` gets `storage` only where everything is put together.
ROOMS = {
    "contract": set[str](),
    "domain": {"storage"},
    "gateway": {"contract", "domain"},
    "generated": set[str](),
    "handlers": {"domain", "generated"},
    "processors": set[str](),
    "storage": set[str](),
    "work": {"domain", "storage"},
}
COMPOSITION_ROOTS = {
    "gateway/app.py",
    "gateway/worker.py",
    "gateway/working.py",
    "gateway/administration.py",
    "gateway/server.py",
}
# What engines promise, which is all that the gateway knows of them elsewhere.
PROMISES = ("storage.database", "storage.limits")
# The rooms that alone may import a package.
PACKAGES = {
    "aiohttp": {"work"},
    "alembic": {"storage"},
    "connexion": {"contract"},
    "psycopg": {"storage"},
    "pysqlite3": {"storage"},
    "redis": {"storage"},
    "sqlalchemy": {"storage"},
    "sqlite3": {"storage"},
    "starlette": {"contract", "gateway"},
    "uvicorn": {"gateway"},
}
DRAWERS = {"base", "common", "core", "helper", "helpers", "misc", "shared", "util", "utils"}
# Written so that none of them matches this file.
UNWANTED = {
    "a path of somebody's machine": r"(?<![\w.])/(?:work|root|farm)/|(?<![\w.])/(?:home|Users)/\w+/|[/]tmp/\w",
    "a package registry": r"https?://(?:registry|files|proxy|repo1?|deb|central)\.",
    "a note to be done": r"\b[T]ODO\b|\b[F]IXME\b|\b[X]XX\b",
    "how the text was made": r"(?i)\b[s]ub-?agent|\b[c]laude\b|\b[c]hatgpt\b|\b[a]cceptance\.md\b|\b[l]anguage model\b",
}

# Tables belong side by side, however many there are.
ANY_LENGTH = {"storage/tables.py"}
# (rule, offender) → why it may. One that is not needed fails.
EXCEPTIONS: dict[tuple[str, str], str] = {}


class Function(NamedTuple):
    """A function and the name to report it under."""

    where: str
    node: ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """An imported module, and the name taken from it, if one is."""

    where: str
    module: str
    name: str | None


@functools.cache
def project_files() -> list[Path]:
    """Every file that is or could be committed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("The house rules are checked in a git checkout.")
    return [ROOT / name for name in sorted(set(listed.stdout.decode().split("\0"))) if name and (ROOT / name).is_file()]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def sources() -> list[Path]:
    """Our Python, scripts without a file ending included; generated code is its generator's."""
    return [path for path in project_files() if is_python(path) and relative(path).split("/")[0] != "generated"]


def is_python(path: Path) -> bool:
    return path.suffix == ".py" or (not path.suffix and b"python" in path.read_bytes().partition(b"\n")[0])


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))))


def functions() -> Iterator[Function]:
    for path in sources():
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(f"{relative(path)}:{node.name}", node)


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@functools.cache
def imports(path: Path) -> list[Import]:
    package = relative(path).split("/")[:-1]
    found = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [Import(f"{relative(path)}:{node.lineno}", alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            found += [Import(f"{relative(path)}:{node.lineno}", module, alias.name) for alias in node.names]
    return found


def room_of(path: Path) -> str:
    return relative(path).split("/")[0]


def report(rule: str, found: dict[str, str]) -> None:
    """Fails with the offenders that have no exception, and with the exceptions that have no offender."""
    excused = {offender for excepted, offender in EXCEPTIONS if excepted == rule}
    lines = [f"{offender}: {why}" for offender, why in sorted(found.items()) if offender not in excused]
    lines += [f"{offender}: has an exception that it does not need" for offender in sorted(excused - found.keys())]
    if lines:
        pytest.fail(f"{rule}:\n  " + "\n  ".join(lines), pytrace=False)


def test_files_are_short() -> None:
    found = {}
    for path in sources():
        limit = TEST_FILE_LINES if room_of(path) == "tests" else FILE_LINES
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > limit and relative(path) not in ANY_LENGTH:
            found[relative(path)] = f"{lines} lines, at most {limit}"
    report("file length", found)


def test_functions_are_short() -> None:
    found = {f.where: f"{lines_of(f.node)} lines" for f in functions() if lines_of(f.node) > FUNCTION_LINES}
    report("function length", found)


def test_handlers_are_short() -> None:
    found = {}
    for function in functions():
        docstring = ast.get_docstring(function.node, clean=False) or ""
        lines = lines_of(function.node) - (len(docstring.splitlines()))
        if function.where.startswith("handlers/") and lines > HANDLER_LINES:
            found[function.where] = f"{lines} lines besides its docstring, at most {HANDLER_LINES}"
    report("handler length", found)


def test_functions_take_few_arguments() -> None:
    found = {}
    for function in functions():
        given = function.node.args
        names = [argument.arg for argument in [*given.posonlyargs, *given.args, *given.kwonlyargs]]
        names += [argument.arg for argument in (given.vararg, given.kwarg) if argument]
        count = len([name for name in names if name not in ("self", "cls")])
        if count > ARGUMENTS:
            found[function.where] = f"{count} arguments"
    report("arguments", found)


def test_rooms_import_only_what_they_may() -> None:
    found = {}
    for path in sources():
        room = room_of(path)
        allowed = ROOMS.get(room)
        if allowed is None:
            continue
        if relative(path) in COMPOSITION_ROOTS:
            allowed = allowed | {"processors", "storage", "work"}
        for each in imports(path):
            other = each.module.split(".")[0]
            if other in ROOMS.keys() - {room} - allowed and not (room == "gateway" and each.module in PROMISES):
                found[each.where] = f"{room} may not import {other}"
    report("import law", found)


def test_packages_are_imported_only_in_their_room() -> None:
    found = {}
    for path in sources():
        for each in imports(path):
            rooms = PACKAGES.get(each.module.split(".")[0])
            if rooms and room_of(path) in ROOMS.keys() - rooms:
                found[each.where] = f"only {' and '.join(sorted(rooms))} may import {each.module}"
    report("package law", found)


def test_rooms_call_each_others_functions_through_the_module() -> None:
    """Types may be imported by their names, which are capitalised."""
    found = {}
    for path in sources():
        for each in imports(path):
            other = each.module.split(".")[0]
            if room_of(path) not in ROOMS or other not in ROOMS or other == room_of(path):
                continue
            if each.name is None or each.name[0].isupper():
                continue
            module = ROOT / each.module.replace(".", "/") / each.name
            if not module.with_suffix(".py").exists() and not (module / "__init__.py").exists():
                found[each.where] = f"import the module {each.module} and call {each.name} through it"
    report("imports of names", found)


def test_domain_imports_have_no_cycle() -> None:
    edges: dict[str, set[str]] = {}
    for path in sources():
        if room_of(path) == "domain":
            wanted = {f"{i.module}.{i.name}" if i.module == "domain" else i.module for i in imports(path)}
            edges["domain." + path.stem] = {name for name in wanted if name.startswith("domain.")}
    while leaves := {name for name, wanted in edges.items() if not wanted & edges.keys()}:
        edges = {name: wanted for name, wanted in edges.items() if name not in leaves}
    assert not edges, f"these modules import each other in a circle: {', '.join(sorted(edges))}"


def test_only_settings_read_the_environment() -> None:
    found = {}
    for path in sources():
        if room_of(path) in ("scripts", "benchmarks"):
            continue
        for node in nodes(path):
            of_os = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
            if of_os and isinstance(node, ast.Attribute) and node.attr in ("environ", "environb", "getenv"):
                found[relative(path)] = f"line {node.lineno} reads the environment; only gateway/settings.py may"
            if isinstance(node, ast.ImportFrom) and node.module == "os" and "environ" in str(ast.dump(node)):
                found[relative(path)] = f"line {node.lineno} imports the environment; only gateway/settings.py may"
    found.pop("gateway/settings.py", None)
    report("environment", found)


def test_nothing_is_called_a_drawer() -> None:
    found = {}
    for path in project_files():
        for part in path.relative_to(ROOT).parts:
            if part.partition(".")[0] in DRAWERS:
                found[relative(path)] = f"'{part}' says nothing about what is in it"
    report("names", found)


@pytest.mark.parametrize("what", UNWANTED)
def test_texts_speak_of_the_project_alone(what: str) -> None:
    found: dict[str, str] = {}
    for path in project_files():
        content = path.read_bytes()
        if b"\0" in content or relative(path).startswith("requirements/"):
            continue
        for number, line in enumerate(content.decode("utf-8").splitlines(), start=1):
            if match := re.search(UNWANTED[what], line):
                found.setdefault(relative(path), f"line {number} has {what}: {match.group()!r}")
    report(what, found)


def test_an_exception_is_needed_and_excuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXCEPTIONS, ("rule", "a.py"), "a reason")
    report("rule", {"a.py": "offends"})
    with pytest.raises(pytest.fail.Exception, match=r"b\.py: offends"):
        report("rule", {"a.py": "offends", "b.py": "offends"})
    with pytest.raises(pytest.fail.Exception, match=r"a\.py: has an exception that it does not need"):
        report("rule", {})
