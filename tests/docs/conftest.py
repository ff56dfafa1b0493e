import pathlib
from typing import Any

import pytest

from contract import document


@pytest.fixture(scope="session")
def raw() -> dict[str, Any]:
    return document.load(pathlib.Path(__file__).parents[2] / "openapi.yaml").raw
