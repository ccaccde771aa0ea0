"""A database, a stand-in and lines of their own for a measurement; nothing of a user's is touched."""

import importlib
import logging
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests
from psycopg import sql

from invoices.months import last_day

ROOT = Path(__file__).resolve().parent.parent
TODAY = date(2026, 5, 18)
MAY = date(2026, 5, 1)
JUNE = date(2026, 6, 1)
TICK = os.sysconf("SC_CLK_TCK")
T = TypeVar("T")
# Of a finished installation whose remotes are not asked.
CREDENTIALS = {
    "PLATFORM_URL": "http://127.0.0.1:9",
    "PLATFORM_API_KEY": "nobody-asks",
    "CONNECTWISE_URL": "http://127.0.0.1:9",
    "CONNECTWISE_COMPANY_ID": "kontor",
    "CONNECTWISE_PUBLIC_KEY": "public",
    "CONNECTWISE_PRIVATE_KEY": "private",
    "CONNECTWISE_CLIENT_ID": "00000000-0000-4000-8000-000000000001",
}


def prepare(
    *, url: str = CREDENTIALS["CONNECTWISE_URL"], quota: int = 900, concurrency: int = 8
) -> str:
    """Makes `<name>_bench` afresh and points this process's settings at it; returns its name."""
    database = urlsplit(os.environ["DATABASE_URL"])
    name = f"{database.path.strip('/')}_bench"
    fresh = sql.SQL("DROP DATABASE IF EXISTS {name} WITH (FORCE); CREATE DATABASE {name}")
    with psycopg.connect(urlunsplit(database._replace(path="/postgres")), autocommit=True) as admin:
        for command in fresh.format(name=sql.Identifier(name)).as_string().split(";"):
            admin.execute(sql.SQL(command))
    os.environ |= {
        "DATABASE_URL": urlunsplit(database._replace(path=f"/{name}")),
        "DJANGO_SETTINGS_MODULE": "integration.settings",
        **CREDENTIALS,
        "CONNECTWISE_URL": url,
        "CONNECTWISE_MAX_REQUESTS_PER_MINUTE": str(quota),
        "CONNECTWISE_CONCURRENCY": str(concurrency),
    }
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    return name


@contextmanager
def stand_in(
    port: int, module: str = "psa_connectwise.sandbox", *options: str, today: date = TODAY
) -> Iterator["subprocess.Popen[bytes]"]:
    """ConnectWise's or the Platform's, as a process of its own."""
    command = [sys.executable, "-m", module, "--port", str(port), *options]
    with running([*command, "--today", today.isoformat()]) as process:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/"))
        yield process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def in_a_process(work: Callable[..., T], *arguments: object) -> T:
    """In a process that begins with this, on the same database."""
    name = f"{work.__module__}:{work.__qualname__}"
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, initializer=_begin, initargs=(database_url(),)) as pool:
        return cast(T, pool.submit(_named, name, *arguments).result())


def database_url() -> str:
    """Of the database that this process works on: a test's, where this is a test."""
    from django.db import connection

    path = f"/{connection.settings_dict['NAME']}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=path))


def _begin(url: str) -> None:
    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "integration.settings"}
    logging.disable(logging.WARNING)
    import django

    django.setup()


def _named(name: str, *arguments: object) -> Any:
    """By its name, since models can't be imported before Django is set up."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)(*arguments)


@contextmanager
def running(command: list[str], **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that ends with the block; what it says would cover the table."""
    silent = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=silent, stderr=silent
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def answers(url: str) -> bool:
    """With a 2xx or 3xx."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def wait_for(is_so: Any, seconds: float = 60) -> None:
    """Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError("it did not come up")
        time.sleep(0.05)


def seed(lines: int, *, agreements: int) -> None:
    """The stand-in's directory, more agreements, and Mapped one-time lines spread over all of them."""
    settle_in()
    add_lines(lines, agreements=make_agreements(agreements))


