"""Reads the concerned agreements' additions, once, before a run is planned (docs/posting.md, 1).

A plain list each, never `conditions`: their search lags behind writes (docs/connectwise.md,
"Searching").
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Queue
from typing import TypeVar

from django.db import connection

from invoices.sync.keys import PREFIX
from invoices.sync.remote import Reference
from psa_connectwise.client import ConnectWiseClient
from psa_connectwise.models import ConnectWiseSettings
from psa_connectwise.schemas import Addition, Page
from wire.errors import ConfigError, NotFound
from wire.items import BadItem

T = TypeVar("T")

# Far below the silence after which a run counts as left alone (`LONGEST_SILENCE`).
BEAT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Listed:
    """What stands in the agreements: ours by key, and the highest id of each agreement."""

    by_key: dict[str, Addition] = field(default_factory=dict)
    by_id: dict[int, Addition] = field(default_factory=dict)
    highest_ids: dict[int, int] = field(default_factory=dict)
    reference: Reference = field(
        default_factory=lambda: Reference(ConnectWiseSettings.SERIAL_NUMBER)
    )
    # The agreement each key stands in, and the Additions that could not be read.
    places: dict[str, int] = field(default_factory=dict)
    bad: tuple[BadItem, ...] = ()

    def standing_elsewhere(self, key: str, agreement_id: int | None) -> str:
        """Why this key can't be posted there or taken up; "" when it can."""
        place = self.places.get(key)
        if place is not None and place != agreement_id:
            return (
                f"It is Addition {self.by_key[key].id} of another agreement ({place}) already. "
                "Choose that agreement, or delete the Addition in ConnectWise."
            )
        unreadable = next((one for one in self.bad if self.reference.may_carry(one, key)), None)
        if unreadable is None:
            return ""
        return (
            f"Addition {unreadable.item_id} in ConnectWise may be this line's, but can't be read: "
            f"{unreadable.reason}. Mend it there, then sync again."
        )


def list_agreements(
    client: ConnectWiseClient,
    agreement_ids: Iterable[int],
    reference_field: str,
    *,
    beat: Callable[[], None],
    at_once: int = 1,
    kept: Reference | None = None,
    others: Iterable[int] = (),
) -> Listed:
    """`at_once` is how many requests may be under way; `beat` is called all the while.

    Where no Addition of these agreements shows the custom field of our key, it is the one that was
    `kept`, or as Additions of `others` show it. Raises ConfigError where none does.
    """
    pages = dict(_pages(client, sorted(agreement_ids), beat, at_once))
    # Answers come in any order; what is made of them doesn't depend on it.
    additions = {one: pages[one].items for one in sorted(pages)}
    bad = [item for one in sorted(pages) for item in pages[one].bad]
    reference = (
        find_reference(reference_field, additions.values())
        or kept
        or find_reference(reference_field, _additions(client, others, beat))
    )
    if reference is None:
        raise _no_field(reference_field)
    return _listed(additions, bad, reference)


def _listed(
    additions: Mapping[int, Sequence[Addition]], bad: Iterable[BadItem], reference: Reference
) -> Listed:
    """`additions` by their agreement."""
    by_key: dict[str, Addition] = {}
    by_id: dict[int, Addition] = {}
    places: dict[str, int] = {}
    for agreement_id, found in additions.items():
        for addition in found:
            by_id[addition.id] = addition
            key = reference.key_of(addition)
            # The oldest of two of one key is the one that is kept.
            if key.startswith(PREFIX) and addition.id <= by_key.get(key, addition).id:
                by_key[key] = addition
                places[key] = agreement_id
    highest = {one: max((a.id for a in found), default=0) for one, found in additions.items()}
    return Listed(by_key, by_id, highest, reference, places, tuple(bad))


def _no_field(name: str) -> ConfigError:
    return ConfigError(
        f"No Addition that was read in ConnectWise shows the custom field “{name}”. "
        "Choose serialNumber in Settings → Configuration, or add the field to Additions in "
        "ConnectWise.",
        service="ConnectWise",
    )


def _pages(
    client: ConnectWiseClient, ids: Sequence[int], beat: Callable[[], None], at_once: int
) -> Iterator[tuple[int, Page[Addition]]]:
    """Each agreement with its Additions, in the order in which they are answered."""

    def read(agreement_id: int) -> tuple[int, Page[Addition]]:
        try:
            return agreement_id, client.additions(agreement_id)
        except NotFound:
            return agreement_id, Page(())  # an agreement that is gone has none
        finally:
            # A thread that had something to log has opened one of its own.
            connection.close()

    answers: Queue[Future[tuple[int, Page[Addition]]]] = Queue()
    threads = ThreadPoolExecutor(at_once)
    try:
        for agreement_id in ids:
            threads.submit(read, agreement_id).add_done_callback(answers.put)
        for _ in ids:
            yield _next(answers, beat).result()
    finally:
        # The first failure ends it: nothing more is asked.
        threads.shutdown(cancel_futures=True)


def _next(answers: Queue[T], beat: Callable[[], None]) -> T:
    while True:
        beat()
        with suppress(Empty):
            return answers.get(timeout=BEAT_SECONDS)


def _additions(
    client: ConnectWiseClient, ids: Iterable[int], beat: Callable[[], None]
) -> Iterator[Sequence[Addition]]:
    """Agreement by agreement, each read as it is asked for."""
    for agreement_id in ids:
        beat()
        with suppress(NotFound):
            yield client.additions(agreement_id).items


def find_reference(name: str, listed: Iterable[Iterable[Addition]]) -> Reference | None:
    """The custom field's id is read off any addition that shows it; None where none does."""
    if name == ConnectWiseSettings.SERIAL_NUMBER:
        return Reference(name)
    for additions in listed:
        for addition in additions:
            for custom in addition.custom_fields_raw or ():
                number = custom.get("id")
                if custom.get("caption") == name and isinstance(number, int):
                    return Reference(name, number)
    return None
