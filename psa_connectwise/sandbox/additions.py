"""Writes to additions: which rule makes the record, for each method."""

from typing import Any

from psa_connectwise.sandbox import rules
from psa_connectwise.sandbox.errors import ApiError
from psa_connectwise.sandbox.names import NAMES
from psa_connectwise.sandbox.store import Record, Store


def write(
    store: Store, method: str, body: Any, before: Record | None, agreement_id: int | None
) -> Record | None:
    """The record to store; None deletes. Runs under the store's lock."""
    agreement = store.find("agreements", agreement_id)
    assert agreement
    if before is None:
        made = rules.new_addition(_object(body), agreement, store.find, store.today())
        number = store.next_id("additions")
        # Each agreement counts its own.
        sequence = len(store.by_agreement.get(agreement["id"], ())) + 1
        return {"id": number, "sequenceNumber": sequence, **made}
    if method == "DELETE":
        rules.check_addition_deletable(before)
        return None
    if method == "PUT":
        return rules.changed_addition(before, _object(body), agreement, store.find, replace=True)
    changes = rules.patched(body, NAMES["additions"])
    return rules.changed_addition(before, changes, agreement, store.find, replace=False)


def rounded(record: Record, places: int) -> Record:
    """The record as stored where unit prices keep fewer places."""
    return rules.computed(record, places)


def _object(body: Any) -> Record:
    if not isinstance(body, dict):
        raise ApiError(400, "InvalidObject", "addition object is invalid", [])
    return body
