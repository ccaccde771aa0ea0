"""ConnectWise's stand-in: the rules for additions and agreements, in ConnectWise's words."""

from decimal import Decimal
from typing import Any

import pytest

from sandbox_kit import exact_json
from tests.sandbox.conftest import (
    ACTIVE,
    ADDITIONS,
    BUNDLE,
    ENDED,
    INACTIVE,
    INVOICED,
    OTHER_PRODUCT,
    PRODUCT,
    PRORATING,
    Caller,
    addition,
)

AGREEMENTS = "/finance/agreements"


def post(connectwise: Caller, body: Any = None, agreement: int = ACTIVE) -> Any:
    answer = connectwise.send("POST", f"{AGREEMENTS}/{agreement}/additions", body or addition())
    assert answer.status_code == 201, answer.text
    return exact_json.loads(answer.text)


def patch(connectwise: Caller, path: str, **changes: Any) -> Any:
    operations = [{"op": "replace", "path": n, "value": v} for n, v in changes.items()]
    answer = connectwise.send("PATCH", path, operations)
    assert answer.status_code == 200, answer.text
    return exact_json.loads(answer.text)


def inner(answer: Any) -> list[tuple[str | None, str | None]]:
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["code"] == "InvalidObject"
    return [(error["code"], error["field"]) for error in body["errors"]]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in addition().items() if name not in names}


def test_an_addition_is_answered_whole_and_computed(connectwise: Caller) -> None:
    made = post(connectwise, addition(quantity=3, unitPrice=5.2456, unitCost=4.1))
    assert made["unitPrice"] == Decimal("5.2456")
    assert (made["extPrice"], made["extCost"], made["margin"]) == (
        Decimal("15.74"), Decimal("12.30"), Decimal("3.44"),
    )  # fmt: skip
    assert made["agreementId"] == ACTIVE
    assert made["agreementStatus"] == "Active"
    assert made["product"]["identifier"] == "M365-BS"
    assert made["_info"]["enteredBy"] == "api"


def test_the_store_keeps_every_digit(connectwise: Caller) -> None:
    text = '{"product":{"id":602},"billCustomer":"Billable","quantity":0.1,"unitPrice":0.123456789}'
    answer = connectwise.session.post(
        connectwise.root + ADDITIONS,
        data=text,
        headers={"Content-Type": "application/json"},
        timeout=5,
    )
    assert '"unitPrice":0.123456789' in answer.text
    assert connectwise.ledger()[-1]["record"]["unitPrice"] == Decimal("0.123456789")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (without("product"), [("MissingRequiredField", "product")]),
        (
            without("product", "billCustomer"),
            [("MissingRequiredField", "product"), ("MissingRequiredField", "billCustomer")],
        ),
        (addition(serialNumber="x" * 51), [("MaxLengthField", "serialNumber")]),
        (addition(invoiceDescription="x" * 6001), [("MaxLengthField", "invoiceDescription")]),
        (addition(product={"id": 99}), [("NotFound", "product/id")]),
        (addition(product={"identifier": "M365-BS"}), [("NotFound", "product/id")]),
        (addition(product={"id": BUNDLE}), [(None, "product")]),
        (addition(product={"id": INACTIVE}), [(None, "product")]),
        (addition(effectiveDate="2020-01-01T00:00:00Z"), [(None, "effectiveDate")]),
        (addition(effectiveDate="2026-11-01"), [("InvalidDate", "effectiveDate")]),
        (addition(effectiveDate="2026-11-01T00:00:00.000Z"), [("InvalidDate", "effectiveDate")]),
        (addition(effectiveDate="2026-11-01T00:00:00+00:00"), [("InvalidDate", "effectiveDate")]),
        (addition(effectiveDate="2026-02-30T00:00:00Z"), [("InvalidDate", "effectiveDate")]),
        (addition(cancelledDate="2026-10-31T00:00:00Z"), [(None, "cancelledDate")]),
        (addition(quantity="3"), [("InvalidType", "quantity")]),
        (addition(billCustomer="Maybe"), [("InvalidValue", "billCustomer")]),
        (addition(taxableFlag="yes"), [("InvalidType", "taxableFlag")]),
    ],
)
def test_what_is_wrong_with_an_addition(
    connectwise: Caller, body: dict[str, Any], expected: list[tuple[str | None, str]]
) -> None:
    answer = connectwise.send("POST", ADDITIONS, body)
    assert inner(answer) == expected
    assert answer.json()["message"] == "addition object is invalid"
    assert connectwise.count() == 0
    assert connectwise.ledger() == []


