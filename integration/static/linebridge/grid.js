// The grid's behaviour: edges, ticks, filters, inline edit, live rows. All of it by delegation,
// so that a swapped row or grid needs nothing.

import { ask, showBeside, toast } from "./app.js";
import { pickerOf } from "./picker.js";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const grid = () => $("#grid");

// --- Edges: their shadow shows once something lies under them --------------------------------------

function markEdges(box) {
  box.classList.toggle("is-scrolled-left", box.scrollLeft > 1);
  box.classList.toggle("is-scrolled-right", box.scrollLeft < box.scrollWidth - box.clientWidth - 1);
}

const watched = new ResizeObserver((entries) => entries.forEach((entry) => markEdges(entry.target)));

function settle() {
  for (const box of $$(".grid-scroll")) {
    watched.observe(box);
    markEdges(box);
  }
  markPageTick();
}

// Only with a whole grid: beside a single row that comes, a search may be typed and not asked for yet.
function showSearch() {
  const search = $("#search");
  if (search && search !== document.activeElement) search.value = new URLSearchParams(location.search).get("q") || "";
}

document.addEventListener("scroll", (event) => {
  if (event.target.classList?.contains("grid-scroll")) markEdges(event.target);
}, true);

// A grid that is swapped keeps its place sideways, and its head's focus.
let keep = null;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== grid()) return;
  const focused = document.activeElement?.closest?.("#grid th");
  keep = { left: $(".grid-scroll", grid())?.scrollLeft || 0, head: focused ? [...focused.parentElement.children].indexOf(focused) : -1 };
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "grid" && !event.target.closest?.("#grid")) return;
  if (keep && event.target.id === "grid") {
    const box = $(".grid-scroll", grid());
    if (box) box.scrollLeft = keep.left;
    if (keep.head >= 0) $(`#grid thead tr:last-child th:nth-child(${keep.head + 1}) .sort`)?.focus({ preventScroll: true });
    keep = null;
  }
  settle();
  if (event.target.id === "grid") showSearch();
});

// --- Ticks: the server keeps them; the page shows them at once --------------------------------------------

let lastTick = null;

const ticks = () => $$("#grid tbody .tick:not(:disabled)");

function markPageTick() {
  const page = $("#tick-page");
  if (!page) return;
  const boxes = ticks();
  const on = boxes.filter((box) => box.checked).length;
  page.checked = on > 0 && on === boxes.length;
  page.indeterminate = on > 0 && on < boxes.length;
  page.disabled = boxes.length === 0;
}

// Ticks wait for each other: what is clicked meanwhile goes along with the next request.
let waiting = new Map();
let sending = false;
let news = 0; // ticks that were sent, and changes that were told of
let held = []; // what brings another grid or row: before the ticks it would show them unticked

function send(boxes, on) {
  for (const box of boxes) {
    box.checked = on;
    box.closest("tr").classList.toggle("is-selected", on);
    waiting.set(box.value, on);
  }
  markPageTick();
  flush();
}

async function flush() {
  if (sending) return;
  if (!waiting.size) {
    held.splice(0).forEach((go) => go());
    return;
  }
  const on = waiting.values().next().value;
  const line = [...waiting].filter(([, wanted]) => wanted === on).map(([id]) => id);
  line.forEach((id) => waiting.delete(id));
  const values = { line, shown: $$("#grid tbody .tick").map((box) => box.value) };
  if (on) values.on = "yes";
  sending = true;
  news += 1;
  await window.htmx.ajax("POST", grid().dataset.tickUrl, { target: "#selection", swap: "outerHTML", values }).catch(() => waiting.clear());
  sending = false;
  flush();
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("#grid tbody .tick");
  if (!box) return;
  const all = ticks();
  const from = event.shiftKey && lastTick ? all.findIndex((one) => one.value === lastTick) : -1;
  const at = all.indexOf(box);
  const range = from >= 0 ? all.slice(Math.min(from, at), Math.max(from, at) + 1) : [box];
  lastTick = box.value;
  send(range, box.checked);
});
document.addEventListener("change", (event) => {
  if (event.target.id === "tick-page") send(ticks(), event.target.checked);
});

// --- Filters: one popover beside the funnel that was pressed -----------------------------------------------

