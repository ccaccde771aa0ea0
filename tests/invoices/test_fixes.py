"""Each cause has its words, and leads to the place where it is mended."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import invoices.sync
from invoices.causes import CAUSES
from invoices.queries.fixes import cause_name, fix_of_cause, fixes_of_line, line_address
from tests.factories import make_line, make_offer, make_organization

pytestmark = pytest.mark.django_db
MAY = date(2026, 5, 1)
GRID = "/mapping/invoices/?period=2026-05"


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("agreement_not_active", GRID + "&line=LINE-7#edit-{pk}-agreement"),
        ("currency_differs", GRID + "&line=LINE-7#edit-{pk}-agreement"),
        ("before_billing_start", GRID + "&line=LINE-7#edit-{pk}"),
        ("period_invoiced", GRID + "&line=LINE-7#edit-{pk}"),
        ("company_gone", "/mapping/organizations/?q=A%26B"),
        ("product_inactive", "/mapping/products/?q=Backup+100%25"),
        ("product_bundle", "/mapping/products/?q=Backup+100%25"),
        ("no_agreement_type", "/settings/configuration/"),
        ("changed_on_platform", GRID + "#load-invoices"),
        ("changed_in_connectwise", "/mapping/invoices/lines/{pk}/receipt/"),
        ("a_cause_nobody_thought_of", GRID + "&line=LINE-7"),
    ],
)
def test_the_first_fix_of_a_line(code: str, address: str) -> None:
    line = make_line(
        platform_id="LINE-7",
        organization=make_organization(name="A&B"),
        offer=make_offer(name="Backup 100%"),
    )

    assert fixes_of_line(code, line)[0].url == address.format(pk=line.pk)


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("product_inactive", "/mapping/products/"),
        ("company_gone", "/mapping/organizations/"),
        ("no_agreement_type", "/settings/configuration/"),
        ("changed_on_platform", GRID + "#load-invoices"),
        ("currency_differs", GRID + "&cause=currency_differs"),
        ("refused_by_connectwise", GRID + "&cause=refused_by_connectwise"),
    ],
)
def test_the_fix_of_a_whole_cause(code: str, address: str) -> None:
    assert fix_of_cause(code, MAY).url == address


@pytest.mark.parametrize("code", sorted(CAUSES))
def test_every_fix_leads_somewhere(code: str) -> None:
    line = make_line()

    assert all(fix.label and fix.url.startswith("/") for fix in fixes_of_line(code, line))


def codes_given() -> Iterator[str]:
    """Every code that is written down where a plan refuses or a call fails."""
    for file in Path(invoices.sync.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name in ("Refusal", "Failure"):
                code = node.args[0]  # type: ignore[attr-defined]
                yield from [str(code.value)] if isinstance(code, ast.Constant) else []


def test_every_reason_why_a_line_is_refused_or_fails_has_its_words() -> None:
    given = set(codes_given())

    assert "product_inactive" in given
    assert given <= set(CAUSES)


def reasons_given() -> Iterator[tuple[str, str]]:
    """Every code with the words that are written down as its reason."""
    for file in Path(invoices.sync.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
                code, reason = node.args[:2]
                parts = [one.value for one in ast.walk(reason) if isinstance(one, ast.Constant)]
                if isinstance(code, ast.Constant):
                    yield str(code.value), " ".join(map(str, parts))


@pytest.mark.parametrize(("code", "reason"), sorted(reasons_given()))
def test_what_to_do_says_more_than_the_reason_does(code: str, reason: str) -> None:
    known = set(re.findall(r"[a-z]{4,}", f"{reason} {CAUSES[code].means}".lower()))
    for sentence in re.split(r"(?<=[.:]) ", CAUSES[code].do):
        words = re.findall(r"[a-z]{4,}", sentence.lower())
        assert len([word for word in words if word not in known]) >= len(words) / 3, sentence


def test_a_line_is_found_alone_in_its_grid() -> None:
    assert line_address(make_line(platform_id="LINE 7/a")) == GRID + "&line=LINE+7%2Fa"


def test_a_cause_reads_as_words() -> None:
    assert cause_name("product_inactive") == "Product inactive"
    assert cause_name("") == "Error"