@pytest.mark.parametrize("agreement", [ENDED, 801, 802])
def test_only_an_active_agreement_takes_additions(connectwise: Caller, agreement: int) -> None:
    answer = connectwise.send("POST", f"{AGREEMENTS}/{agreement}/additions", addition())
    assert inner(answer) == [(None, "agreementId")]


def test_an_invoiced_period_is_closed_unless_the_agreement_prorates(connectwise: Caller) -> None:
    answer = connectwise.send("POST", f"{AGREEMENTS}/{INVOICED}/additions", addition())
    assert inner(answer) == [(None, None)]
    words = answer.json()["errors"][0]["message"]
    assert words.startswith("Since this period has already been invoiced")
    connectwise.running.app.store.edit("agreements", INVOICED, prorateFlag=True)
    post(connectwise, agreement=INVOICED)


def test_what_is_left_out_comes_from_the_catalog(connectwise: Caller) -> None:
    made = post(connectwise, {"product": {"id": PRODUCT}, "billCustomer": "Billable"})
    assert (made["unitPrice"], made["unitCost"]) == (Decimal("12.70"), Decimal("9.36"))
    assert made["description"] == made["invoiceDescription"] == "M365 Business Standard"
    assert (made["quantity"], made["effectiveDate"]) == (1, "2026-11-22T00:00:00Z")


def test_duplicates_are_accepted(connectwise: Caller) -> None:
    assert post(connectwise)["id"] != post(connectwise)["id"]
    assert connectwise.count() == 2


def test_line_breaks_become_spaces(connectwise: Caller) -> None:
    made = post(connectwise, addition(invoiceDescription="one\r\ntwo\nthree"))
    assert made["invoiceDescription"] == "one two three"


def test_a_patch_changes_only_what_it_names(connectwise: Caller) -> None:
    made = post(connectwise)
    path = f"{ADDITIONS}/{made['id']}"
    changed = patch(connectwise, path, quantity=5, cancelledDate="2026-11-30T00:00:00Z")
    assert (changed["quantity"], changed["extPrice"]) == (5, Decimal("58.50"))
    assert changed["serialNumber"] == made["serialNumber"]
    connectwise.send("PATCH", path, [{"op": "remove", "path": "cancelledDate"}])
    assert "cancelledDate" not in connectwise.get(path).json()


def test_a_patched_product_brings_its_own_price_silently(connectwise: Caller) -> None:
    path = f"{ADDITIONS}/{post(connectwise)['id']}"
    repriced = patch(connectwise, path, product={"id": OTHER_PRODUCT})
    assert repriced["unitPrice"] == Decimal("21.60")
    kept = patch(connectwise, path, product={"id": PRODUCT}, unitPrice=11)
    assert kept["unitPrice"] == 11


@pytest.mark.parametrize("path", ["product/id", "/quantity"])
def test_a_path_below_a_field_is_answered_200_and_does_nothing(
    connectwise: Caller, path: str
) -> None:
    made = post(connectwise)
    operation = {"op": "replace", "path": path, "value": OTHER_PRODUCT}
    answer = connectwise.send("PATCH", f"{ADDITIONS}/{made['id']}", [operation])
    assert answer.status_code == 200
    assert (answer.json()["product"]["id"], answer.json()["quantity"]) == (PRODUCT, 3)


@pytest.mark.parametrize(
    "body",
    [
        {"op": "replace", "path": "quantity", "value": 1},
        [{"op": "move", "path": "quantity", "value": 1}],
        [{"op": "replace", "path": "Quantity", "value": 1}],
        ["quantity"],
    ],
)
def test_a_malformed_patch_is_400(connectwise: Caller, body: Any) -> None:
    path = f"{ADDITIONS}/{post(connectwise)['id']}"
    assert connectwise.send("PATCH", path, body).status_code == 400


def test_a_patch_checks_the_whole_record(connectwise: Caller) -> None:
    made = post(connectwise)
    connectwise.running.app.store.edit("agreements", ACTIVE, billStartDate="2026-12-01T00:00:00Z")
    operation = {"op": "replace", "path": "quantity", "value": 4}
    answer = connectwise.send("PATCH", f"{ADDITIONS}/{made['id']}", [operation])
    assert inner(answer) == [(None, "effectiveDate")]


