"""Every cause of an Error has words and a fix."""

import re
from pathlib import Path

import pytest

from invoices import fixes
from invoices.fixes import FIXES, Place, fix_of

SYNC = Path(fixes.__file__).parent / "sync"
# The code is the first argument of a Refusal and of a Failure.
GIVEN = re.compile(r'\b(?:Refusal|Failure)\(\s*"(\w+)"')
ASSIGNED = re.compile(r'error_code="(\w+)"')


def codes() -> set[str]:
    texts = [file.read_text() for file in SYNC.glob("*.py")]
    return {code for text in texts for code in (*GIVEN.findall(text), *ASSIGNED.findall(text))}


def test_every_code_that_posting_gives_has_its_fix() -> None:
    assert len(codes()) > 20
    assert codes() - FIXES.keys() == set()


@pytest.mark.parametrize("code", FIXES)
def test_a_fix_is_told_in_whole_sentences(code: str) -> None:
    fix = fix_of(code)

    assert fix.name[0].isupper()
    assert fix.means.endswith(".")
    assert fix.do.endswith(".")


def test_an_unknown_code_still_says_what_to_do() -> None:
    assert fix_of("something_new").place == Place.RETRY
