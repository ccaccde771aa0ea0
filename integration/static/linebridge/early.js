// A page can be seen before its scripts listen to it: they begin once all of it is read. What a quick
// hand presses and types until then is kept, and done once it is heard.
(() => {
  const BY_HTMX = ":is([hx-get], [hx-post])";
  // What the browser does well by itself.
  const NATIVE = `a[href], summary, label, input, select, textarea, form:not(${BY_HTMX}) :is([type=submit], button:not([type]))`;
  const BOXES = "[type=checkbox], [type=radio]";
  const kept = [];
  const typed = new Map();

  // Twice the same press is one, as it is later; twice the same key is two.
  function keep({ type, target }, redo) {
    if (type === "keydown" || !kept.some((one) => one.type === type && one.target === target)) kept.push({ type, target, redo });
  }

  const early = {
    click(event) {
      const { target } = event;
      const isBox = target.matches(BOXES);
      if (target.closest(NATIVE) && !isBox) return;
      if (!isBox) event.preventDefault();
      keep(event, () => {
        if (isBox) target.checked = !target.checked; // as it was before the press, which is done anew
        target.dispatchEvent(new PointerEvent("click", event));
      });
    },
    submit(event) {
      if (!event.target.matches(BY_HTMX)) return;
      event.preventDefault();
      keep(event, () => event.target.requestSubmit(event.submitter));
    },
    keydown(event) {
      if (event.target.matches("input, select, textarea")) return;
      keep(event, () => event.target.dispatchEvent(new KeyboardEvent("keydown", event)));
    },
    change(event) {
      if (event.target.matches(BOXES)) return;
      keep(event, () => event.target.dispatchEvent(new Event("change", { bubbles: true })));
    },
    input(event) {
      if (!event.target.matches("[type=search], [type=text]")) return;
      typed.set(event.target, "");
      keep(event, () => {
        event.target.value = typed.get(event.target);
        event.target.dispatchEvent(new InputEvent("input", { bubbles: true }));
      });
    },
  };
  for (const [type, listener] of Object.entries(early)) window.addEventListener(type, listener, true);

  // First of all who wait for this: htmx tells of a text only what differs from what it found there.
  window.addEventListener("DOMContentLoaded", () => {
    for (const [type, listener] of Object.entries(early)) window.removeEventListener(type, listener, true);
    for (const field of typed.keys()) {
      typed.set(field, field.value);
      field.value = field.defaultValue;
    }
  }, { capture: true, once: true });

  // Last of all, for the others listen at the document.
  window.addEventListener("DOMContentLoaded", () => { for (const { redo } of kept) redo(); }, { once: true });
})();