def test_a_put_empties_what_it_leaves_out(connectwise: Caller) -> None:
    made = post(connectwise)
    body = {"product": {"id": OTHER_PRODUCT}, "billCustomer": "NoCharge",
            "effectiveDate": "2026-11-05T00:00:00Z", "unitPrice": 2, "quantity": 2}  # fmt: skip
    answer = connectwise.send("PUT", f"{ADDITIONS}/{made['id']}", body)
    assert answer.status_code == 200
    replaced = answer.json()
    assert (replaced["serialNumber"], replaced["id"]) == ("", made["id"])
    assert (replaced["unitPrice"], replaced["unitCost"]) == (2, 16.48)  # the catalog's cost
    missing = connectwise.send("PUT", f"{ADDITIONS}/{made['id']}", {"quantity": 1})
    assert ("MissingRequiredField", "product") in inner(missing)


def test_an_addition_is_deleted_until_it_was_invoiced(connectwise: Caller) -> None:
    made, kept = post(connectwise), post(connectwise)
    path = f"{ADDITIONS}/{made['id']}"
    assert connectwise.send("DELETE", path).status_code == 204
    assert connectwise.get(path).status_code == 404
    until = {"agreement": ACTIVE, "until": "2026-12-01"}
    assert connectwise.admin("/_sandbox/invoice", until).json() == {"invoiced": 1}
    assert inner(connectwise.send("DELETE", f"{ADDITIONS}/{kept['id']}")) == [(None, "id")]
    assert connectwise.get(f"{ADDITIONS}/{kept['id']}").json()["billedQuantity"] == 3
    assert inner(connectwise.send("POST", ADDITIONS, addition())) == [(None, None)]
    patch(connectwise, f"{ADDITIONS}/{kept['id']}", quantity=9)


def test_an_id_is_never_given_twice(connectwise: Caller) -> None:
    made = post(connectwise)
    connectwise.send("DELETE", f"{ADDITIONS}/{made['id']}")
    assert post(connectwise)["id"] > made["id"]


def test_prices_can_be_stored_rounded(connectwise: Caller) -> None:
    connectwise.running.faults.set(store_price_places=2)
    made = post(connectwise, addition(quantity=100, unitPrice=5.2456))
    assert (made["unitPrice"], made["extPrice"]) == (Decimal("5.25"), Decimal("525.00"))


# -- agreements ---------------------------------------------------------------------------------


def agreement(**overrides: Any) -> dict[str, Any]:
    return {
        "name": "ctr-1020-A", "type": {"id": 2}, "company": {"id": 383}, "contact": {"id": 3831},
        "startDate": "2026-11-01T00:00:00Z", "billStartDate": "2026-11-01T00:00:00Z",
        "noEndingDateFlag": True, **overrides,
    }  # fmt: skip


def test_an_agreement_takes_defaults_from_type_and_company(connectwise: Caller) -> None:
    made = connectwise.send("POST", AGREEMENTS, agreement()).json()
    assert made["agreementStatus"] == "Active"
    assert made["currency"]["currencyCode"] == "EUR"
    assert made["company"]["name"] == "Wingtip Flugschule"
    assert (made["prorateFlag"], made["billingCycle"]["name"]) == (False, "Monthly")
    assert made["nextInvoiceDate"] == made["billStartDate"]
    post(connectwise, agreement=made["id"])


def test_a_start_of_billing_left_out_is_a_day_late(connectwise: Caller) -> None:
    body = agreement()
    del body["billStartDate"]
    made = connectwise.send("POST", AGREEMENTS, body).json()
    assert made["billStartDate"] == "2026-11-02T00:00:00Z"
    answer = connectwise.send("POST", f"{AGREEMENTS}/{made['id']}/additions", addition())
    assert inner(answer) == [(None, "effectiveDate")]


