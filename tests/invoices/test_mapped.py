"""When a line counts as Mapped (P26)."""

import pytest

from invoices.models import InvoiceLine
from tests.factories import make_agreement, make_company, make_line, make_product


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("company", "product", "agreement", "mapped"),
    [
        (True, True, "existing", True),
        (True, True, "create new", True),
        (True, True, "", False),  # blank is not chosen, and never makes one
        (True, False, "existing", False),
        (True, False, "create new", False),
        (False, True, "create new", False),
        (False, False, "", False),
    ],
)
def test_a_line_is_mapped_once_company_product_and_agreement_are_chosen(
    company: bool, product: bool, agreement: str, mapped: bool
) -> None:
    own = make_company()
    line = make_line(
        company=own if company else None,
        product=make_product() if product else None,
        agreement=make_agreement(company=own) if agreement == "existing" else None,
        create_agreement=agreement == "create new",
    )

    assert InvoiceLine.objects.get(pk=line.pk).is_mapped is mapped
