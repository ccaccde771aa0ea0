"""A file of mappings in a browser: chosen by keyboard, mended, looked at, imported, reverted whole."""

from collections.abc import Callable

from django.contrib.auth.models import User
from playwright.sync_api import FilePayload, Page, expect

from mapping.models import Organization
from tests.browser.conftest import SignIn
from tests.factories import make_company, make_organization

Violations = Callable[[Page], list[str]]
HEAD = "\ufeffkind;platform_id;contract_id;connectwise_id\r\n"


def choose(page: Page, *rows: str) -> None:
    text = HEAD + "".join(f"{row}\r\n" for row in rows)
    file = FilePayload(name="march.csv", mimeType="text/csv", buffer=text.encode())
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Show what would change").press("Enter")


def test_a_file_is_mended_imported_and_reverted(
    sign_in: SignIn, operator: User, violations: Violations
) -> None:
    contoso, fabrikam = make_organization(name="Contoso"), make_organization(name="Fabrikam")
    company = make_company(name="Contoso Ltd")
    good = f"organization;{contoso.platform_id};;{company.connectwise_id}"
    page = sign_in(operator, "/mapping/organizations/")

    page.locator("#import-mappings").press("Enter")
    choose(page, good, f"organization;{fabrikam.platform_id};;987654")
    expect(page.get_by_role("region", name="Errors")).to_contain_text("no company 987654")
    found = violations(page)
    page.get_by_role("button", name="Choose the mended file").press("Enter")
    expect(page.get_by_label("CSV file")).to_be_focused()
    found += violations(page)
    choose(page, good, f"organization;{fabrikam.platform_id};;{company.connectwise_id}")
    expect(page.locator("#grid")).to_contain_text("2 new, 0 changed, 0 unchanged.")
    assert violations(page) + found == []
    assert not Organization.objects.exclude(company=None).exists()

    page.get_by_role("button", name="Import 2 mappings").press("Enter")
    expect(page.get_by_text("2 mappings are imported")).to_be_visible()
    expect(page.locator("#grid tbody tr")).to_have_count(2)
    assert Organization.objects.filter(company=company).count() == 2

    page.get_by_role("button", name="Revert all").press("Enter")
    page.get_by_role("button", name="Revert 2 changes").press("Enter")
    expect(page.get_by_text("2 changes are taken back")).to_be_visible()
    assert not Organization.objects.exclude(company=None).exists()