def add_lines(
    lines: int,
    *,
    agreements: Sequence[Any],
    prefix: str = "BENCH",
    charge_type: str = "One Time Fee",
    month: date = MAY,
    more: int = 0,
) -> None:
    """Each number is the same subscription in every month; `more` is added to all quantities."""
    from invoices.models import InvoiceLine
    from psa_connectwise.models import Product
    from tests.factories import make_line

    products = list(Product.objects.filter(inactive=False, product_class="Agreement")[:20])
    dates = dict.fromkeys(("period", "invoice_date", "platform_start_date"), month)
    ends = {"platform_end_date": last_day(month)}
    first = make_line(charge_type=charge_type, currency="EUR", **dates, **ends)
    values = {
        field.attname: getattr(first, field.attname)
        for field in InvoiceLine._meta.concrete_fields
        if not field.generated and not field.primary_key
    }
    first.delete()
    choice = Random(1)
    InvoiceLine.objects.bulk_create(
        [
            InvoiceLine(
                **values | _changes(f"{prefix}-{n}", choice, agreements, products, month, more)
            )
            for n in range(lines)
        ],
        batch_size=1000,
    )


def settle_in() -> None:
    """What an administrator does on the first day."""
    from platform_client.models import PlatformSettings
    from psa_connectwise import conf, directory
    from psa_connectwise.models import AgreementType, ConnectWiseSettings

    client = conf.get_client()
    directory.refresh_agreement_types(client=client)
    directory.refresh_companies(client=client)
    directory.refresh_products(client=client)
    directory.refresh_agreements(client=client)
    PlatformSettings.load()
    PlatformSettings.objects.update(seller_id="seller-77")
    ConnectWiseSettings.load()
    usual = AgreementType.objects.get(connectwise_id=2)
    ConnectWiseSettings.objects.update(default_agreement_type=usual)


def make_agreements(count: int) -> list[Any]:
    """So many that a line of May can be posted into; what the stand-in lacks is made there."""
    from psa_connectwise import conf, directory
    from psa_connectwise.models import Agreement
    from psa_connectwise.payloads import NewAgreement

    open_now = Agreement.objects.filter(
        status="Active",
        currency_code="EUR",
        prorate=False,
        bill_start_date__lte=MAY,
        next_invoice_date__lte=MAY,
        company__deleted=False,
    ).select_related("company")
    company = open_now[0].company
    assert company
    for number in range(count - open_now.count()):
        made = conf.get_client().create_agreement(
            NewAgreement(
                name=f"Bench {number}",
                type_id=2,
                company_id=company.connectwise_id,
                contact_id=company.default_contact_id,
                currency_id=company.currency_id,
                start_date=MAY,
            )
        )
        directory.record_agreement(agreement=made.value)
    return list(open_now.all()[:count])


def _changes(
    name: str,
    choice: Random,
    places: Sequence[Any],
    products: Sequence[Any],
    month: date,
    more: int,
) -> dict[str, Any]:
    agreement, product = choice.choice(places), choice.choice(products)
    quantity, cents = choice.randint(1, 40) + more, choice.randint(100, 9999)
    price, cost = Decimal(cents) / 100, Decimal(cents - 50) / 100
    return {
        "platform_id": f"{name}-{month:%y%m}",
        "subscription_id": f"SUB-{name}",
        "agreement_id": agreement.pk,
        "company_id": agreement.company_id,
        "product_id": product.pk,
        "quantity": quantity,
        "unit_price": price,
        "unit_cost": cost,
        "total_price": quantity * price,
        "total_cost": quantity * cost,
    }


class Processor:
    """What processes have used of it since the start; ask often, for a session may end in between."""

    def __init__(self, *, pids: Collection[int] = (), database: str = "-") -> None:
        self._pids, self._database = {str(pid) for pid in pids}, f" {database} "
        self._before = self._ticks()
        self._after = dict(self._before)

    def look(self) -> None:
        """Before a process ends, whose time is gone with it."""
        self._after |= self._ticks()

    def seconds(self) -> float:
        return sum(n - self._before.get(pid, 0) for pid, n in self._after.items()) / TICK

    def _ticks(self) -> dict[str, int]:
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and self._counts(entry):
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                    found[entry.name] = int(stat[11]) + int(stat[12])
        return found

    def _counts(self, entry: Path) -> bool:
        """One of the processes, or a session of the database."""
        if entry.name in self._pids:
            return True
        command = (entry / "cmdline").read_bytes()
        return command.startswith(b"postgres:") and self._database.encode() in command
