"""What a seed is played on: the stand-in, its directory read once, and every clock in the crew's hands."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import requests
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from django.test import override_settings

from invoices.models import InvoiceSettings, SyncRun
from invoices.sync import lanes, patience, read
from invoices.sync.claim import claim_next
from invoices.tasks import sync as tasks
from platform_client.models import PlatformSettings
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import Agreement, AgreementType, ConnectWiseSettings, Product
from psa_connectwise.sandbox import ConnectWiseStandIn, Keys
from psa_connectwise.sandbox.server import CODEBASE
from psa_connectwise.sandbox.store import Store
from tests.flush import KEPT
from tests.invoices.sync.world import TODAY, read_directory
from tests.soak.boundaries import Boundary, Tally
from tests.soak.crew import Crew
from tests.soak.hands import Hands, Inline, Turn
from tests.soak.scenario import Places
from tests.soak.weather import SETTLE_SECONDS, TIMEOUT_SECONDS, Weather
from wire import session
from wire.errors import TransientError

B = Boundary
WORKERS = 8
LANES = 4
# The months are over: what is gone may end.
AFTER_ALL = date(2026, 9, 1)
DIRECTORY = (
    *("psa_connectwise_agreement", "psa_connectwise_agreementtype", "psa_connectwise_company"),
    *("psa_connectwise_product", "psa_connectwise_connectwisesettings"),
    *("platform_client_platformsettings", "invoices_invoicesettings", "invoices_chargetypename"),
    *("invoices_chargedaterule", "auth_user"),
)
OURS = ("integration", "invoices", "mapping", "platform_client", "psa_connectwise", "wire")

URL = "http://127.0.0.1:9"  # never connected to

RESTART = """
    SELECT setval(oid::regclass, 1, false) FROM pg_class
    WHERE relkind = 'S' AND relname ~ '^(invoices|mapping)_'
"""

Bell = tuple[Callable[..., None], tuple[int, ...]]


@dataclass
class Stage:
    """One per process; `reset` gives a seed its clean start."""

    crew: Crew
    app: ConnectWiseStandIn
    weather: Weather
    places: Places
    operator: User
    bells: list[Bell]
    complaints: list[str]
    highest_agreement: int

    @property
    def store(self) -> Store:
        return self.app.store

    def reset(self, seed: int) -> Tally:
        _empty(self.highest_agreement)
        self.app.reset_data()
        _share_company(self.store, *self.places.agreements)
        self.crew.begin(seed)
        self.bells.clear()
        self.complaints.clear()
        self.weather.calm()
        self.weather.paused_until = 0.0
        self.weather.undoing = False
        self.weather.tally = Tally()
        return self.weather.tally


@contextmanager
def stage() -> Iterator[Stage]:
    """On the database that is set up; nothing of the product is changed but its clocks and its wire."""
    app = ConnectWiseStandIn(keys=Keys(), store=Store(lambda: TODAY, None))
    crew = Crew(WORKERS)
    weather = Weather(crew, app, Tally())
    bells: list[Bell] = []
    complaints: list[str] = []
    with ExitStack() as undone:
        undone.callback(crew.end)
        undone.enter_context(override_settings(**_settings(app.keys)))
        for one in _patches(crew, weather, bells):
            undone.enter_context(one)
        for one in _listening(complaints):
            undone.enter_context(one)
        _empty(_highest_agreement(app.store))
        cache.set(f"connectwise-codebase:{app.keys.company_id}@{URL}", CODEBASE)
        places = _places(app.store)
        yield Stage(
            crew=crew,
            app=app,
            weather=weather,
            places=places,
            operator=User.objects.get_or_create(username="operator")[0],
            bells=bells,
            complaints=complaints,
            highest_agreement=_highest_agreement(app.store),
        )


def _highest_agreement(store: Store) -> int:
    """Of those that stood there on the first day."""
    return max(int(one["id"]) for one in store.all("agreements"))


def _settings(keys: Keys) -> dict[str, Any]:
    return {
        "CONNECTWISE_URL": URL,
        "CONNECTWISE_COMPANY_ID": keys.company_id,
        "CONNECTWISE_PUBLIC_KEY": keys.public,
        "CONNECTWISE_PRIVATE_KEY": keys.private,
        "CONNECTWISE_CLIENT_ID": keys.client_id,
        "CONNECTWISE_TIMEOUT_SECONDS": TIMEOUT_SECONDS,
        "CONNECTWISE_SETTLE_SECONDS": SETTLE_SECONDS,
        "CONNECTWISE_MAX_REQUESTS_PER_MINUTE": 0,
        "CONNECTWISE_CONCURRENCY": LANES,
    }


def _patches(crew: Crew, weather: Weather, bells: list[Bell]) -> Iterator[Any]:
    """Clocks, sleeping, the wire and the broker; the rest is the product as it is."""
    clock = SimpleNamespace(monotonic=lambda: crew.now, sleep=crew.pause)
    request = session.RemoteSession.request
    sessions = session._http_session
    wait = patience.wait

    def claiming(run_id: int, epoch: int) -> object:
        weather.mishap("recorded")
        return claim_next(run_id, epoch)

    def requesting(self: session.RemoteSession, *args: Any, **kwargs: Any) -> session.Answer:
        stamp = kwargs.get("on_send")
        if stamp is None:
            return request(self, *args, **kwargs)
        kwargs["on_send"] = weather.around(stamp)
        try:
            return request(self, *args, **kwargs)
        finally:
            weather.mishap("replied")

    def waiting(a_run: SyncRun, error: TransientError) -> str:
        weather.hit(B.PLAN_WAITS)
        return wait(a_run, error)

    def mounted(*args: Any) -> requests.Session:
        made = sessions(*args)
        made.mount("http://", weather)
        return made

    yield patch.object(lanes, "time", clock)
    yield patch.object(lanes, "PAUSE", 12.0)  # each look costs statements, not seconds
    yield patch.object(lanes, "claim_next", claiming)
    yield patch.object(lanes, "ThreadPoolExecutor", lambda size: Hands(crew))
    # Its threads close their sessions; here that one is the planner's own.
    yield patch.object(read, "ThreadPoolExecutor", Inline)
    yield patch.object(read, "connection", SimpleNamespace(close=lambda: None))
    yield patch.object(lanes, "Lock", lambda: Turn(crew))
    yield patch.object(patience, "wait", waiting)
    yield patch.object(session, "_http_session", mounted)
    yield patch.object(session.RemoteSession, "request", requesting)
    yield patch.dict(_defaults(session.RemoteSession), {"jitter": lambda low, high: high})
    yield patch.dict(_defaults(ConnectWiseClient), {"sleep": crew.pause})
    yield patch("psa_connectwise.conf.throttle", lambda **_: weather)
    yield patch.object(InvoiceSettings, "business_day", lambda self, now: AFTER_ALL)
    for task in (tasks.plan_and_post, tasks.work_lane):
        yield patch.object(task, "delay", _ring(task, bells))


def _ring(task: Callable[..., None], bells: list[Bell]) -> Callable[..., None]:
    return lambda *args: bells.append((task, args))


def _defaults(kind: type) -> dict[str, Any]:
    defaults: dict[str, Any] = kind.__init__.__kwdefaults__  # type: ignore[misc]
    return defaults


def _listening(complaints: list[str]) -> Iterator[Any]:
    """A traceback in the log is a bug, whatever came of it; the database's own log is not kept."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info:
                complaints.append(self.format(record))

    for logger in map(logging.getLogger, OURS):
        yield patch.object(logger, "handlers", [Listener()])
        yield patch.object(logger, "propagate", False)


