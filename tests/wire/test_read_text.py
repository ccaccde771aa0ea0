"""Names from a remote never turn the writing around them: the sign is shown instead."""

from typing import Annotated

import pytest
from pydantic import TypeAdapter, ValidationError

from wire.items import ForReading, Text

READ: TypeAdapter[str] = TypeAdapter(Annotated[Text, ForReading])


@pytest.mark.parametrize("mark", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"])
def test_a_turning_mark_is_shown(mark: str) -> None:
    assert READ.validate_python(f"Invoice {mark}gpj.exe") == "Invoice \ufffdgpj.exe"


@pytest.mark.parametrize(
    "name",
    [
        "\u05e9\u05dc\u05d5\u05dd",  # Hebrew
        "\u200f\u05e9\u05dc\u200e Ltd",
        "\u0634\u0631\u0643\u0629",  # Arabic
        "\U0001f469\u200d\U0001f4bb Ltd",
        "Ünï “x”",
    ],
)
def test_names_of_all_languages_stay(name: str) -> None:
    assert READ.validate_python(name) == name


def test_an_id_stays_what_it_is() -> None:
    assert TypeAdapter(Text).validate_python("A\u202eB") == "A\u202eB"


def test_a_nul_is_refused() -> None:
    with pytest.raises(ValidationError):
        READ.validate_python("A\0B")
