"""Makes the virtual environment that a script needs and runs the script again inside it.

Parses on Python 3.8, so that an old interpreter gets an error that says what to install instead of a syntax error.
Every start of a script passes through here, so what only a set-up needs is imported where it is needed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
COMMANDS = ("python3.14", "python3.13", "python3.12", "python3.11", "python3")
DIRECTORIES = {"run": ".venv", "dev": ".venv", "bench": ".venv-bench"}
# Which finished environments serve a script that asks for the key.
SERVES = {"run": ("run", "dev"), "dev": ("dev",), "bench": ("bench",)}
SECONDS = {"run": 20, "dev": 40, "bench": 30}
STAMP = "stamp"
UNFINISHED = "unfinished"
PROBE = "import sys, {module}; print('%d.%d.%d' % sys.version_info[:3])"
GET_PYTHON = """\
This project needs Python 3.11 or newer; found only {found}.
Install one and run the command again:
  Debian, Ubuntu   apt install python3 python3-venv
  macOS            brew install python@3.13
  elsewhere        https://www.python.org/downloads/"""
GET_VENV = """\
{path} (Python {version}) cannot make virtual environments: its module ensurepip is missing.
Install it and run the command again:
  Debian, Ubuntu   apt install python3-venv"""
GET_PACKAGES = """\
Could not install requirements/{requirements}.txt into {directory}; pip's message is above.
Check that this machine reaches its package index (HTTPS_PROXY names a proxy), then run the command again."""


class SetupError(Exception):
    """The environment cannot be made; the message says how to mend that."""


class Python(NamedTuple):
    """An interpreter and its version, such as 3.11.7."""

    path: str
    version: str


def ensure(requirements: str) -> None:
    """Returns inside an up-to-date environment for `requirements`; elsewhere makes it and restarts the script in it."""
    venv = ROOT / DIRECTORIES[requirements]
    try:
        if not is_current(venv, requirements):
            set_up(venv, requirements)
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(f"\nStopped. The next start makes {venv.name} anew.")
    make_importable()
    if Path(sys.prefix).resolve() != venv.resolve():
        restart(venv)


def make_importable() -> None:
    """Lets this process and the ones it starts import the rooms."""
    root = str(ROOT)
    if root not in sys.path:
        sys.path.insert(1, root)
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path not in ("", root)]
    os.environ["PYTHONPATH"] = os.pathsep.join([root, *others])


def restart(venv: Path) -> NoReturn:
    """Replaces this process by the same script under the environment's Python."""
    sys.stdout.flush()
    sys.stderr.flush()
    python = str(venv / "bin" / "python")
    os.execv(python, [python, os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def is_current(venv: Path, requirements: str) -> bool:
    """Whether the environment was finished for these requirements, with the interpreter that it still points to."""
    stamp = read_stamp(venv)
    made_for = stamp.get("requirements", "")
    if made_for not in SERVES[requirements] or not (venv / "pyvenv.cfg").exists():
        return False
    return stamp == describe(venv, made_for, stamp.get("version", "")) and (venv / "bin" / "python").exists()


def describe(venv: Path, requirements: str, version: str) -> dict[str, str]:
    """What a stamp holds: the hash of the lock file and the interpreter behind the environment."""
    return {
        "requirements": requirements,
        "sha256": hashlib.sha256(lock_file(requirements).read_bytes()).hexdigest(),
        "version": version,
        "interpreter": os.path.realpath(str(venv / "bin" / "python")),
    }


def lock_file(requirements: str) -> Path:
    """The file with every package, its version and its hashes."""
    return ROOT / "requirements" / f"{requirements}.txt"


def read_stamp(venv: Path) -> dict[str, str]:
    """The stamp, or an empty one where there is none that can be read."""
    try:
        lines = (venv / STAMP).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    return {name: value for name, _, value in (line.partition(" ") for line in lines)}


def write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    """Replaces the stamp in one step, so that a reader sees the old one or the new one."""
    beside = venv / (STAMP + ".new")
    beside.write_text("".join(f"{name} {value}\n" for name, value in stamp.items()), encoding="utf-8")
    beside.replace(venv / STAMP)


def set_up(venv: Path, requirements: str) -> None:
    """Makes or updates the environment while no other process does; its stamp is written last."""
    import shutil

    with locked(venv):
        if is_current(venv, requirements):
            return
        stamp = read_stamp(venv)
        if stamp.get("requirements") == "dev" and requirements == "run":
            requirements = "dev"
        own = None if UNFINISHED in stamp else probe(str(venv / "bin" / "python"), "pip")
        python = own if own and is_new_enough(own) else choose()
        say(f"Setting up {venv.name} (Python {python.version}), about {SECONDS[requirements]} s …")
        if python is not own:
            shutil.rmtree(str(venv), ignore_errors=True)
            venv.mkdir()
        write_stamp(venv, {UNFINISHED: requirements})
        if python is not own:
            create(python, venv)
        install(venv, requirements)
        write_stamp(venv, describe(venv, requirements, python.version))
        say(f"{venv.name} is ready.")


def choose() -> Python:
    """The running interpreter or the newest on the PATH that can make environments."""
    # The base of an environment outlives it, and this process may run in the one that is to be replaced.
    running = str(getattr(sys, "_base_executable", sys.executable))
    found = [python for python in (probe(command, "sys") for command in (running, *COMMANDS)) if python]
    new_enough = [python for python in found if is_new_enough(python)]
    for python in new_enough:
        if probe(python.path, "ensurepip"):
            return python
    if new_enough:
        raise SetupError(GET_VENV.format(**new_enough[0]._asdict()))
    versions = sorted({python.version for python in found})
    raise SetupError(GET_PYTHON.format(found=", ".join(versions) or "none"))


def probe(command: str, module: str) -> Python | None:
    """The interpreter behind a command, if it runs and can import the module."""
    import shutil
    import subprocess

    path = shutil.which(command)
    if path is None:
        return None
    outcome = subprocess.run([path, "-c", PROBE.format(module=module)], capture_output=True, text=True, check=False)
    return Python(path, outcome.stdout.strip()) if outcome.returncode == 0 else None


def is_new_enough(python: Python) -> bool:
    """Whether the project runs on this version."""
    return tuple(int(part) for part in python.version.split(".")[:2]) >= OLDEST


def create(python: Python, venv: Path) -> None:
    """Makes an environment that holds pip alone."""
    import subprocess

    outcome = subprocess.run([python.path, "-m", "venv", str(venv)], capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise SetupError(f"{outcome.stdout}{outcome.stderr}\n{python.path} could not make {venv.name}.")


def install(venv: Path, requirements: str) -> None:
    """Installs exactly what the lock file names, each file checked against its hash."""
    import subprocess

    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    locked_packages = ["--require-hashes", "--requirement", str(lock_file(requirements))]
    if subprocess.run([*pip, *locked_packages], stdout=sys.stderr, check=False).returncode:
        raise SetupError(GET_PACKAGES.format(requirements=requirements, directory=venv.name))


@contextlib.contextmanager
def locked(venv: Path) -> Iterator[None]:
    """Holds the environment's lock; waits while another process sets it up."""
    import fcntl

    with open(f"{venv}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another process is setting up {venv.name}; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    """Tells the person at the terminal, apart from the script's own output."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
