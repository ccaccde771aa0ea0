"""Writes a change to lines by one UPDATE, whatever changes; a line that stays as it is keeps its
badges and its version.
"""

from collections.abc import Mapping
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Literal

from django.db.models import Case, F, ForeignKey, Q, QuerySet, Value, When

from invoices.models import InvoiceLine, LineEdit
from invoices.models.lines import DateSource, ValueSource
from invoices.services.line_change import Choice, LineChange
from psa_connectwise.models import Agreement, Company, Product


def write_change(
    lines: QuerySet[InvoiceLine], change: LineChange, *, origin: ValueSource, edit: LineEdit
) -> int:
    """How many lines really changed; those point at `edit` from now on."""
    values = dict[str, Any]()
    for condition, assignments in _parts(change, origin):
        values |= {name: _where(condition, name, value) for name, value in assignments.items()}
    if not values:
        return 0
    return lines.filter(differs(change)).update(
        **values, version=F("version") + 1, last_edit=edit.pk
    )


def differs(change: LineChange) -> Q:
    """The lines that the change would really change."""
    conditions = (condition for condition, _ in _parts(change, ValueSource.USER))
    return reduce(or_, conditions, Q(pk__in=[]))


# Where the condition holds, the line differs and gets these values.
Part = tuple[Q, Mapping[str, Any]]


def _parts(change: LineChange, origin: ValueSource) -> list[Part]:
    return [
        *_start(change.start),
        *_end(change.end),
        *_mapped("company", change.company, origin),
        *_agreement(change, origin),
        *_mapped("product", change.product, origin),
    ]


def _start(start: date | Choice) -> list[Part]:
    if isinstance(start, Choice):
        return []
    values = {"charge_start_date": start, "charge_start_date_source": DateSource.USER}
    return [(~Q(charge_start_date=start), values)]


def _end(end: date | Choice) -> list[Part]:
    if end is Choice.KEEP:
        return []
    if end is Choice.AUTOMATIC:
        automatic = {
            "charge_end_date": F("automatic_end_date"),
            "charge_end_date_source": F("automatic_end_date_source"),
        }
        return [(Q(charge_end_date_source=DateSource.USER), automatic)]
    values = {"charge_end_date": end, "charge_end_date_source": DateSource.USER}
    return [(_differs("charge_end_date", end), values)]


def _mapped(
    part: Literal["company", "product"],
    target: Company | Product | Choice | None,
    origin: ValueSource,
) -> list[Part]:
    if isinstance(target, Choice):
        return []
    values = {
        part: target,
        f"{part}_name": target.name if target else "",
        f"{part}_connectwise_id": target.connectwise_id if target else None,
        f"{part}_source": origin if target else ValueSource.NONE,
    }
    return [(_differs(part, target), values)]


def _agreement(change: LineChange, origin: ValueSource) -> list[Part]:
    """Another company clears an agreement that was not chosen along with it (P31)."""
    agreement = change.agreement
    if agreement is Choice.KEEP:
        if isinstance(change.company, Choice):
            return []
        return [(_differs("company", change.company), _agreement_values(None, origin))]
    creates = agreement is Choice.CREATE
    chosen = None if isinstance(agreement, Choice) else agreement
    differs = _differs("agreement", chosen) | ~Q(create_agreement=creates)
    return [(differs, _agreement_values(chosen, origin, creates=creates))]


def _agreement_values(
    agreement: Agreement | None, origin: ValueSource, *, creates: bool = False
) -> Mapping[str, Any]:
    return {
        "agreement": agreement,
        "agreement_name": agreement.name if agreement else "",
        "create_agreement": creates,
        "agreement_source": origin if agreement or creates else ValueSource.NONE,
    }


def _differs(field: str, value: object) -> Q:
    # Django's ~Q of a nullable column holds for NULL, too, as IS DISTINCT FROM would.
    return Q(**{f"{field}__isnull": False}) if value is None else ~Q(**{field: value})


def _where(condition: Q, name: str, value: Any) -> Case:
    """The column's new value where the condition holds, else what it is."""
    column: Any = InvoiceLine._meta.get_field(name)
    kind = column.target_field if isinstance(column, ForeignKey) else column
    new = value if isinstance(value, F) else Value(getattr(value, "pk", value), output_field=kind)
    return Case(When(condition, then=new), default=F(name), output_field=kind)
