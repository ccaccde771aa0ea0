"""Takes the pictures of docs/ anew: `python docs/screenshots.py ADDRESS PASSWORD [NAME …]`.

Against a `make demo` that was just begun anew (without `.state/`), from another terminal in the same
folder. It walks through a month as docs/operator.md tells it, and takes each picture on its way.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page, ViewportSize, expect, sync_playwright

from integration.launch.machine import find_chromium

FOLDER = Path(__file__).resolve().parent
SIZE = ViewportSize(width=1440, height=760)
PATIENCE = 90_000  # milliseconds, for what workers do


class Camera:
    """A page that is signed in, and the pictures that are wanted of it: all, unless some are named."""

    def __init__(self, page: Page, names: list[str]) -> None:
        self.page, self.names = page, names

    def take(self, name: str, height: int = SIZE["height"]) -> None:
        if self.names and name not in self.names:
            return
        self.page.mouse.move(0, 0)
        self.page.wait_for_load_state("networkidle")
        self.page.set_viewport_size(ViewportSize(width=SIZE["width"], height=height))
        self.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide")
        self.page.set_viewport_size(SIZE)

    def open(self, path: str) -> Page:
        self.page.goto(path)
        return self.page


def main(address: str, password: str, names: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            base_url=address, viewport=SIZE, color_scheme="light", reduced_motion="reduce"
        )
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        sign_in(page, password)
        for scene in SCENES:
            scene(Camera(page, names))
        browser.close()


def sign_in(page: Page, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def manage(*arguments: str) -> str:
    """What the command printed; a sync ends with 1 where lines are in Error, as the data plant some."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=FOLDER.parent, capture_output=True, text=True, check=False)
    if done.returncode > 1:
        raise SystemExit(done.stderr)
    return done.stdout


def organizations(camera: Camera) -> None:
    manage("refresh_directory")
    camera.open("/mapping/organizations/")
    camera.take("organizations", height=660)


def loading(camera: Camera) -> None:
    meant = [sys.executable, "-m", "psa_connectwise.sandbox", "--print-mappings"]
    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        file.write(subprocess.run(meant, cwd=FOLDER.parent, capture_output=True, check=True).stdout)
        file.flush()
        manage("import_mappings", file.name)
    page = camera.open("/mapping/invoices/")
    page.locator(".page-actions").get_by_role("button", name="Load Invoices").click()
    dialog = page.get_by_role("dialog", name="Load Invoice Lines")
    dialog.get_by_label(re.compile("Previous Month")).check()
    camera.take("load")
    dialog.get_by_label(re.compile("Current Month")).check()
    dialog.get_by_role("button", name="Load").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"Total invoice lines: \d+"))
    manage("sync_invoices", "--period", "previous")


def editing(camera: Camera) -> None:
    page = camera.open("/mapping/invoices/?mapping=unmapped")
    dismiss_results(page)
    row_of(page, 0).get_by_role("button", name="Edit mapping").click()
    expect(page.locator("tr.is-editing")).to_have_count(1)
    camera.take("edit")
    page.keyboard.press("Escape")
    expect(page.locator("tr.is-editing")).to_have_count(0)


def bulk(camera: Camera) -> None:
    page = camera.open("/mapping/invoices/")
    dismiss_results(page)
    for number in (1, 2, 3):
        row_of(page, number).locator(".tick").check()
    page.get_by_role("button", name="Bulk Update (3)").click()
    expect(page.get_by_role("dialog", name="Bulk Update")).to_be_visible()
    camera.take("bulk")
    page.keyboard.press("Escape")
    for number in (1, 2, 3):
        row_of(page, number).locator(".tick").uncheck()


def preview(camera: Camera) -> None:
    page = camera.open("/mapping/invoices/")
    page.get_by_role("button", name="Sync Invoices to PSA").click()
    confirm = page.get_by_role("button", name=re.compile(r"^Post \d+ lines"))
    expect(confirm).to_be_enabled()
    camera.take("preview")
    confirm.click()
    expect(page.locator("#run-watch")).to_contain_text("Done.")
    page.reload()
    camera.take("run")


def after(camera: Camera) -> None:
    page = camera.open("/mapping/invoices/?q=Weserstahl&sort=-status")
    dismiss_results(page)
    row_of(page, 0).locator(".status-button").scroll_into_view_if_needed()
    camera.take("grid")
    camera.open("/mapping/invoices/?status=error")
    dismiss_results(page)
    row_of(page, 0).locator(".status-button").click()
    expect(page.locator("dialog[open]")).to_be_visible()
    camera.take("error")
    camera.open("/")
    dismiss_results(page)
    camera.take("dashboard", height=1080)
    camera.open("/logs/?level=error")
    camera.take("logs")


def picker(camera: Camera) -> None:
    """The row stays open for both themes."""
    offers = ("Keeper Business", "Legacy Mail Archive")
    query = urlencode({"offer": offers, "sort": "product"}, doseq=True)
    page = camera.open(f"/mapping/invoices/?{query}")
    dismiss_results(page)
    row = page.locator("#grid tbody tr", has_text="Product inactive").first
    row.get_by_role("button", name="Edit mapping").click()
    product = page.locator('tr.is-editing [data-picker-name="product"] input[data-picker]')
    product.fill("mail")
    expect(page.get_by_role("listbox").get_by_role("option").first).to_be_visible()
    page.locator(".grid-scroll").evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    camera.take("grid-editing")
    page.emulate_media(color_scheme="dark")
    camera.take("grid-editing-dark")
    page.emulate_media(color_scheme="light")
    page.keyboard.press("Escape")


def settings(camera: Camera) -> None:
    page = camera.open("/settings/")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#checks li").first).to_be_visible()
    camera.take("doctor", height=1080)
    camera.open("/settings/configuration/")
    camera.take("configuration", height=1000)


def rule(camera: Camera) -> None:
    page = camera.open("/admin/invoices/chargedaterule/add/")
    page.get_by_label("Charge type").select_option("Usage Fee")
    page.get_by_label(re.compile("^Date")).select_option("Charge End Date")
    page.get_by_label("What to do").select_option("Last day of the invoice month")
    camera.take("rule")


def dismiss_results(page: Page) -> None:
    """Of loads and syncs that have just ended: they stand below the grid until somebody has read them."""
    page.wait_for_load_state("networkidle")
    buttons = page.get_by_role("button", name="Dismiss")
    while left := buttons.count():
        buttons.first.click()
        expect(buttons).to_have_count(left - 1)


def row_of(page: Page, number: int) -> Locator:
    return page.locator("#grid tbody tr[id^=line-]").nth(number)


SCENES: tuple[Callable[[Camera], None], ...] = (
    organizations,
    loading,
    editing,
    bulk,
    preview,
    after,
    picker,
    settings,
    rule,
)

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