let funnel = null; // a column's key: a grid that comes meanwhile brings another button for it
const funnelButton = () => $(`#grid .funnel[data-filter="${funnel}"]`);

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "filter-popover") return;
  funnel = event.detail.requestConfig.elt.dataset.filter;
  if (!funnelButton()) return;
  showBeside(event.detail.target, funnelButton());
  $("input[type=search]", event.detail.target)?.focus();
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target === grid() && event.detail.elt.closest("#filter-popover")) $("#filter-popover").hidePopover();
});
$("#filter-popover")?.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && (document.activeElement === document.body || event.target.contains(document.activeElement))) funnelButton()?.focus();
});
// The search inside the popover must not go along when the filter is applied.
document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.matches(".filter-form")) delete event.detail.parameters.find;
});

// --- Inline edit ---------------------------------------------------------------------------------------------

const editing = () => $$("#grid tr.is-editing");
const fields = (row) => $$("input.cell-input", row);
const isDirty = (row) => fields(row).some((input) => input.value !== input.defaultValue) || row.dataset.touched === "yes" || $(".cell-error", row) !== null;

function focusRow(id) {
  const row = document.getElementById(id);
  if (!row) return;
  const target = $(".row-actions button:not(:disabled), .row-actions [tabindex]", row) || $(".tick", row);
  target?.focus({ preventScroll: true });
}

// The first input beside the ticks, so that the columns to edit are in sight together.
function bringToLeft(cell) {
  const box = cell?.closest(".grid-scroll");
  if (!box) return;
  const stuck = $(".stick-left", cell.parentElement).getBoundingClientRect().right;
  const end = $(".stick-right", cell.parentElement).getBoundingClientRect().left;
  const left = cell.getBoundingClientRect().left;
  const right = $$(".cell-edit", cell.parentElement).at(-1).getBoundingClientRect().right;
  if (left < stuck || right > end) box.scrollLeft += left - stuck;
}

document.body.addEventListener("htmx:load", (event) => {
  const row = event.detail.elt;
  if (!row.matches?.("tr.is-editing")) return;
  const wrong = $("[aria-invalid]", row);
  const open = $("[data-open]", row);
  const first = wrong || open || fields(row).find((input) => !input.disabled);
  if (!wrong && !open) bringToLeft(first?.closest("td"));
  first?.scrollIntoView({ block: "nearest", inline: "nearest" });
  first?.focus({ preventScroll: true });
  if (open && !wrong) pickerOf(open).open();
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  const row = event.target;
  if (row.matches?.("#grid tr:not(.is-editing)") && returning === row.id) { returning = null; focusRow(row.id); }
});

let returning = null;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (target.matches?.("tr.is-editing") && target.contains(document.activeElement)) returning = target.id;
});

function cancel(row) {
  if ($("form.htmx-request", row)) return; // its save is on the way, and what that answers is true
  returning = row.id;
  ask("GET", row.dataset.cancel, { source: row, target: row, swap: "outerHTML" });
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-cancel-edit]")) cancel(event.target.closest("tr"));
});
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("tr.is-editing");
  if (!row || event.defaultPrevented) return;
  if (event.key === "Escape") {
    event.preventDefault();
    cancel(row);
  } else if (event.key === "Enter" && event.target.matches("input.cell-input")) {
    event.preventDefault();
    $("form", row).requestSubmit();
  }
});

// Another PSA Organization clears the agreement and fills its list with that company's (P31).
document.addEventListener("picker:change", (event) => {
  const row = event.target.closest("tr.is-editing");
  if (!row) return;
  row.dataset.touched = "yes";
  const shown = $(`[data-id-of="${event.target.dataset.pickerName}"]`, row);
  if (shown) shown.textContent = event.detail.connectwiseId || "";
  if (event.target.dataset.pickerName !== "company") return;
  const input = $('[data-picker-name="agreement"] input[data-picker]', row);
  const url = new URL(input.dataset.url, location.href);
  url.searchParams.set("company", event.detail.value);
  input.dataset.url = url.pathname + url.search;
  input.disabled = !event.detail.value;
  input.placeholder = event.detail.value ? "Select an agreement" : "Choose a PSA Organization first";
  pickerOf(input).set("", "");
  input.value = "";
});

// Nothing that replaces the grid may take unsaved work with it.
const UNSAVED = "A row has unsaved changes: save it (Enter) or cancel it (Esc) first.";

