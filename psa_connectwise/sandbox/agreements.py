"""Writes to agreements: which rule makes the record, for each method."""

from typing import Any

from psa_connectwise.sandbox import rules
from psa_connectwise.sandbox.errors import ApiError, Findings
from psa_connectwise.sandbox.names import NAMES
from psa_connectwise.sandbox.store import Record, Store


def write(
    store: Store, method: str, body: Any, before: Record | None, _: int | None
) -> Record | None:
    """The record to store; None deletes. Runs under the store's lock."""
    if before is None:
        made = rules.new_agreement(_object(body), store.find, store.today())
        return {"id": store.next_id("agreements"), **made}
    if method == "DELETE":
        _check_deletable(store, before)
        return None
    replace = method == "PUT"
    changes = _object(body) if replace else rules.patched(body, NAMES["agreements"])
    held = store.all("additions", before["id"])
    invoiced = any(addition.get("__invoiced") for addition in held)
    return rules.changed_agreement(before, changes, store.find, replace=replace, invoiced=invoiced)


def _check_deletable(store: Store, agreement: Record) -> None:
    if store.all("additions", agreement["id"]):
        found = Findings("agreement")
        found.add(None, "The agreement has additions and cannot be deleted.", "id")
        found.refuse()


def _object(body: Any) -> Record:
    if not isinstance(body, dict):
        raise ApiError(400, "InvalidObject", "agreement object is invalid", [])
    return body
