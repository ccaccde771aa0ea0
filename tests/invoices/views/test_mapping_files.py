"""Mappings as a file in the browser: exported; uploaded, shown, and imported as they were shown."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from invoices.services import mapping_uploads
from mapping.models import MappingChange, MappingFile, Organization
from mapping.services.reverting import plan_revert, revert_changes
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
    make_user,
)

pytestmark = pytest.mark.django_db

UPLOAD = "/mapping/import/"
HEAD = "kind;platform_id;contract_id;connectwise_id;organization_id;offer_id\r\n"
HTMX = {"HX-Request": "true"}
Answer = Any


@pytest.fixture
def mapper(client: Client) -> Client:
    client.force_login(make_user("mapping.edit_mappings", username="olivia"))
    return client


def upload(
    client: Client,
    *rows: str,
    data: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """As Excel writes it: a byte order mark, semicolons, CRLF."""
    text = HEAD + "".join(f"{row}\r\n" for row in rows)
    content = text.encode("utf-8-sig") if data is None else data
    return client.post(UPLOAD, {"file": SimpleUploadedFile("march.csv", content)}, headers=headers)


def shown(client: Client, *rows: str, data: bytes | None = None) -> tuple[str, str]:
    """The address and the text of the page that the upload leads to."""
    answer = upload(client, *rows, data=data)
    assert answer.status_code == 302, answer.text
    return answer.url, client.get(answer.url).text


def confirm(client: Client, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    mark = MappingFile.objects.get(pk=url.split("/")[-2]).mark
    return client.post(url, {"mark": mark}, headers=headers)


def test_what_a_file_would_change_is_shown_and_nothing_is_changed(mapper: Client) -> None:
    contoso = make_organization(name="Contoso")
    fabrikam = make_organization(name="Fabrikam", company=make_company(name="Old Fabrikam"))
    known = make_organization(company=make_company())
    backup = make_offer(name="Backup")
    make_line(organization=contoso, offer=backup)
    make_line(organization=contoso, psa_status="synced")
    wanted = make_company(name="Contoso Ltd", connectwise_id=4711)
    product = make_product(name="Backup 100 GB")

    _, page = shown(
        mapper,
        f"organization;{contoso.platform_id};;4711;;",
        f"organization;{fabrikam.platform_id};;4711;;",
        f"organization;{known.platform_id};;{known.company.connectwise_id};;",  # type: ignore[union-attr]
        f"offer;{backup.platform_id};;{product.connectwise_id};{contoso.platform_id};",
        f"agreement;{contoso.platform_id};CON-7;new;;",
    )

    assert "3 new, 1 changed, 1 unchanged." in page
    # The company and the product of the same line, each for itself.
    assert "2 values on unsynced invoice lines will be filled" in page
    assert "march.csv" in page
    assert "uploaded by olivia" in page
    for words in ("Old Fabrikam", "for Contoso only", "agreement of CON-7", "Import 4 mappings"):
        assert words in page
    contoso.refresh_from_db()
    assert contoso.company != wanted
    assert not MappingChange.objects.exists()


def test_a_confirmed_file_is_one_import_that_can_be_reverted_whole(mapper: Client) -> None:
    line, company = make_line(), make_company()
    offer = make_offer()
    url, _ = shown(
        mapper,
        f"organization;{line.organization.platform_id};;{company.connectwise_id};;",
        f"offer;{offer.platform_id};;{make_product().connectwise_id};;",
    )

    answer = confirm(mapper, url)

    line.refresh_from_db()
    assert line.company == company
    changes = list(MappingChange.objects.order_by("pk"))
    assert [(one.origin, one.user.username) for one in changes if one.user] == [
        ("import", "olivia")
    ] * 2
    [batch] = {one.batch for one in changes}
    assert answer.url == f"/mapping/history/{batch}/"
    page = mapper.get(answer.url).text
    assert "2 mappings are imported, and 1 value filled on invoice lines." in page
    assert "Revert all" in page
    assert isinstance(batch, UUID)
    assert "This file was imported" in mapper.get(url).text

    revert_changes(changes, mark=plan_revert(changes).mark, user=make_user())

    line.refresh_from_db()
    assert line.company_id is None
    assert not Organization.objects.exclude(company=None).exists()


def test_a_file_is_imported_once(mapper: Client) -> None:
    organization, company = make_organization(), make_company()
    url, _ = shown(mapper, f"organization;{organization.platform_id};;{company.connectwise_id};;")
    confirm(mapper, url)
    Organization.objects.update(company=None)

    again = confirm(mapper, url)

    assert again.status_code == 422
    assert "This file was imported" in again.text
    organization.refresh_from_db()
    assert organization.company is None


@pytest.mark.parametrize("what", ["mapping", "directory"])
def test_what_has_changed_meanwhile_is_shown_again_before_it_is_done(
    mapper: Client, what: str
) -> None:
    organization, company = make_organization(), make_company(name="Contoso")
    other = make_organization()
    url, _ = shown(
        mapper,
        f"organization;{organization.platform_id};;{company.connectwise_id};;",
        f"organization;{other.platform_id};;{make_company().connectwise_id};;",
    )
    if what == "mapping":
        organization.company = make_company(name="Somebody else's choice")
        organization.save()
    else:
        company.deleted = True
        company.save()
    before = organization.company

    answer = confirm(mapper, url, HTMX)

    assert answer.status_code == 422
    assert "Nothing was imported" in answer.text
    assert ("Somebody else&#x27;s choice" if what == "mapping" else "was deleted") in answer.text
    organization.refresh_from_db()
    other.refresh_from_db()
    assert (organization.company, other.company) == (before, None)
    if what == "mapping":
        confirm(mapper, url)
        organization.refresh_from_db()
        assert organization.company == company


def test_every_error_is_shown_with_its_line_and_what_to_do(mapper: Client) -> None:
    good = f"organization;{make_organization().platform_id};;{make_company().connectwise_id};;"

    url, page = shown(mapper, good, "organization;ORG-NOWHERE;;12;;", "wat;X;;12;;", good)

    assert "2 errors." in page
    assert "Choose the mended file" in page
    assert '<td class="num">3</td><td class="is-wrapping is-fault">no organization ORG-N' in page
    assert "press Sync Organizations first" in page
    assert '<td class="num">4</td><td class="is-wrapping is-fault">kind is “wat”: write' in page
    assert "Import" not in page.partition('<section id="grid"')[2]
    assert confirm(mapper, url).status_code == 422
    assert not MappingChange.objects.exists()


def test_many_errors_come_in_pages(mapper: Client) -> None:
    url, page = shown(mapper, *["organization;ORG-NOWHERE;;12;;"] * 30)

    assert "30 errors." in page
    assert page.count("no organization ORG-NOWHERE") == 20
    second = mapper.get(f"{url}?page=2", headers=HTMX).text
    assert second.count("no organization ORG-NOWHERE") == 10
    assert "<html" not in second


def test_a_file_that_says_what_is_here_already_changes_nothing(mapper: Client) -> None:
    make_organization(company=make_company())

    _, page = shown(mapper, data=mapper.get("/mapping/export.csv").content)

    assert "Nothing to change" in page
    assert "The one mapping of this file is here already." in page


def test_the_export_is_imported_again_unchanged_whatever_it_holds(mapper: Client) -> None:
    """Formulas are defused for spreadsheets, and mean the same again when they come back."""
    organization = make_organization(company=make_company(), platform_id="=1+1")
    for contract in ("@SUM(A1)", "'quoted", " 12 ", 'a "b",\nc;', "Verträge – Süd"):
        agreement = make_agreement(company=organization.company)
        row = f'agreement;=1+1;"{contract.replace(chr(34), chr(34) * 2)}";'
        if contract == " 12 ":
            row = row.replace('" 12 "', '"\' 12 "')  # as the export writes it
        if contract == "'quoted":
            row = row.replace("'quoted", "''quoted")
        url, _ = shown(mapper, f"{row}{agreement.connectwise_id};;")
        confirm(mapper, url)
    export = mapper.get("/mapping/export.csv")

    _, page = shown(mapper, data=export.content)

    assert "All 6 mappings of this file are here already." in page
    assert b"\xef\xbb\xbfkind," in export.content
    assert b",'=1+1," in export.content
    assert b",'@SUM(A1)," in export.content
    assert export["Content-Disposition"].startswith('attachment; filename="mappings-20')


def test_what_windows_wrote_without_saying_so_is_read_and_told(mapper: Client) -> None:
    organization, agreement = make_organization(), make_agreement()
    row = f"agreement;{organization.platform_id};Verträge Süd;{agreement.connectwise_id};;"

    _, page = shown(mapper, data=(HEAD + row).encode("cp1252"))

    assert "agreement of Verträge Süd" in page
    assert "it was read as Windows-1252" in page


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"PK\x03\x04...", "This is a workbook, not a CSV file. In Excel choose Save As"),
        (b" \r\n", "The file is empty. Choose another one."),
        (b"\xff\xfe\x00", "This is no text that can be read."),
        (b"\n" * 20_001, "The file is empty."),
        (HEAD.encode() + b";\n" * 20_001, "The file has 20,002 lines, of 20,000 that are taken"),
        (b"x" * (2 * 1024 * 1024 + 1), "The file is larger than 2 MB. Split it"),
    ],
)
def test_what_cant_be_taken_is_told_in_the_dialog(mapper: Client, data: bytes, told: str) -> None:
    answer = upload(mapper, data=data, headers=HTMX)

    assert answer.status_code == 422
    assert told in answer.text
    assert not MappingFile.objects.exists()


def test_no_file_is_told(mapper: Client) -> None:
    answer = mapper.post(UPLOAD, headers=HTMX)

    assert (answer.status_code, "Choose a file." in answer.text) == (422, True)


def test_the_upload_leads_on_by_htmx_too(mapper: Client) -> None:
    answer = upload(mapper, headers=HTMX)

    assert answer["HX-Redirect"] == f"/mapping/import/{MappingFile.objects.get().pk}/"


def test_a_head_alone_and_a_wrong_head_are_told(mapper: Client) -> None:
    assert "This file has a head, but no row." in shown(mapper)[1]
    assert "the column connectwise_id is missing" in shown(mapper, data=b"kind;platform_id\r\n")[1]


def test_files_are_forgotten_after_a_week(mapper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(mapper)
    monkeypatch.setattr(mapping_uploads, "KEPT", -mapping_uploads.KEPT)
    shown(mapper)

    assert MappingFile.objects.count() == 1


@pytest.mark.parametrize("tab", ["organizations", "products"])
def test_both_tabs_lead_to_import_and_export(mapper: Client, tab: str) -> None:
    page = mapper.get(f"/mapping/{tab}/").text

    assert 'id="import-mappings"' in page
    assert 'href="/mapping/export.csv"' in page


def test_who_may_only_look_can_export_and_not_import(client: Client) -> None:
    client.force_login(make_user())

    page = client.get("/mapping/organizations/").text

    assert 'id="import-mappings"' not in page
    assert client.get("/mapping/export.csv").status_code == 200
    assert upload(client).status_code == 403


def test_more_changes_cost_no_more_queries(
    mapper: Client, django_assert_max_num_queries: Any
) -> None:
    offer = make_offer()
    rows = [
        f"offer;{offer.platform_id};;{make_product().connectwise_id};{make_organization().platform_id};"
        for _ in range(40)
    ]

    with django_assert_max_num_queries(40):
        url, _ = shown(mapper, *rows)
    with django_assert_max_num_queries(40):
        confirm(mapper, url)
    assert MappingChange.objects.count() == 40