def test_names_of_agreements_need_not_be_unique(connectwise: Caller) -> None:
    first = connectwise.send("POST", AGREEMENTS, agreement()).json()
    assert connectwise.send("POST", AGREEMENTS, agreement()).json()["id"] != first["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "n"}, "type"),
        (agreement(name="x" * 101), "name"),
        (agreement(type={"id": 4}), "type/id"),
        (agreement(company={"id": 902}), "company/id"),
        (agreement(contact={"id": 2501}), "contact/id"),
        (agreement(currency={"id": 99}), "currency/id"),
        (agreement(billStartDate="2026-10-01T00:00:00Z"), "billStartDate"),
        (agreement(endDate="2026-10-01T00:00:00Z"), "endDate"),
    ],
)
def test_what_is_wrong_with_an_agreement(
    connectwise: Caller, body: dict[str, Any], field: str
) -> None:
    answer = connectwise.send("POST", AGREEMENTS, body)
    assert field in {found for _, found in inner(answer)}
    assert answer.json()["message"] == "agreement object is invalid"


def test_the_start_of_billing_moves_with_the_start_until_something_was_invoiced(
    connectwise: Caller,
) -> None:
    made = connectwise.send("POST", AGREEMENTS, agreement()).json()
    path = f"{AGREEMENTS}/{made['id']}"
    earlier = "2026-10-01T00:00:00Z"
    alone = [{"op": "replace", "path": "billStartDate", "value": earlier}]
    assert inner(connectwise.send("PATCH", path, alone)) == [(None, "billStartDate")]
    moved = patch(connectwise, path, startDate=earlier, billStartDate=earlier)
    assert moved["nextInvoiceDate"] == earlier
    post(connectwise, agreement=made["id"])
    connectwise.admin("/_sandbox/invoice", {"agreement": made["id"], "until": "2026-12-01"})
    operation = {"op": "replace", "path": "billStartDate", "value": "2026-11-01T00:00:00Z"}
    assert inner(connectwise.send("PATCH", path, [operation])) == [(None, "billStartDate")]


def test_an_agreement_is_cancelled_replaced_and_deleted(connectwise: Caller) -> None:
    made = connectwise.send("POST", AGREEMENTS, agreement()).json()
    path = f"{AGREEMENTS}/{made['id']}"
    assert patch(connectwise, path, cancelledFlag=True)["agreementStatus"] == "Cancelled"
    thin = connectwise.send("PUT", path, agreement())
    assert ("MissingRequiredField", "billTime") in inner(thin)
    whole = connectwise.send("PUT", path, {**connectwise.get(path).json(), "name": "new name"})
    assert whole.json()["name"] == "new name"
    assert connectwise.send("DELETE", path).status_code == 204


def test_an_agreement_with_additions_stays(connectwise: Caller) -> None:
    assert inner(connectwise.send("DELETE", f"{AGREEMENTS}/{INVOICED}")) == [(None, "id")]


def test_a_child_names_its_parent_and_a_prorating_one_says_so(connectwise: Caller) -> None:
    child = connectwise.get(AGREEMENTS, conditions="parentAgreement/id != null").json()
    assert [record["parentAgreement"]["name"] for record in child] == ["Cloud services A"]
    assert connectwise.get(f"{AGREEMENTS}/{PRORATING}").json()["prorateFlag"] is True


def test_the_ledger_tells_every_accepted_write(connectwise: Caller) -> None:
    made = post(connectwise)
    path = f"{ADDITIONS}/{made['id']}"
    patch(connectwise, path, quantity=7)
    connectwise.send("POST", ADDITIONS, {})
    connectwise.send("DELETE", path)
    ledger = connectwise.admin("/_sandbox/ledger").json()
    assert [(entry["n"], entry["method"], entry["id"]) for entry in ledger] == [
        (1, "POST", made["id"]), (2, "PATCH", made["id"]), (3, "DELETE", made["id"]),
    ]  # fmt: skip
    assert ledger[0]["body"] == addition()
    assert ledger[1]["before"]["quantity"] == 3
    assert ledger[1]["record"]["quantity"] == 7
    assert ledger[2]["record"] is None
    assert {entry["agreementId"] for entry in ledger} == {ACTIVE}
    assert connectwise.admin("/_sandbox/ledger?after=2").json() == ledger[2:]


def test_a_hand_in_connectwise_leaves_no_trace_in_the_ledger(connectwise: Caller) -> None:
    made = post(connectwise)
    change = {"kind": "additions", "id": made["id"], "set": {"quantity": 8}}
    assert connectwise.admin("/_sandbox/edit", change).json()["extPrice"] == 93.6
    connectwise.admin("/_sandbox/edit", {"kind": "additions", "id": made["id"], "remove": True})
    assert connectwise.get(f"{ADDITIONS}/{made['id']}").status_code == 404
    assert len(connectwise.ledger()) == 1
