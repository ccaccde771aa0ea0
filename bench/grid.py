"""The Invoices grid at fifteen months of 100,000 lines: what each request costs the server.

    DATABASE_URL=… python -m bench.grid --seed          # once, into an empty, migrated database
    DATABASE_URL=… python -m bench.grid [--rounds 15] [--only sort]

Each request goes through the whole of Django, signed in, without a network. The target is 100 ms
(p95) for each; Django admin's changelist of the same lines stands below as the measure of the machine.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import date

import django
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

TARGET = 100.0
MONTHS, LINES = 15, 100_000
GRID = "/mapping/invoices/"


def requests(month: date) -> Iterator[tuple[str, str]]:
    """What an operator asks for: a name, an address."""
    from invoices.queries.columns import COLUMNS, FILTERS, HIDDEN

    page = f"{GRID}?period={month:%Y-%m}"
    deep = LINES // 40
    for size in (20, 200):
        yield f"page of {size}", f"{page}&per_page={size}"
    yield "page in the middle", f"{page}&per_page=20&page={deep}"
    yield "page at the end", f"{page}&page={2 * deep}"
    for column in COLUMNS:
        yield f"sort by {column.label}", f"{page}&sort={column.key}"
        yield f"sort by {column.label}, middle", f"{page}&sort=-{column.key}&page={deep}"
    yield "filter by status", f"{page}&status=not_synced"
    yield "filter by vendor, sort by offer", f"{page}&vendor=Vendor+7&vendor=Vendor+8&sort=offer"
    yield (
        "filter by status and cycle, middle",
        f"{page}&status=not_synced&billing_cycle=Monthly&page=500",
    )
    for name, text in (("many", "monthly"), ("some", "nordwind"), ("few", "r77"), ("no", "zzzz")):
        yield f"search, {name} hits", f"{page}&q={text}"
    yield "search and filter, sort by revenue", f"{page}&q=nordwind&status=not_synced&sort=revenue"
    for key in FILTERS:
        if key not in {column.key for column in HIDDEN}:
            yield f"filter values of {key}", f"{GRID}filters/{key}/?period={month:%Y-%m}"
    yield (
        "filter values of offer, filtered",
        f"{GRID}filters/offer/?period={month:%Y-%m}&status=not_synced",
    )
    yield "filter values, found", f"{GRID}filters/contract/?period={month:%Y-%m}&find=12"
    for kind in ("companies", "products"):
        for text in ("", "nord", "8e296a", "zzzz"):
            yield f"picker of {kind}, {text or 'nothing typed'}", f"/mapping/pick/{kind}/?q={text}"


def measure(client: Client, address: str, rounds: int) -> tuple[float, float, int, int]:
    """p50 and p95 in milliseconds, queries, bytes; the first request warms up and counts queries."""
    headers = {"HX-Request": "true"}
    with CaptureQueriesContext(connection) as captured:
        response = client.get(address, headers=headers)
        queries = len(captured)
    assert response.status_code == 200, (address, response.status_code)
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        client.get(address, headers=headers)
        times.append((time.perf_counter() - begun) * 1000)
    p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return statistics.median(times), p95, queries, len(response.content)


def signed_in() -> Client:
    """As an administrator of a finished installation, in a process that began as the web server's do."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from integration.startup import freeze_what_stays
    from psa_connectwise.models import AgreementType, ConnectWiseSettings

    kind, _ = AgreementType.objects.get_or_create(
        connectwise_id=1, defaults={"name": "Managed", "updated_at": timezone.now()}
    )
    ConnectWiseSettings.load()
    ConnectWiseSettings.objects.update(default_agreement_type=kind)
    user, _ = User.objects.get_or_create(username="bench", is_superuser=True, is_staff=True)
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    freeze_what_stays()
    return client


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.grid", description=__doc__)
    parser.add_argument("--seed", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", help="requests whose name contains this")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integration.settings")
    django.setup()
    from bench.seed import seed
    from invoices.models import Period

    if options.seed:
        seed(newest=date.today().replace(day=1), months=MONTHS, lines=LINES)  # noqa: DTZ011
    month = Period.objects.latest("month").month
    slow = 0
    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = signed_in()
        print(f"{'':44}{'p50 ms':>8}{'p95 ms':>8}{'queries':>9}{'bytes':>10}")
        for name, address in requests(month):
            if options.only not in name:
                continue
            p50, p95, queries, size = measure(client, address, options.rounds)
            slow += p95 > TARGET
            mark = "  over" if p95 > TARGET else ""
            print(f"{name:44}{p50:8.1f}{p95:8.1f}{queries:9}{size:10,}{mark}", flush=True)
    print(f"{slow} over {TARGET:.0f} ms" if slow else f"all within {TARGET:.0f} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
