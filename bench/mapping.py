"""The mapping tabs of a reseller with 1,000 organizations, 1,500 companies, 600 offers, 5,000 products.

100 pairs of companies share a name, 50 are deleted; 20,000 unsynced lines wait for every mapping. First
how long it takes to work out all suggestions; then what each page of both tabs costs the server, signed in,
without a network: every sort, filter and search, with the suggestions shown; and the list of "Accept all".
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING
from unittest import mock

from django.db import connection
from django.test import Client, override_settings

from bench import world
from bench.clock import spent
from bench.grid import TARGET, measure, signed_in
from bench.report import Row
from bench.sizes import Sizes

if TYPE_CHECKING:  # models can't be imported before Django is set up
    from mapping.tabs import Tab

LINES = 20_000
# How often a request is repeated for its processor time, which is told in hundredths of a second.
TIMES = 8
DIALOG = "the list of Accept all"
OPENS_IN = 300.0  # milliseconds: it works out what all of them would change
PATIENCE = 10.0  # seconds: it is part of every refresh
ADDRESSES = (
    ("page of 20", ""),
    ("page of 200", "per_page=200"),
    ("page at the end", "per_page=20&page=9999"),
    ("only mapped", "per_page=20&status=mapped"),
    ("only unmapped", "status=unmapped"),
    ("only suggested, by money", "status=suggested&sort=-waiting"),
    ("only suggested, 200", "status=suggested&per_page=200"),
    ("search, many hits", "per_page=20&q=a"),
    ("search, some hits", "q=logistik+gmbh"),
    ("search, no hit", "q=zzzz"),
    ("search and filter, by money", "q=an&status=suggested&sort=-waiting"),
)


def rows(sizes: Sizes) -> list[Row]:
    world.prepare()
    seed()
    from mapping.tabs import ORGANIZATIONS, PRODUCTS

    with override_settings(WHITENOISE_AUTOREFRESH=True):
        client = signed_in()
        found: list[Row] = []
        for tab in (ORGANIZATIONS, PRODUCTS):
            found.append(_suggested(tab))
            asked = dict(_asked(tab, client, sizes))
            found += [_dialog(tab.title, asked.pop(DIALOG)), *_pages(tab.title, asked)]
        return found


def _suggested(tab: "Tab") -> Row:
    from mapping.services.suggesting import suggest_mappings

    number = 0

    def work() -> None:
        nonlocal number
        number = suggest_mappings(tab)

    took = spent(work)
    return Row(
        what=f"{tab.title}: suggestions for {number:,} of them, worked out anew",
        ours=took.seconds,
        unit="s",
        at_most=PATIENCE,
        note=f"CPU: {took.cpu:.1f} s",
    )


def _asked(tab: "Tab", client: Client, sizes: Sizes) -> Iterator[tuple[str, tuple[float, ...]]]:
    page = f"/mapping/{tab.key}/"
    sorts = [(f"sort by {key}", f"sort={minus}{key}") for key in tab.sorts for minus in ("", "-")]
    addresses = [(name, f"{page}?{query}") for name, query in (*ADDRESSES, *sorts)]
    for name, address in (*addresses, (DIALOG, f"{page}accept/")):
        figures = measure(client, address, sizes.rounds)
        several = spent(partial(_ask, client, address))
        yield name, (*figures, 1000 * several.cpu / TIMES)


def _ask(client: Client, address: str) -> None:
    for _ in range(TIMES):
        client.get(address, headers={"HX-Request": "true"})


def _dialog(title: str, figures: tuple[float, ...]) -> Row:
    _, p95, _, _, cpu = figures
    return Row(what=f"{title}: {DIALOG}, p95", ours=p95, unit="ms", at_most=OPENS_IN,
               note=f"processor time: {cpu:.0f} ms")  # fmt: skip


def _pages(title: str, asked: dict[str, tuple[float, ...]]) -> Sequence[Row]:
    slowest = sorted(asked, key=lambda name: asked[name][1], reverse=True)
    told = "; ".join(f"{name} {asked[name][1]:.0f}" for name in slowest[:4])
    over = sum(p95 > TARGET for _, p95, *_ in asked.values())
    most = max(int(queries) for _, _, queries, *_ in asked.values())
    busiest = max(asked, key=lambda name: asked[name][-1])
    return [
        Row(what=f"{title}: {len(asked)} requests, the slowest of them, p95",
            ours=asked[slowest[0]][1], unit="ms", at_most=TARGET, note=told),
        Row(what=f"{title}: requests whose p95 is over {TARGET:.0f} ms", ours=over, unit="",
            at_most=0, note=f"at most {most} queries each"),
        Row(what=f"{title}: processor time of the dearest request", ours=asked[busiest][-1],
            unit="ms", at_most=TARGET, note=f"{busiest}; Python and PostgreSQL together"),
    ]  # fmt: skip


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
