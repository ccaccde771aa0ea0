// Menus of the grid, and columns that are dragged wider.

import { ask, showBeside } from "./app.js";

const $ = (selector, root = document) => root.querySelector(selector);
const menu = $("#grid-menu");

// --- Menus: one place, beside what was pressed ---------------------------------------------------------

let opener = null;

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== menu) return;
  const { elt } = event.detail.requestConfig;
  if (elt.matches("[data-menu]")) opener = elt.id;
  const anchor = document.getElementById(opener);
  if (anchor) showBeside(menu, anchor);
  $("input:not([type=hidden]):not(:disabled), button", menu)?.focus();
});
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, target } = event.detail;
  if (menu?.contains(elt) && (target.id === "grid" || elt.matches(".menu-item"))) menu.hidePopover();
});
menu?.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && (document.activeElement === document.body || menu.contains(document.activeElement))) document.getElementById(opener)?.focus();
});
// The grid that comes back is a new one: what opened the menu is found again by its id.
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id === "grid" && opener && document.activeElement === document.body) document.getElementById(opener)?.focus({ preventScroll: true });
});

// The arrows walk a menu's boxes, as they walk the grid.
document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [...(event.target.closest?.(".menu")?.querySelectorAll("input[type=search], .filter-value input:not(:disabled), .menu-item") || [])];
  const at = stops.indexOf(event.target);
  if (!step || at < 0 || !stops[at + step]) return;
  event.preventDefault();
  stops[at + step].focus();
});

// Enter after what was typed takes the one value that was found; among several it leads to the first.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.name !== "find" || !event.target.value) return;
  const values = [...event.target.form.querySelectorAll(".filter-value input")];
  const found = values.filter((box) => !box.checked);
  if (found.length === 1) found[0].checked = true;
  else if (found.length === values.length) { event.preventDefault(); values[0]?.focus(); }
});

// --- Widths ------------------------------------------------------------------------------------------------

const NARROWEST = 56;
const WIDEST = 800;
const STEP = 16;

function setWidth(head, width) {
  const wide = Math.round(Math.max(NARROWEST, Math.min(width, WIDEST)));
  $(`col[data-key="${head.dataset.key}"]`, head.closest("table")).width = wide;
  return wide;
}

let timer = null;
function keep(head, width) {
  clearTimeout(timer);
  const values = { column: head.dataset.key, width };
  timer = setTimeout(() => ask("POST", $("#grid").dataset.widthUrl, { source: "#live", swap: "none", values }), 200);
}

document.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".resizer");
  if (!handle || event.button) return;
  event.preventDefault();
  const head = handle.parentElement;
  const begun = { at: event.clientX, width: head.getBoundingClientRect().width };
  let width = begun.width;
  handle.setPointerCapture(event.pointerId);
  head.classList.add("is-resizing");
  const move = (moved) => { width = setWidth(head, begun.width + moved.clientX - begun.at); };
  const end = () => {
    head.classList.remove("is-resizing");
    handle.removeEventListener("pointermove", move);
    if (width !== begun.width) keep(head, width);
  };
  handle.addEventListener("pointermove", move);
  handle.addEventListener("lostpointercapture", end, { once: true });
});

// The same without dragging: Shift and an arrow on a head.
document.addEventListener("keydown", (event) => {
  const head = event.target.closest?.("#grid thead th[data-key]");
  const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
  if (!head || !step || !event.shiftKey) return;
  event.preventDefault();
  keep(head, setWidth(head, head.getBoundingClientRect().width + step));
});
