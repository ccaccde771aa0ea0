// Bulk Update's card: beside its button, above the grid, open while rows are ticked and dialogs come
// and go, so that Back finds its values where they were.

import { showBeside } from "./app.js";

const card = document.getElementById("bulk-card");
const button = () => document.getElementById("bulk-update");

function close({ returnFocus = true } = {}) {
  if (!card?.matches(":popover-open")) return;
  card.hidePopover();
  card.replaceChildren();
  if (returnFocus) button()?.focus();
}

function lightApply() {
  const form = document.getElementById("bulk-form");
  if (!form) return;
  const values = [...form.querySelectorAll("input[name]")].map((input) => input.value);
  form.querySelector("#bulk-apply").disabled = !values.some(Boolean);
}

document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== card || !card.childElementCount) return;
  const opened = !card.matches(":popover-open");
  showBeside(card, button());
  lightApply();
  const wrong = card.querySelector("[aria-invalid]");
  if (wrong || opened) (wrong || card.querySelector("input"))?.focus();
});

// What was refused were these values together: once one of them is another, nothing is wrong yet.
function forget() {
  for (const field of card.querySelectorAll("[aria-invalid]")) {
    document.getElementById(field.getAttribute("aria-describedby"))?.remove();
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  }
}

card?.addEventListener("input", () => { forget(); lightApply(); });
card?.addEventListener("change", lightApply);
card?.addEventListener("picker:change", lightApply);
card?.addEventListener("click", (event) => { if (event.target.closest("[data-close-bulk]")) close(); });
card?.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented) { event.preventDefault(); close(); }
});

document.body.addEventListener("closeBulk", () => close());
// Another period has no selection, and so nothing to update.
document.addEventListener("change", (event) => { if (event.target.id === "period") close({ returnFocus: false }); });

// The button comes anew with the grid.
let wasOnButton = false;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "grid") wasOnButton = document.activeElement === button();
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "grid" || !wasOnButton) return;
  wasOnButton = false;
  button()?.focus();
});

// --- What a save offers -------------------------------------------------------------------------------

function dropOffer() {
  const offer = document.getElementById("offer");
  if (!offer) return;
  const within = offer.contains(document.activeElement);
  offer.replaceChildren();
  offer.className = "offer";
  if (within) document.dispatchEvent(new Event("offerSettled"));
}

// Taken, it comes back empty, and what had the focus is gone with it.
let took = false;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id === "offer") took = event.detail.target.contains(document.activeElement);
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "offer" || !took) return;
  took = false;
  if (document.activeElement === document.body) document.dispatchEvent(new Event("offerSettled"));
});

document.addEventListener("click", (event) => { if (event.target.closest("[data-dismiss-offer]")) dropOffer(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && event.target.closest?.("#offer")) dropOffer();
});
// It was about the edit before; where a user's own values are kept, only they themselves take them away.
document.body.addEventListener("htmx:load", (event) => {
  const row = event.detail.elt;
  const again = document.querySelector("#offer [data-offers-again]");
  if (!row.matches?.("tr.is-editing")) return;
  if (!again || again.getAttribute("hx-target") === `#${row.id}`) dropOffer();
});
