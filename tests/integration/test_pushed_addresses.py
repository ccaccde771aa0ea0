"""The address bar shows pages, never fragments: `hx-push-url` is inherited, and then says so."""

from collections.abc import Iterable
from html.parser import HTMLParser

from django.db import transaction
from django.test import Client

from psa_connectwise.models import ConnectWiseSettings
from tests.integration.access import world
from tests.integration.access.asking import send, user_as
from tests.integration.access.rows import STAFF
from tests.integration.access.table import PAGES

VOID = {"input", "br", "hr", "img", "link", "meta", "use", "path"}


class Heirs(HTMLParser):
    """Finds requests that push their address only because something around them does."""

    def __init__(self) -> None:
        super().__init__()
        self.around: list[tuple[str, bool]] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        inherited = any(pushes for _, pushes in self.around)
        asks = "hx-get" in own or "hx-post" in own
        if asks and inherited and "hx-push-url" not in own:
            self.found.append(f"<{tag} {own.get('hx-get') or own.get('hx-post')}>")
        if tag not in VOID:
            self.around.append((tag, own.get("hx-push-url") == "true"))

    def handle_endtag(self, tag: str) -> None:
        while self.around and self.around.pop()[0] != tag:
            pass


def test_only_what_says_so_pushes_its_address(
    client: Client, open_gate: ConnectWiseSettings
) -> None:
    user = user_as(STAFF)
    client.force_login(user)
    things = world.build(user)
    wrong, read = [], 0
    for row in PAGES:
        if "get" in row.methods and not row.path.startswith(("/readyz", "/metrics")):
            with transaction.atomic():
                heirs = Heirs()
                answer = send(client, row, "get", things)
                transaction.set_rollback(True)
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                heirs.feed(answer.text)
                read += answer.status_code == 200
            wrong += [f"{row.path}: {one}" for one in heirs.found]
    assert not wrong, "\n".join(wrong)
    assert read > 20
