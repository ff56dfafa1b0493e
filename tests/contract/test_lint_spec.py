"""What scripts/lint_spec says of a document, and how it ends."""

import importlib.machinery
import importlib.util
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
CLEAN = (pathlib.Path(__file__).parent / "small.yaml").read_text(encoding="utf-8")


def run_script(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    loader = importlib.machinery.SourceFileLoader("lint_spec", str(ROOT / "scripts" / "lint_spec"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    script = importlib.util.module_from_spec(spec)
    loader.exec_module(script)
    monkeypatch.setattr(sys, "argv", ["lint_spec", *arguments])
    status: int = script.main()
    return status


@pytest.mark.parametrize(
    ("fault", "status", "printed"),
    [
        (("", ""), 0, "api.yaml: 3 operations, no findings\n"),
        (("openapi: 3.1.1", "openapi: 3.2.0"), 1, "api.yaml:2  #/openapi  the document is not OpenAPI 3.1\n    Write"),
        (("version: '1'", "version: '1', contact: {phone: x}"), 1, "#/info/contact  openapi-spec-validator says:"),
        (("tags:", "\ttags:"), 1, "api.yaml:20  #  the YAML cannot be read"),
        ((CLEAN, ""), 1, "api.yaml:1  #  the document is not a mapping"),
    ],
)
def test_the_script_says_what_is_wrong(
    fault: tuple[str, str],
    status: int,
    printed: str,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "api.yaml"
    path.write_text(CLEAN.replace(*fault, 1))
    assert run_script(monkeypatch, str(path)) == status
    assert printed in capsys.readouterr().out


def test_the_script_names_a_file_that_is_not_there(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_script(monkeypatch, str(tmp_path / "no.yaml")) == 1
    assert "no.yaml cannot be read: No such file or directory." in capsys.readouterr().out