function leaveAlone(event) {
  const row = editing().find(isDirty);
  if (!row) return false;
  event.preventDefault();
  toast(UNSAVED, "warning");
  fields(row)[0].focus();
  return true;
}

document.body.addEventListener("htmx:confirm", (event) => {
  const { elt, target } = event.detail;
  const replaces = target === grid() || (elt.matches?.("#grid [hx-get*='/edit/']") && editing().length > 0);
  if (!replaces || elt.closest?.("tr.is-editing")) return;
  if (leaveAlone(event) || target === grid()) return;
  editing().filter((row) => row !== target).forEach(cancel);
  returning = null;
});
document.body.addEventListener("htmx:confirm", (event) => {
  if (event.defaultPrevented || !sending || !event.detail.target?.matches("#grid, #grid tbody tr")) return;
  event.preventDefault();
  held.push(() => event.detail.issueRequest(true));
});
// A grid that was asked for before a tick or a change doesn't know of it: it is asked for again. The request
// for it that htmx keeps meanwhile goes with the grid that asks: it is replaced.
document.body.addEventListener("htmx:configRequest", (event) => { event.detail.newsBefore = news; });
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "grid" || event.detail.requestConfig.newsBefore === news) return;
  held.push(refresh);
  flush();
});
// Nor may one that was asked for before a row was opened or typed in: it is asked for again once none is open.
let overtaken = null;
const opening = () => $("#grid tbody [hx-get*='/edit/'].htmx-request");

document.body.addEventListener("htmx:configRequest", (event) => { event.detail.openBefore = editing(); });
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig, shouldSwap } = event.detail;
  if (target !== grid() || !shouldSwap) return;
  const mayGo = (row) => requestConfig.openBefore.includes(row) && !isDirty(row);
  if (!opening() && editing().every(mayGo)) return;
  event.detail.shouldSwap = false;
  const { path, elt: source, formData: values } = requestConfig;
  overtaken = () => ask("GET", path, { source, target: grid(), swap: "outerHTML", values });
  if (source !== target && editing().some(isDirty)) toast(UNSAVED, "warning");
});
document.body.addEventListener("htmx:afterRequest", () => {
  if (!overtaken || opening() || editing().length) return;
  const again = overtaken;
  overtaken = null;
  again();
});
window.addEventListener("beforeunload", (event) => { if (editing().some(isDirty)) event.preventDefault(); });

// --- Live rows -------------------------------------------------------------------------------------------------

const versions = (rows) => rows.map((row) => `${row.id.slice(5)}.${row.dataset.version}`).join("_");

document.body.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "live") return;
  event.detail.parameters.since = versions($$("#grid tbody tr[data-version]:not(.is-editing)"));
  event.detail.parameters.editing = versions(editing());
  event.detail.parameters.period = $("#period")?.value || "";
});

function refresh() {
  const area = grid();
  if (!area) return;
  if (editing().length) {
    // The row under edit is left alone: the others come one by one, new ones once it is closed.
    window.htmx.trigger("#live", "runTick");
    return;
  }
  ask("GET", area.dataset.refreshUrl, { source: area, target: area, swap: "outerHTML" });
}

// The page of before the first load has no toolbar: it takes the whole page, without a reload.
function takePage() {
  const page = { target: ".page", select: ".page", swap: "outerHTML", headers: { "HX-Boosted": "true" } };
  ask("GET", location.href, page);
}
document.body.addEventListener("periodsChanged", () => ($("#totals") ? refresh() : grid() && takePage()));

// A chooser that was asked for before somebody chose another month shows the one before: it is asked for again.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  const chosen = $("#period");
  if (target.id !== "period-form" || chosen.disabled || requestConfig.parameters.period === chosen.value) return;
  event.detail.shouldSwap = false;
  window.htmx.trigger(requestConfig.elt, "again");
});
document.body.addEventListener("linesChanged", () => {
  news += 1;
  refresh();
});

// One run at a time: no line can be sent alone meanwhile (P38).
document.body.addEventListener("runTick", (event) => {
  if (!event.detail?.live) return;
  for (const button of $$("#grid [data-sync]:not(:disabled)")) {
    button.disabled = true;
    button.title = "A sync is running";
  }
});

settle();
showSearch();
