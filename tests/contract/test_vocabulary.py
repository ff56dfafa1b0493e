import pathlib

import jsonschema_rs
import pytest

from contract import document, vocabulary
from contract.rules.survey import GRAMMAR
from contract.vocabulary import Extension

ROOT = pathlib.Path(__file__).parent.parent.parent
EACH = pytest.mark.parametrize("extension", vocabulary.EXTENSIONS.values(), ids=vocabulary.EXTENSIONS)


def test_the_page_is_what_the_code_says() -> None:
    page = (ROOT / "docs" / "vocabulary.md").read_text(encoding="utf-8")
    assert page == vocabulary.page(), "Write contract.vocabulary.page() to docs/vocabulary.md."


@EACH
def test_an_extension_is_shown_on_the_page(extension: Extension) -> None:
    page = vocabulary.page()
    assert f"\n## {extension.name}\n\n{extension.effect}" in page
    assert f"```yaml\n{extension.name}:" in page


# Extension → why nothing uses it now.
UNUSED = {"x-deprecated": "no operation ends"}


@EACH
def test_the_example_has_the_form_and_null_has_not(extension: Extension) -> None:
    assert jsonschema_rs.meta.is_valid(extension.schema)
    judge = jsonschema_rs.Draft202012Validator(extension.schema)
    assert [error.message for error in judge.iter_errors(extension.example)] == []
    assert not judge.is_valid(None)


@EACH
def test_an_extension_has_a_name_and_places_that_exist(extension: Extension) -> None:
    assert extension.name.startswith("x-")
    assert extension.places
    assert set(extension.places) <= vocabulary.PLACES.keys() <= GRAMMAR.keys()


@EACH
def test_openapi_yaml_uses_the_extension(extension: Extension) -> None:
    """An extension that nothing uses is removed, unless there is a time for it."""
    text = document.load(ROOT / "openapi.yaml").text.decode()
    assert (f"{extension.name}:" in text) is (extension.name not in UNUSED)
