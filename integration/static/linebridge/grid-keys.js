// The grid by keyboard: arrows or j and k walk, e edits, space ticks, / searches, ? lists the keys.

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

function enter(cell) {
  if (!cell) return false;
  const control = $("button:not(:disabled), input:not(:disabled), [tabindex='0']", cell);
  if (!control) cell.tabIndex = -1;
  (control || cell).focus();
  return true;
}

function walk(cell, [down, right]) {
  const row = cell.parentElement;
  const rows = [...row.parentElement.children];
  return enter(rows[rows.indexOf(row) + down]?.children[[...row.children].indexOf(cell) + right]);
}

// A grid that is brought anew while somebody walks it: they stay on their cell, or, when the line isn't
// on this page any more, at the grid, where the next key leads into it.
let stood = null;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "grid") return;
  const cell = cellOf(document.activeElement);
  stood = cell && { row: cell.parentElement.id, place: cell.cellIndex };
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "grid" || !stood) return;
  const { row, place } = stood;
  stood = null;
  if (document.activeElement === document.body && !enter(document.getElementById(row)?.cells[place])) $("#grid .grid-scroll")?.focus();
});

const firstCell = () => $("#grid tbody tr > td");

// --- Keys -------------------------------------------------------------------------------------------

const act = (row, selector) => { const control = $(selector, row); control?.click(); return Boolean(control); };

function inGrid(event, cell) {
  const row = cell.parentElement;
  const plain = event.target === cell || event.target.matches(".tick");
  if (STEPS[event.key]) return walk(cell, STEPS[event.key]);
  if (event.key === "e" || (event.key === "Enter" && plain)) return act(row, "[id^='edit-']");
  if (event.key === " " && event.target === cell) return act(row, ".tick:not(:disabled)");
  if (event.key === "Escape") { $("#grid .grid-scroll").focus(); return true; }
  return false;
}

function anywhere(event) {
  if (event.key === "/") { $("#search")?.select(); $("#search")?.focus(); return Boolean($("#search")); }
  if (event.key === "?" && dialog) { dialog.showModal(); return true; }
  return (event.key === "j" || event.key === "k") && enter(firstCell());
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || isBusy()) return;
  if (event.target.id === "search" && event.key === "Escape" && !event.target.value) enter(firstCell());
  if (isTyping(event.target)) return;
  const cell = cellOf(event.target);
  const inside = cell || event.target.closest?.("#grid .grid-scroll");
  const done = (cell && inGrid(event, cell)) || ((inside || singleKeys()) && anywhere(event));
  if (done) event.preventDefault();
});

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
