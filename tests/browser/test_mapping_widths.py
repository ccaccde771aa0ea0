"""Organizations and Products show the status beside the actions at every width, whatever the names (P9, P10)."""

import pytest
from django.contrib.auth.models import User

from tests.browser.conftest import SignIn
from tests.factories import make_company, make_offer, make_organization, make_product

LONG = "Vereinigte Werkstätten für angewandte Molekularbiologie GmbH & Co. KG"


@pytest.mark.parametrize("width", [1440, 1200, 1024])
def test_the_mapping_status_never_lies_under_the_actions(
    sign_in: SignIn, operator: User, width: int
) -> None:
    make_organization(name=LONG, status="Suspended", company=make_company(name=LONG, missing=True))
    make_organization(name=LONG, company=make_company(), response_error="ConnectWise is busy.")
    make_offer(name=LONG, product=make_product(name=LONG), response_error="ConnectWise is busy.")
    page = sign_in(operator, "/mapping/organizations/", viewport={"width": width, "height": 800})

    for tab in ("organizations", "products"):
        page.goto(f"{page.url.partition('/mapping/')[0]}/mapping/{tab}/")
        for row in page.locator("#grid tbody tr").all():
            status = row.locator(".badge-status").bounding_box()
            actions = row.locator(".stick-right").bounding_box()
            assert status and actions
            assert status["x"] + status["width"] <= actions["x"]
