"""The scripts: when an environment is made, with which Python, and what a person is told."""

import ast
import fcntl
import importlib.machinery
import importlib.util
import json
import os
import queue
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import environment
import pytest

from tests import schemathesis_hooks

ROOT = Path(__file__).parent.parent
SCRIPTS = [path for path in sorted((ROOT / "scripts").iterdir()) if path.suffix in ("", ".py") and path.is_file()]


def script(name: str) -> ModuleType:
    """A script as a module, not run."""
    loader = importlib.machinery.SourceFileLoader(f"script_{name}", str(ROOT / "scripts" / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty checkout whose path has a space, with lock files."""
    root = tmp_path / "a checkout"
    (root / "requirements").mkdir(parents=True)
    for name in environment.DIRECTORIES:
        (root / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    monkeypatch.setattr(environment, "ROOT", root)
    return root


def fake_python(path: Path, *, version: str, lacks: str = "nothing") -> Path:
    """A program that answers like an interpreter of this version."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\ncase "$2" in *"import sys, {lacks};"*) exit 1;; *) echo {version};; esac\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def finished(root: Path, requirements: str) -> Path:
    """An environment as a finished set-up leaves it."""
    venv = root / environment.DIRECTORIES[requirements]
    fake_python(venv / "bin" / "python", version="3.11.7")
    (venv / "pyvenv.cfg").touch()
    environment.write_stamp(venv, environment.describe(venv, requirements, "3.11.7"))
    return venv


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What would have been made and installed; the outside world is left alone."""
    done: list[tuple[str, str]] = []

    def create(python: environment.Python, venv: Path) -> None:
        done.append(("create", python.version))
        fake_python(venv / "bin" / "python", version=python.version)
        (venv / "pyvenv.cfg").touch()

    monkeypatch.setattr(environment, "create", create)
    monkeypatch.setattr(environment, "install", lambda _, name: done.append(("install", name)))
    monkeypatch.setattr(environment, "choose", lambda: environment.Python("/usr/bin/python3", "3.12.1"))
    return done


def interrupt(_venv: Path, _requirements: str) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("made_for", "asked", "current"),
    [("dev", "dev", True), ("dev", "run", True), ("run", "run", True), ("run", "dev", False), ("bench", "bench", True)],
)
def test_which_environment_serves_which_script(checkout: Path, made_for: str, asked: str, current: bool) -> None:
    assert environment.is_current(finished(checkout, made_for), asked) is current


def test_a_changed_lock_file_is_noticed(checkout: Path) -> None:
    venv = finished(checkout, "dev")
    (checkout / "requirements" / "dev.txt").write_text("# another\n")
    assert not environment.is_current(venv, "dev")


def test_a_vanished_or_replaced_interpreter_is_noticed(checkout: Path) -> None:
    venv = finished(checkout, "dev")
    (venv / "bin" / "python").unlink()
    assert not environment.is_current(venv, "dev")
    (venv / "bin" / "python").symlink_to(fake_python(checkout / "python3.14", version="3.14.0"))
    assert not environment.is_current(venv, "dev")


def test_a_broken_stamp_counts_as_none(checkout: Path) -> None:
    venv = finished(checkout, "dev")
    for content in (b"", b"\xff", b"requirements", b"requirements dev\n", b"requirements other\n"):
        (venv / environment.STAMP).write_bytes(content)
        assert not environment.is_current(venv, "dev")


def test_an_environment_is_made_once(
    checkout: Path, installed: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    venv = checkout / ".venv"
    environment.set_up(venv, "dev")
    assert installed == [("create", "3.12.1"), ("install", "dev")]
    assert capsys.readouterr().err == "Setting up .venv (Python 3.12.1), about 40 s …\n.venv is ready.\n"
    assert environment.is_current(venv, "dev")
    environment.set_up(venv, "dev")
    assert len(installed) == 2
    assert capsys.readouterr().err == ""


def test_an_interrupted_set_up_is_made_anew(
    checkout: Path, installed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = checkout / ".venv"
    with monkeypatch.context() as patch:
        patch.setattr(environment, "install", interrupt)
        with pytest.raises(KeyboardInterrupt):
            environment.set_up(venv, "dev")
    assert not environment.is_current(venv, "dev")
    (venv / "half a package").touch()
    environment.set_up(venv, "dev")
    assert installed == [("create", "3.12.1")] * 2 + [("install", "dev")]
    assert not (venv / "half a package").exists()


def test_a_whole_environment_is_updated_in_place(checkout: Path, installed: list[tuple[str, str]]) -> None:
    venv = finished(checkout, "dev")
    (checkout / "requirements" / "dev.txt").write_text("# another\n")
    environment.set_up(venv, "run")
    assert installed == [("install", "dev")], "what held dev still holds dev"
    assert environment.is_current(venv, "dev")


def test_an_environment_whose_python_is_too_old_is_replaced(checkout: Path, installed: list[tuple[str, str]]) -> None:
    fake_python(checkout / ".venv" / "bin" / "python", version="3.9.2")
    environment.set_up(checkout / ".venv", "run")
    assert installed == [("create", "3.12.1"), ("install", "run")]


def test_the_second_of_two_waits(
    checkout: Path, installed: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    venv = checkout / ".venv"
    told: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(environment, "say", told.put)
    with (checkout / ".venv.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = threading.Thread(target=environment.set_up, args=(venv, "dev"))
        second.start()
        assert told.get(timeout=10) == "Another process is setting up .venv; waiting for it …"
        assert installed == []
        finished(checkout, "dev")
    second.join(timeout=10)
    assert told.empty()
    assert installed == [], "the first has done the work"


def only_on_path(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}/bin")
    monkeypatch.setattr(environment, "COMMANDS", ("python3.13", "python3.12", "pythonold"))
    monkeypatch.setattr(sys, "_base_executable", str(directory / "running"))


def test_the_running_python_comes_first_then_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_on_path(monkeypatch, tmp_path)
    fake_python(tmp_path / "python3.12", version="3.12.1")
    assert environment.choose().version == "3.12.1"
    fake_python(tmp_path / "python3.13", version="3.13.0")
    assert environment.choose().version == "3.13.0"
    fake_python(tmp_path / "running", version="3.8.10")
    assert environment.choose().version == "3.13.0"
    fake_python(tmp_path / "running", version="3.11.7")
    assert environment.choose().version == "3.11.7"


def test_without_a_new_python_one_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_on_path(monkeypatch, tmp_path)
    fake_python(tmp_path / "running", version="3.8.10")
    fake_python(tmp_path / "pythonold", version="3.9.2")
    with pytest.raises(environment.SetupError) as raised:
        environment.choose()
    assert "needs Python 3.11 or newer; found only 3.8.10, 3.9.2." in str(raised.value)
    assert "apt install python3 python3-venv" in str(raised.value)


def test_without_ensurepip_one_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_on_path(monkeypatch, tmp_path)
    fake_python(tmp_path / "running", version="3.11.2", lacks="ensurepip")
    with pytest.raises(environment.SetupError, match="apt install python3-venv") as raised:
        environment.choose()
    assert f"{tmp_path / 'running'} (Python 3.11.2) cannot make virtual environments" in str(raised.value)


def test_a_failed_install_says_what_to_do_and_leaves_no_stamp(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    venv = checkout / ".venv"
    python = fake_python(venv / "bin" / "python", version="3.11.7")
    python.write_text(python.read_text().replace("case", 'test "$2" = pip && { echo no network; exit 1; }; case'))
    monkeypatch.setattr(environment, "choose", lambda: pytest.fail("the environment's own Python is good enough"))
    monkeypatch.setattr(sys, "stderr", sys.__stderr__)
    with pytest.raises(environment.SetupError, match=r"Could not install requirements/dev\.txt into \.venv"):
        environment.set_up(venv, "dev")
    assert "no network" in capfd.readouterr().err
    assert environment.read_stamp(venv) == {environment.UNFINISHED: "dev"}


def test_a_current_environment_costs_a_script_nothing_but_a_restart(tmp_path: Path) -> None:
    """Run by another Python, a script ends up in the environment with its arguments and the rooms importable."""
    scripts = tmp_path / "a checkout" / "scripts"
    scripts.mkdir(parents=True)
    root = scripts.parent
    (scripts / "environment.py").write_bytes((ROOT / "scripts" / "environment.py").read_bytes())
    (root / "requirements").mkdir()
    (root / "requirements" / "dev.txt").touch()
    (root / "room.py").touch()
    (scripts / "show").write_text(
        "import environment, sys\nenvironment.ensure('dev')\nimport room\nprint(sys.prefix, sys.argv[1:])\n"
    )
    venv = root / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    stamp = {"requirements": "dev", "version": "3.11", "interpreter": os.path.realpath(venv / "bin" / "python")}
    environment.write_stamp(
        venv, {**stamp, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}
    )
    shown = subprocess.run(
        [sys.executable, str(scripts / "show"), "an argument", "-x"], capture_output=True, text=True, check=True
    )
    assert shown.stdout == f"{venv} ['an argument', '-x']\n"
    assert shown.stderr == ""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_an_old_python_can_read_a_script_as_far_as_the_message(path: Path) -> None:
    if path.suffix == ".py" or b"python" in path.read_bytes().partition(b"\n")[0]:
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_has_its_line_in_the_readme(path: Path) -> None:
    readme = (ROOT / "scripts" / "README.md").read_text(encoding="utf-8")
    assert readme.count(f"`{path.name}`") == 1, f"scripts/README.md says nothing, or too much, about {path.name}"
    assert path.suffix == ".py" or os.access(path, os.X_OK), f"scripts/{path.name} is not executable"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], False),
        (["-e", "contract"], False),
        (["--parallel", "auto"], False),
        (["tests/test_scripts.py"], True),
        (["tests/test_scripts.py::test_x", "-x"], True),
        (["-k", "anything"], True),
    ],
)
def test_a_path_or_k_runs_pytest_alone(arguments: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert script("test").is_for_pytest(arguments) is expected


def test_stale_models_are_shown_with_how_to_mend_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generate = script("generate")
    (tmp_path / "generated").mkdir()
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "models", lambda: "A: TypeAlias = str\n")
    monkeypatch.setattr(sys, "argv", ["generate"])
    assert generate.main() == 0
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert generate.main() == 0
    (tmp_path / "generated" / "models.py").write_text("A: TypeAlias = int\n")
    capsys.readouterr()
    assert generate.main() == 1
    told = capsys.readouterr().out
    assert "-A: TypeAlias = int\n+A: TypeAlias = str\n" in told
    assert "Run scripts/generate and commit the result." in told
    assert (tmp_path / "generated" / "models.py").read_text() == "A: TypeAlias = int\n", "--check changes nothing"


def test_the_models_do_not_depend_on_the_order_of_hashes() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "generate"), "--check"]
    for seed in ("1", "2"):
        outcome = subprocess.run(["/usr/bin/env", f"PYTHONHASHSEED={seed}", *command], check=False, capture_output=True)
        assert outcome.returncode == 0, outcome.stdout.decode()


def test_the_second_contract_pass_has_nothing_optional(tmp_path: Path) -> None:
    """Else the check that a created object is there would never speak, or speak of a replayed answer."""
    reduced = json.loads(script("contract").without_optional_parameters(tmp_path).read_text(encoding="utf-8"))
    items = reduced["paths"].values()
    nodes = [node for item in items for node in (item, *item.values()) if isinstance(node, dict)]
    left = {each["$ref"].rpartition("/")[2] for node in nodes for each in node.get("parameters", [])}
    assert "ResourceId" in left
    assert {reduced["components"]["parameters"][each]["in"] for each in left} == {"path"}
    assert "idempotency_key" not in reduced["components"]["schemas"]["ResourceCreate"]["properties"]


@pytest.mark.parametrize(
    ("sent", "shown", "found"),
    [
        ({"name": "a", "config": {"timeout": 5.0}}, {"id": "1", "name": "a", "config": {"timeout": 5, "more": 1}}, []),
        ({"name": " a"}, {"name": "a"}, ["name was ' a' and is 'a'"]),
        ({"metadata": {"k": ""}}, {"metadata": {}}, ["metadata.k was '' and is not there"]),
    ],
)
def test_what_a_write_lost_is_named(sent: dict[str, object], shown: dict[str, object], found: list[str]) -> None:
    assert schemathesis_hooks.differences(sent, shown) == found
