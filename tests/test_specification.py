"""The numbers of docs/specification.md: complete, named by tests, and never made up."""

import re
from collections.abc import Iterator
from pathlib import Path

from integration.launch.state import ROOT

SPECIFICATION = (ROOT / "docs" / "specification.md").read_text()
NUMBERS = re.findall(r"^- P(\d+a?) ", SPECIFICATION, re.MULTILINE)
PACKAGES = ("integration", "invoices", "mapping", "platform_client", "psa_connectwise", "wire")
# "P12", "P30–P34", "P20 to P24"
NAMED = re.compile(r"\bP(\d{1,2}a?)(?:(?:–| to )P(\d{1,2}))?\b")


def files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".js", ".css", ".md"} and "vendor" not in path.parts:
                yield path


def named_in(path: Path) -> set[str]:
    found = set()
    for first, last in NAMED.findall(path.read_text()):
        found |= set(map(str, range(int(first), int(last) + 1))) if last else {first}
    return found


def test_the_numbers_are_whole() -> None:
    assert [number for number in NUMBERS if number != "15a"] == [str(n) for n in range(1, 56)]


def test_every_number_is_named_by_a_test() -> None:
    named = set().union(*(named_in(path) for path in files("tests") if path != Path(__file__)))
    missing = [f"P{number}" for number in NUMBERS if number not in named]
    assert not missing, f"say in a test's docstring that it tests {', '.join(missing)}"


def test_numbers_that_are_named_exist() -> None:
    unknown = {
        f"{path.relative_to(ROOT)}: P{number}"
        for path in files(*PACKAGES, "bench", "docs", "tests")
        for number in named_in(path) - set(NUMBERS)
    }
    assert not unknown
