"""Calls to ConnectWise below its API root: one record, one write, a list page by page.

Knows where the API is and what its 404s mean; `client.py` knows the endpoints.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from pydantic import TypeAdapter
from requests.utils import parse_header_links

from psa_connectwise import errors
from psa_connectwise.address import SERVICE, Site, look_up_codebase
from psa_connectwise.schemas import Page, Reply
from wire.errors import ConfigError, NotFound, PermanentError, RemoteError, TransientError
from wire.items import read_item, read_page
from wire.session import Answer, OnSend, Params, RemoteSession

T = TypeVar("T")

# The most that ConnectWise gives.
PAGE_SIZE = 1000
# Numbered pages shift under the reader when a record comes or goes before them.
FORWARD_ONLY = {"pagination-type": "forward-only"}


class Rest:
    """One installation's API; `what` names the record or list in messages."""

    def __init__(
        self,
        *,
        site: Site,
        company_id: str,
        session: RemoteSession,
        codebase: str | None,
        on_codebase: Callable[[str], None] | None,
    ) -> None:
        self._site = site
        self._company_id = company_id
        self._session = session
        self._codebase = codebase
        self._on_codebase = on_codebase
        self._codebase_is_fresh = False

    def get(self, adapter: TypeAdapter[T], path: str, *, what: str) -> T:
        """One record; raises NotFound where it is gone."""
        answer = self._call("GET", path, what=what)
        try:
            return read_item(adapter, _parsed(answer))
        except ValueError as error:
            raise _unreadable(answer, what) from error

    def write(
        self,
        adapter: TypeAdapter[T],
        method: str,
        path: str,
        *,
        json: object,
        what: str,
        on_send: OnSend,
    ) -> Reply[T]:
        """One record, as it was stored; `on_send` is called as the bytes leave, and may stop them.

        Sent once: an answer that is lost or can't be read raises `OutcomeUnknown`.
        """
        answer = self._call(method, path, json=json, what=what, on_send=on_send)
        try:
            return Reply(read_item(adapter, answer.json()), answer.request_id)
        except ValueError as error:
            raise errors.unreadable_write(answer) from error

    def delete(self, path: str, *, what: str, on_send: OnSend) -> Reply[None]:
        """Raises NotFound where it is gone already, PermanentError where ConnectWise keeps it."""
        answer = self._call("DELETE", path, what=what, on_send=on_send)
        # A proxy's or a login page comes with 200, too, and has removed nothing.
        if answer.body.strip():
            try:
                answer.json()
            except ValueError as error:
                raise errors.unreadable_write(answer) from error
        return Reply(None, answer.request_id)

    def pages(
        self,
        adapter: TypeAdapter[T],
        path: str,
        *,
        what: str,
        params: Params | None = None,
        after_id: int | None = None,
    ) -> Iterator[Page[T]]:
        """Forward-only pages: each asks for ids above the last, so no row is skipped or doubled."""
        wanted: dict[str, str | int] = {"pageSize": PAGE_SIZE, **(params or {})}
        if after_id is not None:
            wanted["pageId"] = after_id
        answer = self._call("GET", path, params=wanted, headers=FORWARD_ONLY, what=what)
        seen: set[str] = set()
        while True:
            records = _listed(answer, what)
            yield read_page(adapter, records)
            following = self._following(answer, seen, what)
            if following:
                answer = self._call("GET", following, headers=FORWARD_ONLY, what=what)
                continue
            last = _highest_id(records)
            # What a proxy has cut off would be taken for not there, and sent again.
            if len(records) < PAGE_SIZE or last <= int(wanted.get("pageId", 0)):
                return
            wanted["pageId"] = last
            answer = self._call("GET", path, params=wanted, headers=FORWARD_ONLY, what=what)

    def _following(self, answer: Answer, seen: set[str], what: str) -> str | None:
        """The next page's address, which must be on the same host and new."""
        links = parse_header_links(answer.headers.get("Link", ""))
        url = next((link["url"] for link in links if link.get("rel") == "next"), "")
        if not url:
            return None
        url = urljoin(self._site.api, url)
        # The keys travel with every request: an answer doesn't decide where to.
        if urlsplit(url)[:2] != urlsplit(self._site.api)[:2]:
            raise ConfigError(
                f"{SERVICE} continues the list of {what} on another host. {errors.CHECK_URL}",
                service=SERVICE,
            )
        if url in seen:
            raise PermanentError(f"{SERVICE} lists {what} in a circle.", service=SERVICE)
        seen.add(url)
        return url

    def _call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        params: Params | None = None,
        json: object = None,
        headers: dict[str, str] | None = None,
        on_send: OnSend = None,
    ) -> Answer:
        """A successful answer; `path` is below the API root, or a whole address."""

        def send() -> Answer:
            url = path if "://" in path else f"{self._root()}{path}"
            return self._session.request(
                method, url, params=params, json=json, headers=headers, on_send=on_send
            )

        answer = send()
        # A cloud upgrade moves the code base: what is gone may only have moved.
        if answer.status == 404 and self._has_moved():
            answer = send()
        if answer.status == 404:
            raise self._gone(answer, what)
        if not 200 <= answer.status < 300:
            raise errors.refusal(answer, what=what)
        return answer

    def _root(self) -> str:
        if self._codebase is None:
            self._codebase = self._find_codebase()
        return f"{self._site.api}/{self._codebase}apis/3.0"

    def _has_moved(self) -> bool:
        """Look the code base up again, once; True when it is another now."""
        if self._codebase_is_fresh:
            return False
        before = self._codebase
        self._codebase = self._find_codebase()
        return self._codebase != before

    def _find_codebase(self) -> str:
        found = look_up_codebase(self._site.login, self._company_id, timeout=self._session.timeout)
        self._codebase_is_fresh = True
        if self._on_codebase is not None:
            self._on_codebase(found)
        return found

    def _gone(self, answer: Answer, what: str) -> RemoteError:
        """A 404 is believed only once the API itself answers: wrong keys look the same."""
        # It answers to any working keys, so its own 404 means the address, not the record.
        info = self._session.request("GET", f"{self._root()}/system/info")
        if info.status == 404:
            return errors.wrong_address(answer)
        if info.status != 200:
            return errors.refusal(info, what="the system information")
        told = errors.words(answer)
        return NotFound(
            f"{SERVICE} has no such record: {what} (404){': ' + told if told else ''}.",
            service=SERVICE,
            status=404,
            request_id=answer.request_id,
            words=told,
        )


def _parsed(answer: Answer) -> Any:
    # A login page or a proxy's: it comes with 200, too.
    if answer.body.lstrip()[:1] == b"<":
        raise errors.web_page(answer)
    return answer.json()


def _highest_id(records: list[object]) -> int:
    ids = (record.get("id") for record in records if isinstance(record, dict))
    return max((one for one in ids if isinstance(one, int)), default=0)


def _listed(answer: Answer, what: str) -> list[object]:
    try:
        found = _parsed(answer)
    except ValueError as error:
        raise _unreadable(answer, what) from error
    if not isinstance(found, list):
        raise _unreadable(answer, what)
    return found


def _unreadable(answer: Answer, what: str) -> TransientError:
    return TransientError(
        f"{SERVICE}'s answer to {what} can't be read. Try again later.",
        service=SERVICE,
        status=answer.status,
        request_id=answer.request_id,
    )
