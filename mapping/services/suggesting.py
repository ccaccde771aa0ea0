"""Works out what every unmapped organization or offer may be in ConnectWise, and keeps it (P11).

It maps nothing. It is done after each refresh and after each load.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction

from mapping.models import Offer, OfferSuggestion, Suggestion
from mapping.names import code_key, search_text
from mapping.queries.candidates import like_names
from mapping.queries.deciding import (
    Target,
    decision_key,
    decisions,
    dismissed,
    offered_targets,
    subjects,
    undone,
)
from mapping.similarity import Candidate, Ranked, Subject, rank
from mapping.tabs import ORGANIZATIONS, PRODUCTS, Tab
from psa_connectwise.models import Product

logger = logging.getLogger(__name__)

# The suggestion, the runner-up, and one to move up when somebody dismisses.
KEPT = 3
BATCH = 2000


def suggest_for_all_tabs() -> None:
    """After what was read has changed."""
    for tab in (ORGANIZATIONS, PRODUCTS):
        suggest_quietly(tab)


def suggest_quietly(tab: Tab) -> None:
    """Never fails what it follows: the refresh or load that is done stays done."""
    try:
        suggest_mappings(tab)
        _measure(tab)
    except Exception:
        logger.exception("The suggestions for %s could not be worked out", tab.plural)


def _measure(tab: Tab) -> None:
    """What was just read whole has other sizes than the planner knows of: let it look at once."""
    models = (tab.model, tab.target_model, tab.suggestion_model)
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(model._meta.db_table)}")


@transaction.atomic
def suggest_mappings(tab: Tab) -> int:
    """Work out the suggestions of a tab anew; how many records have one."""
    _one_at_a_time(tab)
    wanted = subjects(tab)
    candidates = _candidates(tab, wanted, offered_targets(tab)) if wanted else {}
    ranked = {record: rank(wanted[record], found) for record, found in candidates.items()}
    # One of two models, which bulk_create can't tell apart by type.
    suggestions: Any = tab.suggestion_model._default_manager
    # What somebody dismissed stays, and is taken out of the candidates above.
    suggestions.filter(dismissed_at__isnull=True).delete()
    suggestions.bulk_create(_rows(tab, ranked), batch_size=BATCH)
    number = sum(bool(found) for found in ranked.values())
    logger.debug("Suggestions for %s of %s %s", number, len(wanted), tab.plural)
    return number


def propose_to_namesakes(*, offer: Offer, product: Product) -> None:
    """What was decided for an offer is proposed at once for those that are called the same."""
    same = Offer.objects.filter(
        product=None, name__iexact=offer.name, vendor_name__iexact=offer.vendor_name
    ).exclude(pk=offer.pk)
    rows = [
        OfferSuggestion(
            record_id=pk,
            target=product,
            place=0,  # before what was worked out
            score=100,
            reason=_as_decided(offer.platform_id),
        )
        for pk in same.values_list("pk", flat=True)
    ]
    # One that was dismissed stays dismissed.
    OfferSuggestion.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["record", "target"],
        update_fields=["place", "score", "reason"],
    )


def _one_at_a_time(tab: Tab) -> None:
    """Two who work it out at once would write every row twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"suggest {tab.key}"])


def _candidates(
    tab: Tab, wanted: Mapping[int, Subject], targets: Mapping[int, Target]
) -> dict[int, list[Candidate]]:
    """What each record may be: like names, the same code, what was decided before; less the dismissed."""
    near = _near(tab, wanted, targets)
    coded: dict[str, list[int]] = defaultdict(list)
    for pk, target in targets.items():
        coded[code_key(target.identifier)].append(pk)
    taken_away, refused = undone(tab, wanted), dismissed(tab)
    # Two offers of one name are one product; two customers of one name are mostly two.
    decided = decisions(tab) if tab.shares_targets else {}
    found = {}
    for record, subject in wanted.items():
        decision, whose = decided.get(decision_key(subject), (0, ""))
        code = code_key(subject.code)
        pks = {*near.get(record, ()), *(coded[code] if code else ()), decision}
        found[record] = [
            _candidate(
                targets[pk],
                key=pk,
                decided=_as_decided(whose) if pk == decision else "",
                undone=taken_away.get((record, pk), ""),
            )
            for pk in sorted(pks & targets.keys())
            if (record, pk) not in refused
        ]
    return found


def _near(
    tab: Tab, wanted: Mapping[int, Subject], targets: Mapping[int, Target]
) -> Mapping[int, list[int]]:
    texts = [(pk, search_text(one.name, tab.kind, one.vendor)) for pk, one in wanted.items()]
    # A product may be called with its maker's name or without.
    texts += [
        (pk, search_text(f"{one.vendor} {one.name}", tab.kind))
        for pk, one in wanted.items()
        if one.vendor
    ]
    names = {pk: search_text(one.name, tab.kind) for pk, one in targets.items()}
    return like_names(texts, names, tab.kind)


def _candidate(target: Target, *, key: int, decided: str, undone: str) -> Candidate:
    return Candidate(
        key=key,
        name=target.name,
        identifier=target.identifier,
        connectwise_id=target.connectwise_id,
        decided=decided,
        undone=undone,
    )


def _as_decided(whose: str) -> str:
    return f"As decided for {whose}, which has the same name"


def _rows(tab: Tab, ranked: Mapping[int, list[Ranked]]) -> list[Suggestion]:
    return [
        tab.suggestion_model(
            record_id=record,
            target_id=one.candidate.key,
            place=place,
            score=one.match.score,
            reason=one.match.reason,
        )
        for record, found in ranked.items()
        for place, one in enumerate(found[:KEPT], 1)
    ]
