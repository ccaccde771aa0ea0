"""What the pickers offer: best match first, twenty at most, fast with 50,000 records (P31, P32)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from django.contrib.auth.models import User
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from mapping.models import MappingChange, Organization
from mapping.numbers import is_number
from mapping.queries.offered import offered
from psa_connectwise.models import Agreement, Company, ConnectWiseSettings, Product
from psa_connectwise.text import normalise

LIMIT = 20
RECENT = 5
# Each word is a condition of its own; a name pasted whole is found by its first ones.
MAX_WORDS = 8
NEW = "new"
Record = TypeVar("Record", Company, Product)


@dataclass(frozen=True, kw_only=True)
class Option:
    """One answer: `label` is what the field will show, `second` tells twins apart."""

    value: str
    label: str
    second: str
    connectwise_id: str = ""
    disabled: bool = False


def company_options(*, search: str, user: User) -> list[Option]:
    """Companies that may be chosen; without a search the recently used ones first."""
    choosable = Company.objects.filter(offered("company"))
    found = _found(choosable, search, recent=_recent(user, MappingChange.Kind.ORGANIZATION))
    return [
        _option(one, second=" · ".join(filter(None, (one.identifier, one.city, one.status))))
        for one in found
    ]


def organization_options(*, search: str) -> list[Option]:
    """The Platform's organizations, by name or Reference #."""
    found = Organization.objects.all()
    for word in search.split()[:MAX_WORDS]:
        found = found.filter(
            Q(name__unaccent__icontains=word) | Q(reference_number__unaccent__icontains=word)
        )
    begins = Case(When(name__istartswith=search.strip(), then=Value(0)), default=Value(1))
    return [
        Option(
            value=str(one.pk),
            label=one.name,
            second=" · ".join(filter(None, (one.reference_number, one.platform_id))),
        )
        for one in found.order_by(begins, "name", "pk")[:LIMIT]
    ]


def product_options(*, search: str, user: User) -> list[Option]:
    """Products that may be chosen; without a search the recently used ones first."""
    choosable = Product.objects.filter(offered("product"))
    found = _found(choosable, search, recent=_recent(user, MappingChange.Kind.OFFER))
    return [
        _option(one, second=" · ".join(filter(None, (one.identifier, one.product_class))))
        for one in found
    ]


def _option(record: Company | Product, *, second: str) -> Option:
    number = str(record.connectwise_id)
    return Option(
        value=str(record.pk),
        label=record.name,
        second=f"ID {number} · {second}" if second else f"ID {number}",
        connectwise_id=number,
    )


def words_of(search: str) -> list[str]:
    """What must be found, each anywhere in the name."""
    return normalise(search).split()[:MAX_WORDS]


def _found(offered: "QuerySet[Record]", search: str, *, recent: Sequence[int]) -> list[Record]:
    words = words_of(search)
    if not words:
        return _first(offered, recent)
    matching = Q()
    for word in words:
        matching &= _contains(word)
    whole = " ".join(words)
    rank = Case(
        When(_number(search), then=Value(0)),
        When(search_name__startswith=whole, then=Value(1)),
        When(search_name__contains=f" {whole}", then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    return list(offered.filter(matching | _number(search)).order_by(rank, "name", "pk")[:LIMIT])


def _first(offered: "QuerySet[Record]", recent: Sequence[int]) -> list[Record]:
    """The recently used ones, then the alphabet."""
    used: dict[int, Record] = {one.pk: one for one in offered.filter(pk__in=recent)}
    chosen: list[Record] = [used[pk] for pk in recent if pk in used]
    chosen.extend(offered.exclude(pk__in=list(used)).order_by("name", "pk")[: LIMIT - len(chosen)])
    return chosen


def _contains(word: str) -> Q:
    """One or two letters begin a word; more are found anywhere, by the trigram index."""
    if len(word) > 2:
        return Q(search_name__contains=word)
    return Q(search_name__startswith=word) | Q(search_name__contains=f" {word}")


def _number(search: str) -> Q:
    """The record with that ConnectWise ID."""
    text = search.strip()
    return Q(connectwise_id=int(text)) if is_number(text, digits=9) else Q(pk__in=[])


def _recent(user: User, kind: MappingChange.Kind) -> list[int]:
    """What this user chose last, newest first."""
    chosen = MappingChange.objects.filter(user=user, kind=kind, after__isnull=False)
    newest = chosen.order_by("-created_at", "-pk").values_list("after__id", flat=True)
    return list(dict.fromkeys(newest[:50]))[:RECENT]


def agreement_options(
    *, company_ids: Collection[int], search: str, today: date, user: User
) -> list[Option]:
    """The companies' live agreements, "Create new agreement", then those that can't be chosen.

    Without a search the recently used ones first. Of several companies, each names its own.
    """
    agreements = Agreement.objects.filter(company__in=company_ids).select_related(
        "parent", "agreement_type", "company"
    )
    words = words_of(search)
    for word in words:
        agreements = agreements.filter(_contains(word) | Q(parent__search_name__contains=word))
    # Which are live is told once they are read; of a company with more, a search finds the others.
    found = list(agreements.order_by("name", "pk")[:200])
    if not words:
        recent = _recent(user, MappingChange.Kind.AGREEMENT)
        found.sort(key=lambda one: recent.index(one.pk) if one.pk in recent else len(recent))
    several = len(company_ids) > 1
    options = [_agreement_option(one, today, names_company=several) for one in found]
    live = [option for option in options if not option.disabled]
    closed = [option for option in options if option.disabled]
    return [*live[: LIMIT - 1], new_agreement(), *closed][:LIMIT]


def _agreement_option(agreement: Agreement, today: date, *, names_company: bool) -> Option:
    why = why_closed(agreement, today)
    parts = [f"ID {agreement.connectwise_id}"]
    if names_company and agreement.company:
        parts.append(agreement.company.name)
    if agreement.parent:
        parts.append(f"child of {agreement.parent.name}")
    if agreement.agreement_type:
        parts.append(agreement.agreement_type.name)
    parts += filter(None, (agreement.currency_code, why))
    return Option(
        value=str(agreement.pk),
        label=agreement.name,
        second=" · ".join(parts),
        connectwise_id=str(agreement.connectwise_id),
        disabled=bool(why),
    )


def why_closed(agreement: Agreement, today: date) -> str:
    """Why nothing can be posted into it; "" when it is live."""
    if agreement.missing:
        return "not in ConnectWise any more"
    if agreement.cancelled or agreement.status == Agreement.Status.CANCELLED:
        return "cancelled"
    if agreement.status == Agreement.Status.EXPIRED or agreement.has_ended(today):
        return f"ended {agreement.end_date}" if agreement.end_date else "ended"
    return "" if agreement.is_live else "inactive"


def new_agreement() -> Option:
    """The explicit choice; it names the type, without which none can be made (P46)."""
    default = ConnectWiseSettings.load().default_agreement_type
    return Option(
        value=NEW,
        label="Create new agreement",
        second=f"of type {default.name}, named after the contract"
        if default
        else "Choose a default Agreement Type in Settings → Configuration first",
        disabled=default is None,
    )