def _places(store: Store) -> Places:
    PlatformSettings.load()
    PlatformSettings.objects.update(seller_id="seller-77")
    if not Agreement.objects.exists():
        read_directory()
    ConnectWiseSettings.load()
    InvoiceSettings.load()
    ConnectWiseSettings.objects.update(
        default_agreement_type=AgreementType.objects.get(connectwise_id=2)
    )
    live = Agreement.objects.filter(
        status="Active",
        currency_code="EUR",
        prorate=False,
        parent=None,
        agreement_type__connectwise_id=2,
    ).order_by("connectwise_id")
    first, second = live[:2]
    _share_company(store, first, second)
    Agreement.objects.filter(pk=second.pk).update(company=first.company)
    second.refresh_from_db()
    assert first.company
    sold = Product.objects.filter(product_class="Agreement").order_by("connectwise_id")
    products = tuple(sold.filter(inactive=False)[:3])
    return Places(
        company=first.company,
        agreements=(first, second),
        products=products,
        refusing=_refusing(first, products[0]),
    )


def _refusing(agreement: Agreement, product: Product) -> dict[str, Any]:
    """One way into each kind of refusal that the plan knows by itself."""
    company = agreement.company
    bundle = Product.objects.filter(product_class="Bundle")[0]
    inactive = Product.objects.filter(product_class="Agreement", inactive=True)[0]
    over = Agreement.objects.exclude(status="Active").exclude(company=None)[0]
    foreign = Agreement.objects.filter(status="Active", company__deleted=False).exclude(
        currency_code="EUR"
    )[0]
    return {
        "product_bundle": (company, agreement, bundle),
        "product_inactive": (company, agreement, inactive),
        "agreement_not_active": (over.company, over, product),
        "currency_differs": (foreign.company, foreign, product),
    }


def _share_company(store: Store, first: Agreement, second: Agreement) -> None:
    """The second belongs to the first one's company: lines can move between them."""
    there = store.find("agreements", first.connectwise_id)
    assert there
    shared = ("company", "contact", "site", "currency", "billStartDate", "nextInvoiceDate")
    store.edit("agreements", second.connectwise_id, **{name: there[name] for name in shared})


def _empty(highest_agreement: int) -> None:
    """All that a seed made; the directory stays."""
    kept = KEPT | set(DIRECTORY)
    tables = connection.introspection.django_table_names(only_existing=False, include_views=False)
    deletions = [f"DELETE FROM {connection.ops.quote_name(one)}" for one in set(tables) - kept]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(";".join(deletions))
        # From 1 on again: what goes by the order of ids goes alike in every replay.
        cursor.execute(RESTART)
        Agreement.objects.filter(connectwise_id__gt=highest_agreement).delete()
