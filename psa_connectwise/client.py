"""ConnectWise PSA over REST: the few endpoints we use (docs/connectwise.md).

Knows no Django. Reads are retried; a write is sent once, and where its fate is not known
`OutcomeUnknown` says so.
"""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from psa_connectwise import schemas
from psa_connectwise.address import SERVICE, site
from psa_connectwise.payloads import (
    AdditionChanges,
    AgreementChanges,
    NewAddition,
    NewAgreement,
    addition_patch,
    agreement_patch,
)
from psa_connectwise.rest import Rest
from psa_connectwise.schemas import (
    Addition,
    Agreement,
    AgreementType,
    Company,
    Page,
    Product,
    Reply,
    SystemInfo,
)
from wire.address import sendable
from wire.errors import PermanentError
from wire.session import OnSend, RemoteSession

# Without it ConnectWise answers in its latest model.
ACCEPT = "application/vnd.connectwise.com+json; version=2026.4"


class ConnectWiseClient:
    """One installation of ConnectWise; every method raises `wire.errors.RemoteError`s only.

    `throttle` and `pause` are the rate limit that all workers share, `turn` the lock of threads that
    send one request at a time; `codebase` is what an earlier client found, and `on_codebase` hears
    what this one finds.
    """

    def __init__(
        self,
        *,
        url: str,
        company_id: str,
        public_key: str,
        private_key: str,
        client_id: str,
        timeout: float = 60.0,
        throttle: Callable[[], None] | None = None,
        pause: Callable[[float], None] | None = None,
        turn: AbstractContextManager[object] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        codebase: str | None = None,
        on_codebase: Callable[[str], None] | None = None,
    ) -> None:
        token = _token(company_id, public_key, private_key, client_id)
        where = site(url)
        self._name = f"{company_id} at {where.api}"
        self._rest = Rest(
            site=where,
            company_id=company_id,
            codebase=codebase,
            on_codebase=on_codebase,
            session=RemoteSession(
                service=SERVICE,
                timeout=timeout,
                headers={
                    "Authorization": f"Basic {token}",
                    "clientId": client_id,
                    "Accept": ACCEPT,
                },
                secrets=(public_key, private_key, token),
                throttle=throttle,
                pause=pause,
                turn=turn,
                sleep=sleep,
            ),
        )

    def __repr__(self) -> str:
        return f"<ConnectWiseClient {self._name}>"

    def system_info(self) -> SystemInfo:
        """Works with any valid keys: the connection test."""
        return self._rest.get(schemas.SYSTEM_INFO, "/system/info", what="the system information")

    def companies(self) -> Iterator[Page[Company]]:
        """Every company, deleted ones too."""
        return self._rest.pages(schemas.COMPANY, "/company/companies", what="companies")

    def products(self) -> Iterator[Page[Product]]:
        """The whole catalog, inactive items too."""
        return self._rest.pages(schemas.PRODUCT, "/procurement/catalog", what="the product catalog")

    def agreement_types(self) -> Iterator[Page[AgreementType]]:
        """Every type, inactive ones too."""
        path = "/finance/agreements/types"
        return self._rest.pages(schemas.AGREEMENT_TYPE, path, what="agreement types")

    def agreements(self, *, after_id: int | None = None) -> Iterator[Page[Agreement]]:
        """Every agreement in any state, or those with a higher id, as a plain list.

        Never by a search, which may lag behind writes (docs/connectwise.md, "Searching").
        """
        path = "/finance/agreements"
        return self._rest.pages(schemas.AGREEMENT, path, what="agreements", after_id=after_id)

    def agreement(self, agreement_id: int) -> Agreement:
        """One agreement; raises NotFound when it is gone."""
        path = _agreement_path(agreement_id)
        return self._rest.get(schemas.AGREEMENT, path, what=f"agreement {agreement_id}")

    def additions(self, agreement_id: int, *, after_id: int | None = None) -> Page[Addition]:
        """All of an agreement's additions, or those with a higher id, as a plain list."""
        pages = list(
            self._rest.pages(
                schemas.ADDITION,
                f"{_agreement_path(agreement_id)}/additions",
                what=f"the additions of agreement {agreement_id}",
                after_id=after_id,
            )
        )
        # Each once, as it was read last: where a list shifts while it is read, one may come twice, and
        # whoever looks for a second one of a key would take it for that.
        by_id = {item.id: item for page in pages for item in page.items}
        return Page(
            items=tuple(by_id.values()),
            bad=tuple(item for page in pages for item in page.bad),
        )

    def addition(self, agreement_id: int, addition_id: int) -> Addition:
        """One addition; raises NotFound when it is gone."""
        path = _addition_path(agreement_id, addition_id)
        return self._rest.get(schemas.ADDITION, path, what=f"addition {addition_id}")

    def create_addition(
        self, agreement_id: int, new: NewAddition, *, on_send: OnSend = None
    ) -> Reply[Addition]:
        """The addition as ConnectWise stored it."""
        return self._rest.write(
            schemas.ADDITION,
            "POST",
            f"{_agreement_path(agreement_id)}/additions",
            json=new.to_wire(),
            what="the addition",
            on_send=on_send,
        )

    def update_addition(
        self,
        agreement_id: int,
        addition_id: int,
        changes: AdditionChanges,
        *,
        on_send: OnSend = None,
    ) -> Reply[Addition]:
        """Only what is named changes; the addition as ConnectWise stored it."""
        return self._rest.write(
            schemas.ADDITION,
            "PATCH",
            _addition_path(agreement_id, addition_id),
            json=addition_patch(changes),
            what=f"the change of addition {addition_id}",
            on_send=on_send,
        )

    def delete_addition(
        self, agreement_id: int, addition_id: int, *, on_send: OnSend = None
    ) -> Reply[None]:
        """Refused by ConnectWise once it was invoiced."""
        path = _addition_path(agreement_id, addition_id)
        return self._rest.delete(
            path, what=f"the removal of addition {addition_id}", on_send=on_send
        )

    def create_agreement(self, new: NewAgreement, *, on_send: OnSend = None) -> Reply[Agreement]:
        """The agreement as ConnectWise stored it."""
        return self._rest.write(
            schemas.AGREEMENT,
            "POST",
            "/finance/agreements",
            json=new.to_wire(),
            what="the agreement",
            on_send=on_send,
        )

    def probe_adding_agreements(self) -> None:
        """Raises ConfigError without the right to add agreements; nothing is ever made."""
        self._probe("/finance/agreements", what="the right to add agreements")

    def probe_adding_additions(self, agreement_id: int) -> None:
        """Raises ConfigError without the right to add Additions to it; nothing is ever made."""
        path = f"{_agreement_path(agreement_id)}/additions"
        self._probe(path, what="the right to add Additions")

    def _probe(self, path: str, *, what: str) -> None:
        """A body without what is required: 400 to who may, 403 to who may not."""
        try:
            self._rest.write(schemas.ADDITION, "POST", path, json={}, what=what, on_send=None)
        # 400: the right is there, and only the body was wrong. A ConfigError passes, and tells.
        except PermanentError:
            return

    def update_agreement(
        self, agreement_id: int, changes: AgreementChanges, *, on_send: OnSend = None
    ) -> Reply[Agreement]:
        """Only what is named changes; the agreement as ConnectWise stored it."""
        return self._rest.write(
            schemas.AGREEMENT,
            "PATCH",
            _agreement_path(agreement_id),
            json=agreement_patch(changes),
            what=f"the change of agreement {agreement_id}",
            on_send=on_send,
        )

    def delete_agreement(self, agreement_id: int, *, on_send: OnSend = None) -> Reply[None]:
        """Refused by ConnectWise while anything hangs on it."""
        path = _agreement_path(agreement_id)
        return self._rest.delete(
            path, what=f"the removal of agreement {agreement_id}", on_send=on_send
        )


def _agreement_path(agreement_id: int) -> str:
    return f"/finance/agreements/{int(agreement_id)}"


def _addition_path(agreement_id: int, addition_id: int) -> str:
    return f"{_agreement_path(agreement_id)}/additions/{int(addition_id)}"


def _token(company_id: str, public_key: str, private_key: str, client_id: str) -> str:
    """What Basic authorization sends; ConfigError where a header can't carry a part."""
    parts = {
        "Company ID": company_id,
        "public key": public_key,
        "private key": private_key,
        "client ID": client_id,
    }
    sendable(parts, service=SERVICE)
    return base64.b64encode(f"{company_id}+{public_key}:{private_key}".encode()).decode()
