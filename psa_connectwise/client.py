"""ConnectWise PSA over REST: the few endpoints we use (docs/connectwise.md).

Knows no Django. Reads are retried; a write is sent once, and where its fate is not known
`OutcomeUnknown` says so.
"""

from collections.abc import Callable, Iterator

from psa_connectwise.payloads import AdditionChanges, AgreementChanges, NewAddition, NewAgreement
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

OnSend = Callable[[], None] | None


class ConnectWiseClient:
    """One installation of ConnectWise; every method raises `wire.errors.RemoteError`s only."""

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
    ) -> None:
        self.timeout = timeout

    def system_info(self) -> SystemInfo:
        """Works with any valid keys: the connection test."""
        raise NotImplementedError

    def companies(self) -> Iterator[Page[Company]]:
        """Every company, deleted ones too."""
        raise NotImplementedError

    def products(self) -> Iterator[Page[Product]]:
        """The whole catalog, inactive items too."""
        raise NotImplementedError

    def agreement_types(self) -> Iterator[Page[AgreementType]]:
        """Every type, inactive ones too."""
        raise NotImplementedError

    def agreements(
        self, *, company_id: int | None = None, after_id: int | None = None
    ) -> Iterator[Page[Agreement]]:
        """Every agreement in any state; of one company by a search, which may lag behind writes."""
        raise NotImplementedError

    def agreement(self, agreement_id: int) -> Agreement:
        raise NotImplementedError

    def additions(self, agreement_id: int, *, after_id: int | None = None) -> Page[Addition]:
        """All of an agreement's additions, or those with a higher id, as a plain list."""
        raise NotImplementedError

    def addition(self, agreement_id: int, addition_id: int) -> Addition:
        raise NotImplementedError

    def create_addition(
        self, agreement_id: int, new: NewAddition, *, on_send: OnSend = None
    ) -> Reply[Addition]:
        raise NotImplementedError

    def update_addition(
        self,
        agreement_id: int,
        addition_id: int,
        changes: AdditionChanges,
        *,
        on_send: OnSend = None,
    ) -> Reply[Addition]:
        raise NotImplementedError

    def delete_addition(
        self, agreement_id: int, addition_id: int, *, on_send: OnSend = None
    ) -> Reply[None]:
        raise NotImplementedError

    def create_agreement(self, new: NewAgreement, *, on_send: OnSend = None) -> Reply[Agreement]:
        raise NotImplementedError

    def update_agreement(
        self, agreement_id: int, changes: AgreementChanges, *, on_send: OnSend = None
    ) -> Reply[Agreement]:
        raise NotImplementedError

    def delete_agreement(self, agreement_id: int, *, on_send: OnSend = None) -> Reply[None]:
        raise NotImplementedError
