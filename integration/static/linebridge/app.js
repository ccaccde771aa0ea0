// The frame's behaviour: theme switch, dialogs, toasts, menus, and what htmx needs said once.

const dialog = document.getElementById("dialog");
const dialogBody = document.getElementById("dialog-body");
let returnTo = null;

// --- Theme -------------------------------------------------------------------------------------

function markTheme() {
  const choice = document.documentElement.dataset.themeChoice;
  for (const button of document.querySelectorAll("button[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === choice));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-theme-choice]");
  if (!button) return;
  localStorage.setItem("theme", button.dataset.themeChoice);
  document.dispatchEvent(new Event("themechange"));
  markTheme();
});
markTheme();

// --- Dialogs -----------------------------------------------------------------------------------

function openDialog() {
  if (!dialog.open) dialog.showModal();
  const first = "input:not([type=hidden]):not(:disabled), select, button:not([data-close]), button";
  (dialogBody.querySelector("[autofocus]") || dialogBody.querySelector(first))?.focus();
}

export function closeDialog() {
  if (dialog.open) dialog.close();
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const opener = event.detail.elt;
  if (opener.matches?.("[data-dialog]")) returnTo = opener.id ? `#${CSS.escape(opener.id)}` : opener;
});

// Once it is settled, not once it is swapped in: until then htmx does not hear its form's submit.
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target === dialogBody && dialogBody.childElementCount) openDialog();
});

dialog.addEventListener("click", (event) => {
  // The dialog's own padding is none: a click on the element itself is one on its backdrop.
  if (event.target === dialog || event.target.closest("[data-close]")) closeDialog();
});

dialog.addEventListener("close", () => {
  dialogBody.replaceChildren();
  const opener = typeof returnTo === "string" ? document.querySelector(returnTo) : returnTo;
  opener?.focus();
  returnTo = null;
});

document.body.addEventListener("closeDialog", closeDialog);

// A form marked data-needs-tick can be sent once one of its boxes is ticked.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-needs-tick]");
  if (form) form.querySelector("[type=submit]").disabled = !form.querySelector("[type=checkbox]:checked");
});

// --- Toasts ------------------------------------------------------------------------------------

const FADE_AFTER = 6000;

export function toast(text, kind = "success") {
  const failed = kind === "error";
  const box = document.createElement("div");
  box.className = `toast-item is-${failed ? "error" : kind}`;
  const words = document.createElement("p");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "icon-button";
  close.setAttribute("aria-label", "Dismiss");
  close.append("×");
  close.addEventListener("click", () => box.remove());
  box.append(words, close);
  document.querySelector(failed ? ".toast-assertive" : ".toast-polite").append(box);
  if (failed) return box;
  let timer = setTimeout(() => box.remove(), FADE_AFTER);
  box.addEventListener("mouseenter", () => clearTimeout(timer));
  box.addEventListener("mouseleave", () => { timer = setTimeout(() => box.remove(), FADE_AFTER); });
  return box;
}

document.body.addEventListener("toast", (event) => toast(event.detail.text, event.detail.kind));
for (const message of document.querySelectorAll("template[data-toast]")) {
  toast(message.content.textContent, message.dataset.toast);
  message.remove();
}

// --- Menus and hints (native popovers, put beside what opened them) ------------------------------

const anchors = new WeakMap();

function place(popover, anchor) {
  anchors.set(popover, anchor);
  const from = anchor.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const below = from.bottom + 4 + size.height <= window.innerHeight;
  const above = anchor.dataset.anchor === "above" || !below;
  const top = above ? Math.max(8, from.top - size.height - 4) : from.bottom + 4;
  const left = Math.min(from.left, window.innerWidth - size.width - 8);
  popover.style.top = `${top}px`;
  popover.style.left = `${Math.max(8, left)}px`;
}

export function showBeside(popover, anchor) {
  if (!popover.matches(":popover-open")) popover.showPopover();
  place(popover, anchor);
}

window.addEventListener("resize", () => {
  for (const popover of document.querySelectorAll(":popover-open")) {
    const anchor = anchors.get(popover);
    if (anchor?.isConnected) place(popover, anchor);
  }
});

document.addEventListener("toggle", (event) => {
  if (event.newState !== "open" || !event.target.id) return;
  const anchor = document.querySelector(`[popovertarget="${CSS.escape(event.target.id)}"]`);
  if (anchor) place(event.target, anchor);
}, true);

// --- htmx ----------------------------------------------------------------------------------------

const WENT_WRONG = {
  0: "The server can't be reached. Nothing was changed; check the connection and try again.",
  403: "You have no permission for this. Nothing was changed; ask an administrator for the role.",
  404: "This isn't here any more. Nothing was changed; reload the page.",
  409: "Someone else was faster. Nothing was changed; reload the page.",
};

