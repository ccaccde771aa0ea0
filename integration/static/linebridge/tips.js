// Tips: the whole text of what a grid, its heads and chips cut, and the reasons kept in data-tip.

import { showBeside } from "./app.js";

const tip = document.getElementById("tip");
let tipTimer = null;
let tipAnchor = null;

const TELLS = "#grid tbody td, #grid thead th, .chip";
const CUT = ".cut, .head-label, .chip-value";
const isCut = (one) => one.scrollWidth > one.clientWidth + 1;

function tipOf(element) {
  const told = element.closest("[data-tip]");
  if (told?.dataset.tip) return [told, told.dataset.tip];
  // Under the focus the picker's list says it all.
  if (element.matches("input[data-picker]") && element !== document.activeElement && isCut(element)) return [element, element.value];
  const whole = element.closest(TELLS);
  const cell = whole?.matches("td:not(.cell-edit, .stick-left, .stick-right)") ? [whole] : [];
  const cut = [...(whole?.querySelectorAll(CUT) || []), ...cell].find(isCut);
  return cut ? [cut, cut.textContent] : [null, ""];
}

function showTip(element) {
  const [anchor, text] = tipOf(element);
  if (!text) { hideTip(); return; }
  tip.textContent = text;
  tipAnchor = anchor;
  showBeside(tip, anchor);
}

const tellsOfFocus = () => tip.matches(":popover-open") && tipAnchor?.closest(TELLS)?.contains(document.activeElement);

// Focus may scroll its cell into sight: the tip goes along; one that the mouse opened goes away.
function followTip() {
  if (tellsOfFocus()) showBeside(tip, tipAnchor);
  else closeTip();
}

function closeTip() {
  if (tip.matches(":popover-open")) tip.hidePopover();
}

function hideTip() {
  clearTimeout(tipTimer);
  closeTip();
}

// What scrolls under a mouse that rests is pointed at by nobody: the focus keeps its tip.
let mouseAt = "";
function hasMoved({ clientX, clientY }) {
  const was = mouseAt;
  mouseAt = `${clientX} ${clientY}`;
  return mouseAt !== was;
}
document.addEventListener("mousemove", hasMoved);

document.addEventListener("mouseover", (event) => {
  if (!hasMoved(event) && tellsOfFocus()) return;
  if (!event.target.closest?.(TELLS)) { if (!event.target.closest?.("#tip")) hideTip(); return; }
  clearTimeout(tipTimer);
  // Scrolling in between leaves it due, unless something else came under the pointer by that.
  tipTimer = setTimeout(() => { if (event.target.matches(":hover")) showTip(event.target); }, 250);
});
document.addEventListener("focusin", (event) => {
  if (event.target.closest?.(TELLS)) showTip(event.target); else hideTip();
});
document.addEventListener("scroll", (event) => { if (event.target.matches?.(".grid-scroll")) followTip(); }, true);

// --- Hints: a head's own explanation, a popover of its own ------------------------------------------

document.addEventListener("mouseover", (event) => {
  const hint = event.target.closest?.("[data-hint]");
  if (hint) showBeside(document.getElementById(hint.getAttribute("popovertarget")), hint);
});
document.addEventListener("focusin", (event) => {
  const hint = event.target.closest?.("[data-hint]");
  if (hint?.matches(":focus-visible")) showBeside(document.getElementById(hint.getAttribute("popovertarget")), hint);
});
for (const name of ["mouseout", "focusout"]) {
  document.addEventListener(name, (event) => {
    const hint = event.target.closest?.("[data-hint]");
    if (hint && !hint.contains(event.relatedTarget)) document.getElementById(hint.getAttribute("popovertarget"))?.hidePopover();
  });
}
