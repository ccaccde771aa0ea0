"""README and docs/ lead nowhere that isn't there: links, pictures, make targets, commands."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from integration.launch.state import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
LARGEST_PICTURE = 200_000


def links(page: Path) -> set[str]:
    """What a page links to in this repository."""
    found = re.findall(r"\]\(([^)#\s]+)|src(?:set)?=\"([^\"]+)", page.read_text())
    return {link or source for link, source in found if "://" not in link + source}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    assert not [link for link in links(page) if not (page.parent / link).exists()]


def test_every_page_is_found_from_the_readme() -> None:
    linked = {(ROOT / link).resolve() for link in links(ROOT / "README.md")}
    assert set(DOCS.glob("*.md")) <= linked


def test_pictures_are_small_and_each_is_shown() -> None:
    pictures = set(DOCS.glob("*.png"))
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert pictures <= shown
    assert not [one.name for one in pictures if one.stat().st_size > LARGEST_PICTURE]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_commands_and_targets_exist(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text, re.MULTILINE)) <= {
        pair for target in targets for pair in ((target, ""), ("", target))
    }
    assert set(re.findall(r"(?:`|python )manage\.py ([a-z_]+)", text)) <= set(get_commands())
