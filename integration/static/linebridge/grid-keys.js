// The grid by keyboard: arrows or j and k walk, e edits, space ticks, / searches, ? lists all the keys.

const $ = (selector, root = document) => root.querySelector(selector);
const dialog = $("#keys-dialog");

// --- Who listens ------------------------------------------------------------------------------------

const isTyping = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
const cellOf = (element) => element.closest?.("#grid tbody tr:not(.is-editing) > td");
const isBusy = () => Boolean($("dialog[open]") || $("[popover]:popover-open:not(.tip)"));
// Some people's hands or voices type single keys by accident: they can keep them to the grid.
const singleKeys = () => localStorage.getItem("single-keys") !== "off";

// --- Walking ----------------------------------------------------------------------------------------

const STEPS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], j: [1, 0], k: [-1, 0] };

const CONTROLS = "button:not(:disabled), input:not(:disabled), [tabindex='0']";

function enter(cell) {
  if (!cell) return false;
  const control = $(CONTROLS, cell);
  if (!control) cell.tabIndex = -1;
  (control || cell).focus();
  return true;
}

function walk(cell, [down, right]) {
  const row = cell.parentElement;
  const within = right ? [...cell.querySelectorAll(CONTROLS)] : [];
  const beside = within[within.indexOf(document.activeElement) + right];
  if (within.includes(document.activeElement) && beside) { beside.focus(); return true; }
  const rows = [...row.parentElement.children];
  return enter(rows[rows.indexOf(row) + down]?.cells[cell.cellIndex + right]);
}

// Where somebody stands. A grid that is brought anew leaves them on their cell, or, when the line isn't on
// this page any more, at the grid; from elsewhere on the page, j leads back. Another sort, search or page
// is another grid: it begins at its first line.
const placeOf = (cell) => cell && { row: cell.parentElement.id, place: cell.cellIndex };
const cellAt = (where) => cellOf(document.getElementById(where?.row)?.cells[where.place] || document.body);
let stood = null;
let last = null;
document.addEventListener("focusin", (event) => { last = placeOf(cellOf(event.target)) || last; });
document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (target.id !== "grid") return;
  stood = placeOf(cellOf(document.activeElement));
  if (requestConfig.elt !== target) last = null;
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "grid" || !stood) return;
  const where = stood;
  stood = null;
  if (document.activeElement === document.body && !enter(cellAt(where))) $("#grid .grid-scroll")?.focus();
});

const firstCell = () => $("#grid tbody tr > td");

// --- Keys -------------------------------------------------------------------------------------------

const press = (control) => { control?.click(); return Boolean(control); };
const act = (row, selector) => press($(selector, row));

function tickHere(row, event) {
  const tick = $(".tick:not(:disabled)", row);
  return Boolean(tick) && (tick.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, shiftKey: event.shiftKey })), true);
}

// The page first; what else matches is offered then, and taken by the second press.
function tickAll() {
  const page = $("#tick-page:not(:disabled)");
  return press(page?.checked ? $("#tick-all") : page);
}

const filterOf = (cell) => $(`#grid thead tr:last-child th:nth-child(${cell.cellIndex + 1}) .funnel`);

function inGrid(event, cell) {
  const row = cell.parentElement;
  const plain = event.target === cell || event.target.matches(".tick");
  if (STEPS[event.key]) return !event.shiftKey && walk(cell, STEPS[event.key]);
  if (event.key === "Home" || event.key === "End") return enter([...row.cells].at(event.key === "Home" ? 0 : -1));
  if (event.key === "e" || (event.key === "Enter" && plain)) return act(row, "[id^='edit-']");
  if (event.key === "f") return press(filterOf(cell));
  if (event.key === " " && event.target === cell) return tickHere(row, event);
  if (event.key === "Escape") { $("#grid .grid-scroll").focus(); return true; }
  return false;
}

const ANYWHERE = {
  "/": () => { $("#search")?.select(); $("#search")?.focus(); return Boolean($("#search")); },
  "?": () => { dialog?.showModal(); return Boolean(dialog); },
  j: () => enter(cellAt(last) || firstCell()),
  k: () => enter(cellAt(last) || firstCell()),
  a: tickAll,
  b: () => press($("#bulk-update:not(:disabled)")),
  n: () => press($("a#page-next")),
  p: () => press($("a#page-previous")),
  s: () => press($("#sync-invoices:not(:disabled)")),
  o: () => { const offered = $("#offer .btn"); offered?.focus(); return Boolean(offered); },
};

// From the search into what it found, without taking the search away.
function leaveSearch(event) {
  const leaves = event.key === "ArrowDown" || (event.key === "Escape" && !event.target.value);
  if (leaves && enter(firstCell())) event.preventDefault();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isBusy()) return;
  if (event.target.id === "search") leaveSearch(event);
  if (isTyping(event.target)) return;
  const cell = cellOf(event.target);
  const inside = cell || event.target.closest?.("#grid .grid-scroll");
  const done = (cell && inGrid(event, cell)) || ((inside || singleKeys()) && ANYWHERE[event.key]?.());
  if (done) event.preventDefault();
});

// What a save offered is settled: whoever came by key goes on where they were.
document.addEventListener("offerSettled", () => enter(cellAt(last)) || $(".grid-scroll")?.focus());

// --- The list of keys -------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-keys]")) dialog.showModal();
  if (event.target === dialog || event.target.closest?.("[data-close-keys]")) dialog.close();
});
const choice = $("#single-keys");
if (choice) {
  choice.checked = singleKeys();
  choice.addEventListener("change", () => localStorage.setItem("single-keys", choice.checked ? "on" : "off"));
}
