"""How posting speaks to ConnectWise: its client, our key's field, its answers as images."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from invoices.models import SyncRun
from invoices.queries.run_waits import Waiting
from invoices.sync.images import AdditionImage
from invoices.sync.keys import PREFIX
from platform_client import conf as platform_conf
from platform_client.models import PlatformSettings
from psa_connectwise import conf
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.payloads import NewAddition
from psa_connectwise.schemas import Addition
from wire.errors import TransientError
from wire.items import BadItem

# A shorter pause is over before it is read.
SAID_FROM = 1.0
# A key that was sent twice, or given up while its fate was unknown, is looked for again then.
FIRST_RECHECK = timedelta(hours=1)
LAST_RECHECK = timedelta(days=1)


def lease_seconds() -> float:
    """A claim's lease: one request's time-out and the time a late write may still take."""
    return settings.CONNECTWISE_TIMEOUT_SECONDS + settings.CONNECTWISE_SETTLE_SECONDS


def client(*, turn: AbstractContextManager[object] | None = None) -> ConnectWiseClient:
    """Raises `wire.errors.NotConfigured`, a ConfigError, naming what is missing."""
    return conf.get_client(turn=turn)


def throttled() -> Waiting | None:
    """While ConnectWise has asked all of us to wait (429), what a page says of it."""
    try:
        seconds = conf.limit().paused_seconds()
    except TransientError:
        return None  # without a broker nothing is posted, which is told elsewhere
    if seconds < SAID_FROM:
        return None
    until = timezone.now() + timedelta(seconds=seconds)
    return Waiting("ConnectWise takes no more requests for now (429)", until)


def installation() -> str:
    """ConnectWise's company id: part of every key."""
    return conf.credentials().company_id


def is_here(run: SyncRun) -> bool:
    """Whether the run was planned for the ConnectWise that is set up now; ids mean nothing elsewhere."""
    planned_for, here = str(run.plan.get("installation") or ""), installation()
    # In either case, as in keys.py. Where one of both isn't known, nothing speaks against it.
    return not (planned_for and here) or planned_for.lower() == here.lower()


def reference_field() -> str:
    """The field that carries our key in new Additions (P44)."""
    return ConnectWiseSettings.load().reference_field


def seller_id() -> str:
    """Who we are on the Platform, asked once and kept; raises `wire.errors.RemoteError`."""
    kept = PlatformSettings.load()
    if not kept.seller_id:
        kept.seller_id = platform_conf.get_client().ping().seller_id
        kept.save(update_fields=["seller_id"])
    return kept.seller_id


@dataclass(frozen=True, slots=True)
class Reference:
    """Where our key stands: serialNumber, or the custom field of that caption and id."""

    field: str
    custom_field_id: int | None = None

    def key_of(self, addition: Addition) -> str:
        """Our key, in the field or wherever another setting put it; else what stands in the field."""
        others = addition.custom_fields
        named = others.get(self.field)
        if self.field == ConnectWiseSettings.SERIAL_NUMBER:
            named = addition.serial_number
        everywhere = (str(one) for one in (named, addition.serial_number, *others.values()))
        ours = next((one for one in everywhere if one.startswith(PREFIX)), "")
        return ours or str(named or "")

    def may_carry(self, bad: BadItem, key: str) -> bool:
        """Whether an Addition that can't be read is, or could be, the one of this key."""
        record = bad.record
        if not isinstance(record, dict):
            return True
        if self.field == ConnectWiseSettings.SERIAL_NUMBER:
            return record.get("serialNumber") == key
        custom = record.get("customFields") or []
        if not isinstance(custom, list):
            return True
        return any(isinstance(one, dict) and one.get("value") == key for one in custom)

    def new_addition(self, image: AdditionImage, key: str) -> NewAddition:
        """Price, cost, quantity, description, taxable and billable always go along."""
        # A new one has no other custom fields yet, so one entry is the whole array. Careful: that id
        # and value do for it is not documented.
        in_serial = self.custom_field_id is None
        custom = () if in_serial else ({"id": self.custom_field_id, "value": key},)
        return NewAddition(
            product_id=image.product_id,
            quantity=image.quantity,
            unit_price=image.unit_price,
            unit_cost=image.unit_cost,
            effective_date=image.effective_date,
            cancelled_date=image.cancelled_date,
            invoice_description=image.invoice_description,
            taxable=image.taxable,
            bill_customer=image.bill_customer,
            serial_number=key if in_serial else "",
            custom_fields=custom,
        )


def kept_reference(field: str) -> Reference | None:
    """The custom field as an earlier run in this ConnectWise found it; None before the first."""
    runs = SyncRun.objects.filter(plan__reference__field=field, plan__installation=installation())
    kept = runs.order_by("-pk").values_list("plan__reference__id", flat=True).first()
    return Reference(field, kept) if kept else None


def image_of(addition: Addition) -> AdditionImage | None:
    """What an Addition says; None where it lacks what every Addition of ours has."""
    if (
        addition.product_id is None
        or addition.quantity is None
        or addition.unit_price is None
        or addition.unit_cost is None
        or addition.effective_date is None
    ):
        return None
    return AdditionImage(
        product_id=addition.product_id,
        quantity=addition.quantity,
        unit_price=addition.unit_price,
        unit_cost=addition.unit_cost,
        effective_date=addition.effective_date,
        cancelled_date=addition.cancelled_date,
        invoice_description=addition.invoice_description,
        taxable=addition.taxable,
        bill_customer=addition.bill_customer,
    )
