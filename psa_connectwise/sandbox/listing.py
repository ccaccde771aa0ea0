"""Lists as ConnectWise gives them: conditions, order, pages with Link, forward-only pages, fields."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from psa_connectwise.sandbox.conditions import ConditionError, Record, Test, lookup, parse
from psa_connectwise.sandbox.errors import bad_request
from psa_connectwise.sandbox.names import NAMES
from sandbox_kit.http import Request

DEFAULT_SIZE, MAX_SIZE = 25, 1000
_CUSTOM_NAMES = frozenset({"id", "caption", "value"})


def matching(records: Sequence[Record], kind: str, query: dict[str, str]) -> list[Record]:
    """The records that fit `conditions` and `customFieldConditions`, by id."""
    if query.get("childConditions"):
        raise bad_request("childConditions: this stand-in does not know them")
    try:
        tests = _tests(kind, query)
        found = [record for record in records if all(test(record) for test in tests)]
    except ConditionError as error:
        raise bad_request(f"conditions are invalid: {error}") from None
    # Forward-only pages need it: `pageId` means "ids above".
    return sorted(found, key=lambda record: int(record["id"]))


def _tests(kind: str, query: dict[str, str]) -> list[Test]:
    tests = []
    if query.get("conditions"):
        tests.append(parse(query["conditions"], NAMES[kind]))
    if query.get("customFieldConditions"):
        custom = parse(query["customFieldConditions"], _CUSTOM_NAMES)
        tests.append(lambda record: any(custom(entry) for entry in record.get("customFields", [])))
    return tests


def is_search(query: dict[str, str]) -> bool:
    """Only searches lag behind the writes; a plain list shows everything."""
    return bool(query.get("conditions") or query.get("customFieldConditions"))


def page(records: list[Record], kind: str, request: Request) -> tuple[list[Record], dict[str, str]]:
    """One page of the found records and its Link header."""
    query = request.query
    size = _whole(query, "pageSize", DEFAULT_SIZE)
    if not 1 <= size <= MAX_SIZE:
        raise bad_request(f"pageSize must be between 1 and {MAX_SIZE}")
    if (request.headers.get("pagination-type") or "").lower() == "forward-only":
        return _forward(records, request, size)
    records = _ordered(records, kind, query.get("orderBy", ""))
    number = _whole(query, "page", 1)
    if number < 1:
        raise bad_request("page must be 1 or more")
    last = max((len(records) + size - 1) // size, 1)
    links = []
    for relation, target in (
        ("first", 1),
        ("prev", number - 1),
        ("next", number + 1),
        ("last", last),
    ):
        useful = {"prev": number > 1, "next": number < last}.get(relation, True)
        if useful:
            links.append(_link(request, relation, page=target, pageSize=size))
    headers = {"Link": ", ".join(links)} if last > 1 else {}
    return records[(number - 1) * size : number * size], headers


def _forward(
    records: list[Record], request: Request, size: int
) -> tuple[list[Record], dict[str, str]]:
    """Records beyond `pageId`; the header is always there, and empty on the last page."""
    if request.query.get("orderBy"):
        raise bad_request("orderBy is not allowed with forward-only pagination")
    beyond = _whole(request.query, "pageId", 0)
    left = [record for record in records if record["id"] > beyond]
    shown = left[:size]
    more = len(left) > size
    link = _link(request, "next", pageSize=size, pageId=shown[-1]["id"]) if more else ""
    return shown, {"Link": link}


def _link(request: Request, relation: str, **changes: int) -> str:
    query = {**request.query, **{name: str(value) for name, value in changes.items()}}
    host = request.headers.get("Host") or "127.0.0.1"
    return f'<http://{host}{request.path}?{urlencode(query)}>; rel="{relation}"'


def _whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not text.isascii() or not text.isdigit():
        raise bad_request(f"{name} must be a whole number")
    return int(text)


def _ordered(records: list[Record], kind: str, order: str) -> list[Record]:
    for part in reversed([part.split() for part in order.split(",") if part.strip()]):
        path, direction = part[0], (part[1].lower() if len(part) > 1 else "asc")
        if path.split("/")[0] not in NAMES[kind] or direction not in ("asc", "desc"):
            raise bad_request(f"orderBy is invalid: {' '.join(part)}")
        keyed = [(_sortable(lookup(record, path)), record) for record in records]
        keyed.sort(key=lambda pair: pair[0], reverse=direction == "desc")
        records = [record for _, record in keyed]
    return records


def _sortable(value: Any) -> tuple[int, Any]:
    """Absent first, as in SQL Server."""
    if value is None:
        return 0, 0
    return (2, value.casefold()) if isinstance(value, str) else (1, value)


def with_fields(records: list[Record], kind: str, fields: str) -> list[Record]:
    """Only the named fields. One wrong name gives no rows at all, without a word."""
    paths = [path.strip() for path in fields.split(",") if path.strip()]
    if not paths:
        return records
    if any(path.split("/")[0] not in NAMES[kind] for path in paths):
        return []
    return [_projected(record, paths) for record in records]


def _projected(record: Record, paths: list[str]) -> Record:
    shown: Record = {}
    for path in paths:
        value = lookup(record, path)
        if value is None:
            continue
        *parents, name = path.split("/")
        place = shown
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = value
    return shown