// Signing in, in whatever tab, changes the token: the cookie's counts, not the one this page began with.
document.body.addEventListener("htmx:configRequest", (event) => {
  const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
  if (token) event.detail.headers["X-CSRFToken"] = token;
});

// What a page asks by itself (bars, live rows) fails once for all: a tab that was open while the server
// restarted shows one notice, and takes it back once it is answered again.
const AWAY = "The server can't be reached. This page shows what it knew last, and goes on by itself.";
const asked = (event) => !event.detail.elt?.closest?.("[data-quiet]");
let away = null;

function missed(event) {
  const down = !event.detail.xhr.status || event.detail.xhr.status >= 500;
  if (asked(event) || !down) return false;
  away ??= toast(AWAY, "error");
  return true;
}

document.body.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful || isSignIn(event.detail.xhr)) return;
  away?.remove();
  away = null;
});

// A session that ended answers with the sign-in page: it belongs in the window, not in a fragment. But a row
// under edit is not given up for it.
const SIGNED_OUT = "You are signed out. Sign in again in another tab: what you have typed here stays, and can be saved then.";
const isSignIn = (xhr) => new URL(xhr?.responseURL || location.href).pathname === document.body.dataset.loginUrl;

document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (!isSignIn(event.detail.xhr)) return;
  event.detail.shouldSwap = false;
  if (!document.querySelector("tr.is-editing, #bulk-card:popover-open")) return location.reload();
  if (asked(event)) {
    away?.remove();
    away = null;
  }
  away ??= toast(SIGNED_OUT, "error");
});

document.body.addEventListener("htmx:responseError", (event) => {
  if (missed(event)) return;
  const { status } = event.detail.xhr;
  toast(WENT_WRONG[status] || `The server failed (${status}). Your data is as it was; try again, and look in System Logs if it stays.`, "error");
});
document.body.addEventListener("htmx:sendError", (event) => { if (!missed(event)) toast(WENT_WRONG[0], "error"); });

// A second press while the first is under way is the same press: it is dropped, not sent after it.
document.body.addEventListener("htmx:confirm", (event) => {
  const { elt, verb } = event.detail;
  if (verb === "post" && elt.matches("form, button") && elt.classList.contains("htmx-request")) event.preventDefault();
});

// A press is a click only where the button that went down is still there when it comes up: what renews
// itself each second waits for it, and asks again a second later.
let pressed = null;
document.addEventListener("pointerdown", (event) => { pressed = event.target; });
for (const release of ["pointerup", "pointercancel"]) document.addEventListener(release, () => { pressed = null; });

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { requestConfig, target } = event.detail;
  if (pressed && target?.contains(pressed) && requestConfig?.elt.closest("[data-quiet]")) event.detail.shouldSwap = false;
});

// What has just begun is shown at once: a poll that is out may carry an answer of before, and the
// element that would ask again is replaced by it, so that poll is taken back first.
for (const started of ["runStarted", "loadStarted", "refreshStarted", "bulkStarted"]) {
  document.body.addEventListener(started, () => {
    for (const bar of document.querySelectorAll(`[data-nudged-by="${started}"]`)) {
      window.htmx.trigger(bar, "htmx:abort");
      window.htmx.trigger(bar, "nudge");
    }
  });
}

// What was unfolded stays so when its part of the page renews itself.
let unfolded = [];
document.body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  unfolded = [...target.querySelectorAll("details[id][open]")].map((one) => one.id);
});
document.body.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
});

// A bar that renews itself goes on from where it stood, instead of jumping there.
const reached = new Map();
document.body.addEventListener("htmx:beforeSwap", ({ detail: { target } }) => {
  for (const bar of target.querySelectorAll(".job progress[value]")) reached.set(bar.closest(".job").ariaLabel, bar.value);
});
document.body.addEventListener("htmx:load", ({ detail: { elt } }) => {
  for (const bar of elt.querySelectorAll(".job progress[value]")) {
    const now = bar.value;
    const name = bar.closest(".job").ariaLabel;
    bar.value = Math.min(now, reached.get(name) ?? now);
    reached.delete(name);
    bar.getBoundingClientRect(); // drawn so once, or there is nothing to go on from
    bar.value = now;
  }
});

// A thin line at the top for what takes longer than 300 ms; polling stays quiet.
let pending = 0;
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (asked(event)) document.body.classList.toggle("is-waiting", ++pending > 0);
});
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (asked(event)) document.body.classList.toggle("is-waiting", (pending = Math.max(0, pending - 1)) > 0);
});

// A request of ours. One that a newer one replaced is no mistake, and what failed is told by htmx's own events.
export function ask(...request) {
  return window.htmx.ajax(...request).catch(() => {});
}
