"""In Chromium: what a person at the grid waits for, over HTTP from two processes of gunicorn.

Headless and without a graphics card, so that drawing costs the processor. “Interactive” is the moment
when all scripts have run and no task of more than 50 ms is left; scrolling goes from the first row to the
last, 60 pixels a frame, and each frame is timed; saving is from the press of Enter in a row that is edited
until the answer stands in the page and is drawn.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from bench import grid, world
from bench.report import Row
from bench.sizes import Sizes
from integration.launch.machine import find_chromium
from invoices.models import Period

TALL = 200  # rows of the page that is scrolled
WARM = 2  # pages before anything is counted: Chromium and the workers start up

INTERACTIVE = """() => new Promise(resolve => {
    const tasks = []
    new PerformanceObserver(list => tasks.push(...list.getEntries())).observe({type: "longtask", buffered: true})
    setTimeout(() => {
        const page = performance.getEntriesByType("navigation")[0]
        const ends = tasks.map(task => task.startTime + task.duration)
        resolve(Math.max(page.loadEventEnd, ...ends))
    }, 100)
})"""
SCROLL = """() => new Promise(resolve => {
    let box = document.querySelector("tr[id^=line-]")
    const scrolls = one => one.scrollHeight > one.clientHeight + 1 && getComputedStyle(one).overflowY !== "visible"
    while (box && !scrolls(box)) box = box.parentElement
    box = box || document.scrollingElement
    const frames = []
    let last = performance.now()
    const step = now => {
        frames.push(now - last)
        last = now
        const before = box.scrollTop
        box.scrollTop += 60
        if (box.scrollTop === before) resolve(frames.slice(1))
        else requestAnimationFrame(step)
    }
    requestAnimationFrame(step)
})"""
# What the answer to a write takes, from the key; the page asks for other things meanwhile.
WATCH_SAVE = """() => {
    window.saved = new Promise(resolve => addEventListener("keydown", () => {
        const pressed = performance.now()
        document.body.addEventListener("htmx:afterSettle", event => {
            if (event.detail.requestConfig.verb !== "get")
                requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - pressed)))
        })
    }, {capture: true, once: true}))
}"""

Times = Mapping[str, Sequence[float]]


def rows(sizes: Sizes) -> list[Row]:
    month = Period.objects.filter(loaded_at__isnull=False).latest("month").month
    session = grid.signed_in().cookies["sessionid"].value
    port = world.free_port()
    command = [sys.executable, "-m", "gunicorn", "integration.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "2", "--threads", "4", "--no-control-socket"]
    with world.running(command, LINEBRIDGE_LOOPBACK="true", DATABASE_URL=world.database_url()):
        url = f"http://127.0.0.1:{port}"
        world.wait_for(lambda: world.answers(f"{url}/healthz"))
        times: Times = world.in_a_process(look, url, session, month, sizes.rounds)
    return [_row(what, several) for what, several in times.items()]


def _row(what: str, several: Sequence[float]) -> Row:
    p95 = statistics.quantiles(several, n=20, method="inclusive")[-1]
    note = f"p50 {statistics.median(several):.0f} ms, the longest {max(several):.0f} ms"
    return Row(what=f"{what}, p95", ours=p95, unit="ms", note=f"{note}, of {len(several)}")


def look(url: str, session: str, month: date, rounds: int) -> Times:
    """In a process without another Playwright or Django's queries in it."""
    with sync_playwright() as playwright:
        options: Any = {
            "args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        }
        browser = playwright.chromium.launch(executable_path=find_chromium(), **options)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        host = urlsplit(url).hostname or ""
        context.add_cookies([{"name": "sessionid", "value": session, "domain": host, "path": "/"}])
        page = context.new_page()
        address = f"{url}{grid.GRID}?period={month:%Y-%m}&per_page="
        times = {
            f"interactive, page of {size}": [
                _interactive(page, f"{address}{size}") for _ in range(rounds + WARM)
            ][WARM:]
            for size in (20, TALL)
        }
        times[f"a frame while {TALL} rows are scrolled"] = page.evaluate(SCROLL)
        # Fresh: the scrolled page has 200 rows, and what is saved shall not depend on them.
        page.goto(f"{address}20")
        times["edit to saved, one row"] = [_save(page, number) for number in range(rounds + WARM)][
            WARM:
        ]
        browser.close()
        return times


def _interactive(page: Page, address: str) -> float:
    page.goto(address)
    return float(page.evaluate(INTERACTIVE))


def _save(page: Page, number: int) -> float:
    """Another date each time, so that something is written."""
    row = page.locator("tr[id^=line-]").filter(has=page.get_by_role("button", name="Edit mapping"))
    row.first.get_by_role("button", name="Edit mapping").click()
    field = page.get_by_label("Charge Start Date").and_(page.locator("input.cell-input"))
    day = date.fromisoformat(field.input_value())
    field.fill(day.replace(day=1 + (day.day + number) % 28).isoformat())
    page.evaluate(WATCH_SAVE)
    field.press("Enter")
    return float(page.evaluate("() => window.saved"))
