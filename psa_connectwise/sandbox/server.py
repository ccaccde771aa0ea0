"""ConnectWise's REST API as far as the product meets it: connection, companies, agreements, catalog."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from psa_connectwise.sandbox import additions, agreements, data, errors, listing, mappings, page
from psa_connectwise.sandbox.conditions import Record
from psa_connectwise.sandbox.errors import ApiError
from psa_connectwise.sandbox.places import Place, locate
from psa_connectwise.sandbox.rules import agreement_status
from psa_connectwise.sandbox.store import Store
from sandbox_kit import exact_json
from sandbox_kit.app import Route, Running, StandIn, posted
from sandbox_kit.dial import Fault
from sandbox_kit.http import Request, Response, json_response

CODEBASE = "v2026_4/"
OPEN_RECORD = "/v4_6_release/services/system_io/router/openrecord.rails"  # of the web client
_ROOT = re.compile(r"/(?:v4_6_release|v2026_4)/apis/3\.0(/.*)")
_VERSION = re.compile(r"application/vnd\.connectwise\.com\+json;\s*version=(\d{4})\.(\d+)")
_ADDITION_STATUS_SINCE = (2026, 11)
_MEDIA = ("application/json", "application/vnd.connectwise.com+json")
_VERBS = {"GET": "read", "POST": "add", "PUT": "edit", "PATCH": "edit", "DELETE": "delete"}
_NAMES = {"companies": "Company", "types": "AgreementType", "agreements": "Agreement",
          "additions": "Addition", "catalog": "CatalogItem"}  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """What a client of the stand-in signs in with."""

    company_id: str = "kontor"
    public: str = "public"
    private: str = "private"
    client_id: str = "00000000-0000-4000-8000-000000000001"


class ConnectWiseStandIn(StandIn):
    """Answers requests; what the records may become is in `rules`."""

    def __init__(self, *, keys: Keys, store: Store) -> None:
        super().__init__()
        self.keys, self.store = keys, store

    def is_api(self, path: str) -> bool:
        # Not /login: the web interface answers that, and a script counts on API requests only.
        return path.startswith("/v") and path != OPEN_RECORD

    def fault_response(self, fault: Fault) -> Response:
        if fault.status == 429:
            return errors.throttled(fault.retry_after)
        special = {401: errors.unauthorized(), 403: errors.forbidden()}
        if fault.status in special:
            return special[fault.status].response()
        if fault.status < 500:
            text = {404: "Not found", 409: "The record is in use."}.get(fault.status, "Refused")
            return ApiError(fault.status, "ConnectWiseApi", text).response()
        return errors.broken(fault.status)

    def answer(self, request: Request, fault: Fault) -> Response:
        try:
            response = self._answered(request, fault)
        except ApiError as error:
            response = error.response()
        response.headers |= {
            "x-cw-request-id": request.id, "x-server-name": "STANDIN-1",
            "api-current-version": "2026.11",
        }  # fmt: skip
        return response

    def admin(self, request: Request) -> Response:
        if request.path.startswith("/login/companyinfo/"):
            return self._company_info(request)
        return super().admin(request)

    def _answered(self, request: Request, fault: Fault) -> Response:
        match = _ROOT.fullmatch(request.path)
        if not match:
            raise ApiError(404, "NotFound", f"No resource at {request.path}")
        self._authorize(request)
        place = locate(match.group(1))
        if not place:
            raise ApiError(404, "NotFound", f"No resource at {request.path}")
        if request.method not in place.methods:
            raise errors.wrong_method(request.method, place.methods)
        self._permit(place.kind, _VERBS[request.method])
        return self._resource(request, place, fault)

    def _company_info(self, request: Request) -> Response:
        if request.path.rsplit("/", 1)[1].casefold() != self.keys.company_id.casefold():
            return json_response(None)
        return json_response({
            "CompanyName": "Kontor Cloud Services GmbH", "Codebase": CODEBASE,
            "VersionCode": "v2026.4", "VersionNumber": "v2026.4.120123",
            "CompanyID": self.keys.company_id, "IsCloud": True,
        })  # fmt: skip

    def _authorize(self, request: Request) -> None:
        scheme, _, encoded = (request.headers.get("Authorization") or "").partition(" ")
        try:
            user, _, private = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise errors.unauthorized() from None
        company, _, public = user.partition("+")
        if scheme != "Basic" or not company:
            raise errors.unauthorized()
        if company.casefold() != self.keys.company_id.casefold():
            # On the cloud a wrong company looks like a wrong address.
            raise ApiError(404, "NotFound", "The requested resource was not found")
        if (public, private) != (self.keys.public, self.keys.private):
            raise errors.unauthorized()
        client = request.headers.get("clientId")
        if not client:
            raise errors.bad_request("The clientId header is missing.")
        if client != self.keys.client_id:
            raise errors.forbidden()

    def _permit(self, kind: str, verb: str) -> None:
        denied = self.dial.settings.denied
        if kind in denied or f"{kind}:{verb}" in denied:
            raise errors.forbidden()

    def _resource(self, request: Request, place: Place, fault: Fault) -> Response:
        if place.kind == "info":
            return self._json(request, "info", _system_info())
        if place.agreement is not None and not self.store.find("agreements", place.agreement):
            raise errors.not_found("Agreement", place.agreement)
        if request.method == "GET":
            return self._read(request, place)
        return self._write(request, place, fault)

    # -- reading -----------------------------------------------------------------------------

    def _read(self, request: Request, place: Place) -> Response:
        if place.number is not None:
            record = self._shown(place.kind, self._existing(place))
            shown = listing.with_fields([record], place.kind, request.query.get("fields", ""))
            return self._json(request, place.kind, shown[0] if shown else {})
        found = listing.matching(self._visible(request, place), place.kind, request.query)
        if place.count:
            return self._json(request, "count", {"count": len(found)})
        shown, headers = listing.page(found, place.kind, request)
        shown = [self._shown(place.kind, record) for record in shown]
        shown = listing.with_fields(shown, place.kind, request.query.get("fields", ""))
        return self._json(request, place.kind, shown, headers=headers)

    def _visible(self, request: Request, place: Place) -> list[Record]:
        records = self.store.all(place.kind, place.agreement)
        lag = self.dial.settings.search_lag_seconds
        if lag and listing.is_search(request.query):
            records = [
                r for r in records if not self.store.is_younger_than(place.kind, r["id"], lag)
            ]
        if not listing.is_search(request.query):
            return records  # its page alone is dressed, which is what makes long lists quick
        return [self._shown(place.kind, record) for record in records]

    def _existing(self, place: Place) -> Record:
        record = self.store.find(place.kind, place.number)
        if not record or (place.agreement and record["agreementId"] != place.agreement):
            raise errors.not_found(_NAMES[place.kind], place.number)
        return record

    def _shown(self, kind: str, record: Record) -> Record:
        """The record as answered: with today's status, without what is ours alone."""
        shown = {name: value for name, value in record.items() if not name.startswith("__")}
        if kind in ("agreements", "additions"):
            agreement = (
                record
                if kind == "agreements"
                else self.store.find("agreements", record["agreementId"])
            )
            if agreement:
                shown["agreementStatus"] = agreement_status(agreement, self.store.today())
        return shown

    def _json(
        self,
        request: Request,
        kind: str,
        value: Any,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        version = _VERSION.match(request.headers.get("Accept") or "")
        asked = (int(version[1]), int(version[2])) if version else _ADDITION_STATUS_SINCE
        if kind == "additions" and asked >= _ADDITION_STATUS_SINCE:
            _add_status(value, self.store.today())
        media = f"application/vnd.connectwise.com+json; version={asked[0]}.{asked[1]}"
        return Response(status, exact_json.dump_bytes(value), media, headers or {})

    # -- writing -----------------------------------------------------------------------------

    def _write(self, request: Request, place: Place, fault: Fault) -> Response:
        body = _body(request) if request.method != "DELETE" else None
        work = additions.write if place.kind == "additions" else agreements.write
        with self.store.lock:
            before = self._existing(place) if place.number is not None else None
            record = work(self.store, request.method, body, before, place.agreement)
            if record is not None:
                record = self._stored(place.kind, record, before)
            self.store.accept(request, fault, place.kind, record, before=before, body=body)
        if record is None:
            return Response(204)
        status = 201 if request.method == "POST" else 200
        shown = [self._shown(place.kind, record)]
        if request.query.get("fields"):
            shown = listing.with_fields(shown, place.kind, request.query["fields"]) or [{}]
        return self._json(request, place.kind, shown[0], status)

    def _stored(self, kind: str, record: Record, before: Record | None) -> Record:
        places = self.dial.settings.store_price_places
        if kind == "additions" and places is not None:
            record = additions.rounded(record, places)
        return self.store.stamp(record, before)

    # -- beside the API ----------------------------------------------------------------------

    def routes(self) -> dict[tuple[str, str], Route]:
        csv = Response(200, mappings.as_csv().encode(), "text/csv; charset=utf-8")
        return super().routes() | {
            ("GET", OPEN_RECORD): self._open_record,
            ("GET", "/_sandbox/ledger"): self._ledger,
            ("GET", "/_sandbox/additions"): lambda _: json_response(self.additions()),
            ("GET", "/_sandbox/mappings.csv"): lambda _: csv,
            ("POST", "/_sandbox/edit"): self._edit,
            ("POST", "/_sandbox/invoice"): self._invoice,
        }

    def additions(self) -> list[Record]:
        """Every live addition, whichever agreement it is under."""
        return [self._shown("additions", record) for record in self.store.all("additions")]

    def _open_record(self, request: Request) -> Response:
        """What a link to an agreement opens in the web client: here its Additions."""
        if request.query.get("recordType") != "AgreementFV":
            raise ValueError("only agreements can be opened here")
        agreement = int(request.query.get("recid", ""))
        return Response(303, headers={"Location": f"/?{urlencode({'q': f'({agreement})'})}"})

    def _ledger(self, request: Request) -> Response:
        after = int(request.query.get("after", 0))
        return json_response(self.store.ledger[after:])

    def _edit(self, request: Request) -> Response:
        """{"kind", "id", "set": {…}} or {"kind", "id", "remove": true}: a person's hand in ConnectWise."""
        body, _ = posted(request)
        kind, number = str(body["kind"]), int(body["id"])
        if body.get("remove"):
            self.store.remove(kind, number)
            return json_response({"removed": number})
        return json_response(self.store.edit(kind, number, **body["set"]))

    def _invoice(self, request: Request) -> Response:
        """{"agreement": 803, "until": "2026-12-01"}: Agreement Invoicing was run."""
        body, _ = posted(request)
        until = date.fromisoformat(str(body["until"]))
        return json_response({"invoiced": self.store.invoice(int(body["agreement"]), until)})

    def reset_data(self) -> None:
        self.store.reset()

    def close(self) -> None:
        self.store.close()

    def state(self) -> dict[str, Any]:
        counts = {kind: len(table) for kind, table in self.store.tables.items()}
        written = {"ledger": len(self.store.ledger), "anchor": self.store.anchor.isoformat()}
        return super().state() | {"records": counts} | written

    def page(self, request: Request) -> Response:
        return page.render(self, request.query.get("q", ""), self.dial_form())


def _system_info() -> Record:
    return {
        "version": "v2026.4.120123", "isCloud": True, "serverTimeZone": "UTC",
        "licenseBits": [{"name": "AgreementFlag", "activeFlag": True}], "cloudRegion": "EU",
        "maxWorkFlowRecordsAllowed": 100,
    }  # fmt: skip


def _body(request: Request) -> Any:
    media = (request.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    if media not in _MEDIA:
        raise errors.wrong_media(media)
    try:
        return exact_json.loads(request.body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ApiError(400, "InvalidObject", "The body is not JSON.") from None


def _add_status(value: Any, today: date) -> None:
    """A field that newer models have."""
    for record in value if isinstance(value, list) else [value]:
        if "id" in record and "agreementId" in record:
            ended = record.get("cancelledDate", "9999") < data.moment(today)
            record["additionStatus"] = "Cancelled" if ended else "Active"


def start(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    keys: Keys | None = None,
    state_file: Path | None = None,
    today: date | None = None,
    seed: int = 1,
) -> Running[ConnectWiseStandIn]:
    """Answering at once; use as a context manager or call `stop()`."""
    now: Callable[[], date] = lambda: today or datetime.now(UTC).date()  # noqa: E731
    running = Running(
        ConnectWiseStandIn(keys=keys or Keys(), store=Store(now, state_file)), host, port
    )
    running.faults.set(seed=seed)
    return running
