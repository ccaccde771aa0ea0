"""A reseller of 1,000 organizations, 1,500 companies, 600 offers and 5,000 products, as remotes list them.

Of the companies 100 pairs share a name and 50 are deleted. Most organizations are written a little
otherwise; 20 may be either of a pair, and 10 are called quite differently: those need a person.
The same each time.
"""

from collections.abc import Sequence
from random import Random

from platform_client import schemas as platform
from psa_connectwise import schemas as connectwise
from tests.mapping.remotes import FakeConnectWise, FakePlatform
from wire.items import Page

SYLLABLES = "ba be bi bo da de di do fa fe ga go ha he ka ke ko la le li lo ma me mi mo na ne no pa pe ra re ro sa se so ta te to va ve vi wa we zo".split()  # noqa: SIM905
ENDS = ("berg", "feld", "hof", "mann", "sen", "stein", "ton", "wald")
TRADES = ("Consulting", "Engineering", "Foods", "Immobilien", "Logistik", "Maschinenbau", "Media", "Metallbau", "Software", "Transport", "Travel", "Treuhand")  # fmt: skip
FORMS = ("GmbH", "AG", "Ltd", "Inc", "B.V.", "S.A.")
MAKERS = ("Acronis", "Adobe", "Cisco", "Citrix", "Fortinet", "Google", "Microsoft", "Sophos", "Veeam", "Zoom")  # fmt: skip
THINGS = ("Backup", "Cloud", "Desktop", "Endpoint", "Firewall", "Mail", "Office", "Server", "Storage", "Voice")  # fmt: skip
PLANS = ("Basic", "Standard", "Business", "Premium", "Enterprise")
PAIRS, DELETED, COMPANIES, ORGANIZATIONS, OFFERS, PRODUCTS = 100, 50, 1500, 1000, 600, 5000
EITHER, OTHERWISE = 20, 10
PAGE = 1000


def companies() -> list[connectwise.Company]:
    """The pairs first, one after the other; the deleted ones last."""
    random = Random(5)
    names: dict[str, None] = {}
    while len(names) < COMPANIES - PAIRS:
        own = "".join(random.choice(SYLLABLES) for _ in range(3)).title() + random.choice(ENDS)
        names[f"{own} {random.choice(TRADES)} {random.choice(FORMS)}"] = None
    listed = [name for name in names for _ in range(2)][: 2 * PAIRS]
    listed += list(names)[PAIRS:]
    return [
        connectwise.Company(
            id=number,
            identifier=f"CW{number:05}",
            name=name,
            city="Berlin" if number % 2 else "Wien",
            deleted=number > COMPANIES - DELETED,
        )
        for number, name in enumerate(listed, 1)
    ]


def organizations() -> list[platform.Organization]:
    """EITHER of the pairs without a reference, OTHERWISE called ones, the rest as hands write them."""
    known = companies()
    pairs, single = known[0 : 2 * PAIRS : 2], known[2 * PAIRS : -DELETED]
    named: list[tuple[str, str]] = [(one.name, "") for one in pairs[:EITHER]]
    named += [(one.name, one.identifier) for one in pairs[EITHER:]]
    named += [(f"Customer {at:02} of the branch", "") for at in range(OTHERWISE)]
    rest = ORGANIZATIONS - len(named)
    named += [(_written(one.name, at), "") for at, one in enumerate(single[:rest])]
    return [
        platform.Organization(
            id=f"ORG-{number:04}", name=name, reference_number=reference or None, status="Active"
        )
        for number, (name, reference) in enumerate(named)
    ]


def _written(name: str, at: int) -> str:
    """The same company by another hand."""
    own, trade, form = name.split(" ")
    ways = (name, f"{own} {trade}", name.upper(), f"{own}-{trade} {form}", f"{trade} {own} {form}")
    return ways[at % len(ways)]


def products() -> list[connectwise.Product]:
    names = [
        f"{maker} {thing} {plan} {size}"
        for size in range(1, 11)
        for plan in PLANS
        for maker in MAKERS
        for thing in THINGS
    ]
    return [
        connectwise.Product(
            id=number, identifier=f"P{number:05}", description=name, product_class="Service"
        )
        for number, name in enumerate(names[:PRODUCTS], 1)
    ]


def offers() -> list[platform.Offer]:
    """Without their maker's name, as the Platform calls them."""
    every = PRODUCTS // OFFERS
    return [
        platform.Offer(
            id=f"OFF-{number:04}",
            name=one.description.split(" ", 1)[1],
            vendor_name=one.description.split(" ", 1)[0],
        )
        for number, one in enumerate(products()[::every][:OFFERS])
    ]


def fill(the_platform: FakePlatform, the_psa: FakeConnectWise) -> None:
    """Let the remotes list it, in pages."""
    the_platform.organization_pages = _pages(organizations())
    the_platform.offer_pages = _pages(offers())
    the_psa.pages = {"companies": _pages(companies()), "products": _pages(products())}


def _pages(items: Sequence[object]) -> list[Page]:  # type: ignore[type-arg]
    return [Page(tuple(items[at : at + PAGE])) for at in range(0, len(items), PAGE)]
