"""Importing and exporting mappings, by service and by command."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from invoices.mapping_rows import BadMappingFile
from invoices.services.mapping_export import export_mappings
from invoices.services.mapping_files import ImportChanged, Imported, import_mappings
from mapping.models import (
    AgreementDefault,
    MappingChange,
    Offer,
    Organization,
    OrganizationOffer,
)
from mapping.queries.history import where
from tests.factories import (
    make_agreement,
    make_company,
    make_line,
    make_offer,
    make_organization,
    make_product,
)

pytestmark = pytest.mark.django_db

SYNC = "Correct the ID; if it is new, press Sync Organizations first (or run refresh_directory)."
LOAD = "Correct the ID; if it is new, press Load Products first (or run refresh_directory)."
HEAD = "kind,platform_id,contract_id,connectwise_id,organization_id,offer_id\n"


def file_of(*rows: tuple[object, ...]) -> str:
    return HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows)


def errors_of(text: str) -> list[str]:
    with pytest.raises(BadMappingFile) as told:
        import_mappings(text=text, user=None)
    return told.value.errors


def numbers(imported: Imported) -> dict[str, int]:
    """What was counted, without the zeros."""
    return {name: number for name, number in imported.counts.items() if number}


def test_an_import_maps_and_fills_and_keeps_history() -> None:
    line = make_line()
    organization, offer = line.organization, line.offer
    company, product, own = make_company(), make_product(), make_product()
    agreement = make_agreement(company=company)
    text = file_of(
        ("organization", organization.platform_id, "", company.connectwise_id, "", ""),
        ("offer", offer.platform_id, "", product.connectwise_id, "", ""),
        ("offer", offer.platform_id, "", own.connectwise_id, organization.platform_id, ""),
        ("agreement", organization.platform_id, "CON-1", agreement.connectwise_id, "", ""),
        ("agreement", organization.platform_id, "CON-1", "new", "", make_offer().platform_id),
    )

    imported = import_mappings(text=text, user=None)

    assert numbers(imported) == {
        "rows": 5,
        "organizations": 1,
        "offers": 2,
        "agreements": 2,
        "organization_lines": 1,
        "offer_lines": 2,
        "agreement_lines": 1,
        "changed": 5,
    }
    line.refresh_from_db()
    assert (line.company, line.agreement, line.product) == (company, agreement, own)
    changes = MappingChange.objects.order_by("pk")
    assert {change.origin for change in changes} == {"import"}
    assert len({change.batch for change in changes}) == 1
    assert [(c.kind, c.lines_affected) for c in changes] == [
        ("organization", 1),
        ("offer", 1),
        ("offer", 1),
        ("agreement", 1),
        ("agreement", 0),
    ]


def test_importing_again_changes_nothing() -> None:
    line = make_line()
    company = make_company()
    text = file_of(
        ("organization", line.organization.platform_id, "", company.connectwise_id, "", "")
    )
    import_mappings(text=text, user=None)
    line.refresh_from_db()
    version = line.version

    again = import_mappings(text=text, user=None)

    line.refresh_from_db()
    assert (numbers(again), again.unchanged, line.version) == ({"rows": 1}, 1, version)
    assert MappingChange.objects.count() == 1


def test_a_dry_run_counts_and_changes_nothing() -> None:
    line = make_line()
    company = make_company()
    text = file_of(
        ("organization", line.organization.platform_id, "", company.connectwise_id, "", "")
    )

    imported = import_mappings(text=text, user=None, dry_run=True)

    line.refresh_from_db()
    assert numbers(imported) == {
        "rows": 1,
        "organizations": 1,
        "organization_lines": 1,
        "changed": 1,
    }
    assert (line.company, line.organization.company) == (None, None)
    assert not MappingChange.objects.exists()


def test_one_bad_row_keeps_all_out() -> None:
    organization, company = make_organization(), make_company()
    text = file_of(
        ("organization", organization.platform_id, "", company.connectwise_id, "", ""),
        ("organization", "ORG-NOWHERE", "", company.connectwise_id, "", ""),
        ("offer", "OFF-NOWHERE", "", 1, "", ""),
        ("offer", make_offer().platform_id, "", 987654, "", ""),
        ("agreement", organization.platform_id, "CON-1", 987655, "", ""),
        ("offer", "", "", 12, "", ""),
    )

    assert errors_of(text) == [
        f"line 3: no organization ORG-NOWHERE is known here. {SYNC}",
        f"line 4: no offer OFF-NOWHERE is known here. {LOAD}",
        f"line 5: ConnectWise has no product 987654 that is known here. {LOAD}",
        f"line 6: ConnectWise has no agreement 987655 that is known here. {SYNC}",
        "line 7: platform_id is empty: write the ID that the Platform gave it",
    ]
    organization.refresh_from_db()
    assert organization.company is None


def test_a_deleted_company_is_refused_with_its_line() -> None:
    company = make_company(name="Gone Ltd", deleted=True)
    text = file_of(
        ("organization", make_organization().platform_id, "", company.connectwise_id, "", "")
    )

    [error] = errors_of(text)

    assert error == (
        f"line 2: Gone Ltd (ConnectWise ID {company.connectwise_id}) was deleted in ConnectWise. "
        "Choose another company."
    )


def test_what_is_mapped_to_a_deleted_company_may_stay() -> None:
    """So that an export can be imported again whatever has happened in ConnectWise since."""
    gone, bundle = make_company(deleted=True), make_product(missing=True)
    organization = make_organization(company=gone)
    make_offer(product=bundle)
    OrganizationOffer.objects.create(
        organization=organization, offer=make_offer(), product=make_product(missing=True)
    )

    imported = import_mappings(text=export_mappings()[0], user=None)

    assert (imported.counts["changed"], imported.unchanged) == (0, 3)


def test_an_import_that_was_shown_is_done_only_as_shown() -> None:
    organization, company = make_organization(), make_company()
    text = file_of(("organization", organization.platform_id, "", company.connectwise_id, "", ""))
    shown = import_mappings(text=text, user=None, dry_run=True)
    Organization.objects.update(company=make_company())  # somebody was faster

    with pytest.raises(ImportChanged):
        import_mappings(text=text, user=None, mark=shown.mark)

    organization.refresh_from_db()
    assert organization.company != company
    again = import_mappings(text=text, user=None, dry_run=True)
    import_mappings(text=text, user=None, mark=again.mark)
    organization.refresh_from_db()
    assert organization.company == company


def test_changes_come_with_their_lines() -> None:
    organization, offer = make_organization(), make_offer()
    company, product = make_company(), make_product()
    row = ("organization", organization.platform_id, "", company.connectwise_id, "", "")
    text = file_of(("offer", offer.platform_id, "", product.connectwise_id, "", ""), row, row)

    imported = import_mappings(text=text, user=None, dry_run=True)

    assert [imported.line_of[where(change)] for change in imported.changes] == [2, 3]
    assert (imported.rows, imported.mappings) == (3, 2)


def test_an_inactive_product_may_be_named() -> None:
    offer, product = make_offer(), make_product(inactive=True)

    import_mappings(
        text=file_of(("offer", offer.platform_id, "", product.connectwise_id, "", "")), user=None
    )

    offer.refresh_from_db()
    assert offer.product == product


def test_what_is_exported_is_imported_again() -> None:
    make_organization(company=make_company(), platform_id="=ORG;1")
    make_organization()
    offer = make_offer(product=make_product())
    organization = make_organization()
    OrganizationOffer.objects.create(organization=organization, offer=offer, product=make_product())
    AgreementDefault.objects.create(
        organization=organization, contract_id=' a "b",\nc; ', agreement=make_agreement()
    )
    AgreementDefault.objects.create(
        organization=organization, contract_id="-1", offer=offer, create_agreement=True
    )
    text, rows = export_mappings()
    _forget_everything()

    imported = import_mappings(text=text, user=None)

    assert (rows, imported.counts["changed"]) == (5, 5)
    assert export_mappings() == (text, rows)


def _forget_everything() -> None:
    Organization.objects.update(company=None)
    Offer.objects.update(product=None)
    OrganizationOffer.objects.all().delete()
    AgreementDefault.objects.all().delete()


def test_more_rows_cost_no_more_queries_to_check(django_assert_max_num_queries: Any) -> None:
    rows = [
        ("organization", make_organization().platform_id, "", make_company().connectwise_id, "", "")
        for _ in range(30)
    ]

    with django_assert_max_num_queries(20):
        assert import_mappings(text=file_of(*rows), user=None).counts["organizations"] == 30


def test_the_command_says_what_it_did(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = make_line()
    path = tmp_path / "mappings.csv"
    path.write_text(
        "\ufeff"
        + file_of(
            (
                "organization",
                line.organization.platform_id,
                "",
                make_company().connectwise_id,
                "",
                "",
            )
        )
    )

    call_command("import_mappings", str(path), "--json")

    *_, sentence, data = capsys.readouterr().out.splitlines()
    assert sentence == "Changed 1 organization (1 line filled)."
    assert json.loads(data) == {
        "rows": 1,
        "organizations": 1,
        "offers": 0,
        "agreements": 0,
        "organization_lines": 1,
        "offer_lines": 0,
        "agreement_lines": 0,
        "changed": 1,
        "dry_run": False,
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "can't be read: No such file or directory."),
        (b"\xff\xfe\x00", "is no text that can be read. In Excel choose Save As → CSV UTF-8."),
        (b"kind\n", "3 errors, nothing was imported."),
    ],
)
def test_a_file_that_cant_be_taken_ends_with_2(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "mappings.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandError) as refused:
        call_command("import_mappings", str(path))

    assert refused.value.returncode == 2
    assert told in str(refused.value)


def test_the_export_command_writes_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    organization = make_organization(company=make_company())
    path = tmp_path / "mappings.csv"

    call_command("export_mappings", "--output", str(path))

    assert f"organization,{organization.platform_id},," in path.read_text()
    assert f"Wrote 1 mappings to {path}." in capsys.readouterr().out


def test_the_export_command_writes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_mappings")

    assert capsys.readouterr().out.strip() == HEAD.strip()
