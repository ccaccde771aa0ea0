"""The mapping tabs of a reseller with 1,000 organizations, 1,500 companies, 600 offers, 5,000 products.

    DATABASE_URL=… python -m bench.mapping --seed       # once, into an empty, migrated database
    DATABASE_URL=… python -m bench.mapping [--rounds 15]

How long suggestions take, and what each page costs the server; the target is 100 ms (p95) for each.
"""

import argparse
import os
import sys
import time
from unittest import mock

import django
from django.db import connection
from django.test import override_settings

from bench.grid import TARGET, measure, signed_in

ADDRESSES = (
    ("page of 20", ""),
    ("page of 200", "per_page=200"),
    ("page at the end", "per_page=20&page=9999"),
    ("only unmapped", "status=unmapped"),
    ("only suggested", "status=suggested"),
    ("only suggested, by money", "status=suggested&sort=-waiting"),
    ("by money", "sort=-waiting"),
    ("by ConnectWise name", "sort=target"),
    ("by status, descending", "sort=-status"),
    ("search, many hits", "q=a"),
    ("search, no hit", "q=zzzz"),
)
LINES = 20_000


def seed() -> None:
    """The reseller as its remotes list it, and lines that wait for every mapping."""
    from django.utils import timezone

    import platform_client.conf
    import psa_connectwise.conf
    from mapping.services import run_refresh, start_refresh
    from tests.factories import make_line
    from tests.mapping.remotes import FakeConnectWise, FakePlatform
    from tests.mapping.reseller import fill

    the_platform, the_psa = FakePlatform(), FakeConnectWise()
    fill(the_platform, the_psa)
    refresh = start_refresh(user=None)
    with (
        mock.patch.object(platform_client.conf, "get_client", lambda: the_platform),
        mock.patch.object(psa_connectwise.conf, "get_client", lambda: the_psa),
    ):
        run_refresh(refresh_id=refresh.pk, today=timezone.now().date())
    _copy_line(make_line().pk)


def _copy_line(pk: int) -> None:
    from invoices.models import InvoiceLine

    own = {"platform_id": "'LINE-' || n", "organization_id": "one.id", "offer_id": "other.id"}
    fields = InvoiceLine._meta.local_concrete_fields
    names = [str(one.column) for one in fields if not (one.primary_key or one.generated)]
    values = ", ".join(own.get(name, f"line.{name}") for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO invoices_invoiceline ({", ".join(names)})
            SELECT {values} FROM invoices_invoiceline line, generate_series(1, %s) n
            JOIN (SELECT id, row_number() OVER () AS at FROM mapping_organization) one
                ON one.at = 1 + n %% 1000
            JOIN (SELECT id, row_number() OVER () AS at FROM mapping_offer) other
                ON other.at = 1 + n %% 600
            WHERE line.id = %s""",
            [LINES, pk],
        )
        cursor.execute("ANALYZE")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.mapping", description=__doc__)
    parser.add_argument("--seed", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    django.setup()
    from mapping.services.suggesting import suggest_mappings
    from mapping.tabs import ORGANIZATIONS, PRODUCTS

    if options.seed:
        seed()
    slow = 0
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = signed_in()
        for tab in (ORGANIZATIONS, PRODUCTS):
            begun = time.perf_counter()
            number = suggest_mappings(tab)
            took = time.perf_counter() - begun
            sys.stdout.write(f"{number:,} {tab.plural} suggested in {took:.1f} s\n")
            for name, query in ADDRESSES:
                address = f"/mapping/{tab.key}/?{query}"
                p50, p95, queries, size = measure(client, address, options.rounds)
                slow += p95 > TARGET
                figures = f"{p50:8.1f}{p95:8.1f}{queries:9}{size:10,}"
                sys.stdout.write(f"{tab.key}, {name:30}{figures}{'  over' * (p95 > TARGET)}\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
