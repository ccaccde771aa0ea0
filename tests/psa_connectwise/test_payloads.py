"""What goes out: whole objects under bare names, explicit money, midnight dates (P55)."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator

from psa_connectwise.payloads import (
    AdditionChanges,
    AgreementChanges,
    addition_patch,
    agreement_patch,
)
from tests.contracts import published
from tests.psa_connectwise.wire_data import make_new_addition, make_new_agreement


def test_a_new_addition_leaves_no_gap_for_the_catalog_to_fill() -> None:
    assert make_new_addition().to_wire() == {
        "product": {"id": 5},
        "quantity": Decimal("3"),
        "unitPrice": Decimal("5.2456"),
        "unitCost": Decimal("0"),
        "billCustomer": "Billable",
        "effectiveDate": "2026-05-01T00:00:00Z",
        "taxableFlag": False,
        "invoiceDescription": "Mail - Cycle Fee",
        "serialNumber": "LB-1",
    }


def test_an_end_and_custom_fields_are_sent_where_there_are_any() -> None:
    fields = ({"id": 1, "caption": "Ref", "value": "LB-1"},)
    wire = make_new_addition(
        cancelled_date=dt.date(2026, 5, 31), custom_fields=fields, serial_number=""
    ).to_wire()
    assert wire["cancelledDate"] == "2026-05-31T00:00:00Z"
    assert wire["customFields"] == list(fields)
    assert "serialNumber" not in wire


def test_an_agreement_bills_from_its_first_day() -> None:
    wire = make_new_agreement().to_wire()
    assert wire["startDate"] == wire["billStartDate"] == "2026-05-01T00:00:00Z"
    assert (wire["noEndingDateFlag"], wire["prorateFlag"]) == (True, False)
    assert (wire["type"], wire["company"], wire["contact"]) == ({"id": 2}, {"id": 9}, {"id": 11})
    assert "site" not in wire


def test_an_agreement_with_an_end_has_one() -> None:
    wire = make_new_agreement(end_date=dt.date(2026, 12, 31)).to_wire()
    assert (wire["endDate"], wire["noEndingDateFlag"]) == ("2026-12-31T00:00:00Z", False)


@pytest.mark.parametrize(
    ("changes", "operation"),
    [
        (
            {"quantity": Decimal("4.5")},
            {"op": "replace", "path": "quantity", "value": Decimal("4.5")},
        ),
        ({"product_id": 6}, {"op": "replace", "path": "product", "value": {"id": 6}}),
        (
            {"cancelled_date": dt.date(2026, 5, 31)},
            {"op": "replace", "path": "cancelledDate", "value": "2026-05-31T00:00:00Z"},
        ),
        ({"cancelled_date": None}, {"op": "remove", "path": "cancelledDate"}),
        ({"taxable": False}, {"op": "replace", "path": "taxableFlag", "value": False}),
        ({"serial_number": ""}, {"op": "replace", "path": "serialNumber", "value": ""}),
        (
            {"custom_fields": ({"id": 1, "value": "x"},)},
            {"op": "replace", "path": "customFields", "value": [{"id": 1, "value": "x"}]},
        ),
    ],
)
def test_a_change_is_one_whole_field(changes: AdditionChanges, operation: dict[str, Any]) -> None:
    assert addition_patch(changes) == [operation]


def test_a_patch_names_top_level_fields_only() -> None:
    changes: AgreementChanges = {"bill_start_date": dt.date(2026, 4, 1), "contact_id": 4}
    paths = [operation["path"] for operation in agreement_patch(changes)]
    assert paths == ["billStartDate", "contact"]


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError):
        addition_patch({"unitPrice": 1})  # type: ignore[typeddict-unknown-key]


def test_payloads_satisfy_the_published_contract() -> None:
    document = published.connectwise()
    for name, payload in (
        ("Addition", make_new_addition(cancelled_date=dt.date(2026, 5, 31)).to_wire()),
        ("Agreement", make_new_agreement().to_wire()),
    ):
        schema = document | {"$ref": f"#/components/schemas/{name}"}
        faults = list(
            OAS30Validator(schema).iter_errors(json.loads(json.dumps(payload, default=float)))
        )
        assert faults == []
        assert set(payload) <= set(document["components"]["schemas"][name]["properties"])
