"""The part of Test connection that asks this installation: broker, workers, beat, currencies."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.utils import timezone

from integration import probes
from integration.checks import Check, Side
from invoices.models import InvoiceLine
from psa_connectwise.models import Agreement, Company

SIDE: Side = "Linebridge"
WORKER = "celery -A integration worker"
BEAT = "celery -A integration beat"


def own_checks() -> Iterator[Check]:
    """Never raises: what can't be asked is a failed check."""
    limit = settings.CONNECTWISE_MAX_REQUESTS_PER_MINUTE
    broker = _check(
        "Broker and rate limiter",
        probes.ask_broker,
        f"Redis answers; it holds all workers to {limit:,} requests a minute.",
        "Redis does not answer: nothing is loaded or posted. Check REDIS_URL and the server.",
    )
    yield broker
    if broker.state == "ok":
        yield _check(
            "Workers",
            probes.ask_workers,
            "A worker answers.",
            f"No worker answers: loads and syncs wait. Start one: {WORKER}",
        )
        yield _check(
            "Beat",
            _beat_is_heard,
            "Beat was heard in the last minutes.",
            "Beat was not heard for minutes: nothing runs by itself, and unconfirmed postings are "
            f"not looked for. Start it, and a worker: {BEAT}",
        )
    yield from _currencies()


def _beat_is_heard() -> bool:
    return not probes.is_silent(probes.last_knock(), now=timezone.now())


def _check(name: str, ask: Callable[[], bool], well: str, ill: str) -> Check:
    try:
        works = ask()
    except Exception:  # whatever it is, that part does not work
        works = False
    return Check(SIDE, name, "ok" if works else "failed", well if works else ill)


def _currencies() -> Iterator[Check]:
    """Lines in a currency that no agreement and no company has can't be posted."""
    known: set[str] = set()
    for model in (Company, Agreement):
        codes = model._default_manager.exclude(currency_code="")
        known |= set(codes.values_list("currency_code", flat=True).distinct())
    waiting = InvoiceLine.objects.exclude(psa_status=InvoiceLine.Status.SYNCED).order_by()
    unknown = sorted(set(waiting.values_list("currency", flat=True).distinct()) - known)
    if unknown:
        words = (
            f"No agreement and no company of ConnectWise is in {', '.join(unknown)}: lines in it "
            "can't be posted. Add the currency there, then refresh the directory."
        )
        yield Check(SIDE, "Currencies", "warning", words)
    elif known:
        yield Check(
            SIDE, "Currencies", "ok", f"Known from ConnectWise: {', '.join(sorted(known))}."
        )
