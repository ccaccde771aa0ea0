// A combobox that asks the server: <input role=combobox data-picker data-url=… > in a .picker with a hidden input.
//
// The endpoint answers <li role=option data-value=PK data-label=NAME>. The element gets "picker:change"
// (bubbling, detail {value, label}) when a value is chosen or cleared.

const WAIT = 120;
let counter = 0;

class Picker {
  constructor(input) {
    this.input = input;
    this.box = input.closest(".picker");
    this.hidden = this.box.querySelector("input[type=hidden]");
    this.list = document.createElement("ul");
    this.list.id = `picker-options-${++counter}`;
    this.list.className = "picker-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", input.getAttribute("aria-label") || "Options");
    this.list.popover = "manual";
    this.box.append(this.list);
    input.setAttribute("aria-controls", this.list.id);
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-autocomplete", "list");
    this.label = input.value;
    // What is there is selected, so that typing replaces it, however the focus came.
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => this.open());
    input.addEventListener("input", () => this.search());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => { if (!this.takesFirst) this.close(); });
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.choose(event.target.closest("[role=option]")));
  }

  get isOpen() { return this.list.matches(":popover-open"); }

  options() { return [...this.list.querySelectorAll("[role=option]:not([aria-disabled=true])")]; }

  async open(query = "") {
    if (this.input.disabled || this.input.readOnly || !this.input.dataset.url) return;
    if (!this.isOpen) { this.list.showPopover(); this.place(); this.input.setAttribute("aria-expanded", "true"); }
    await this.load(query);
  }

  place() {
    const from = this.input.getBoundingClientRect();
    const width = Math.min(Math.max(from.width, 320), window.innerWidth - 16);
    this.list.style.width = `${width}px`;
    this.list.style.left = `${Math.max(8, Math.min(from.left, window.innerWidth - width - 8))}px`;
    const below = window.innerHeight - from.bottom;
    const upward = below < 240 && from.top > below;
    this.list.style.top = upward ? "auto" : `${from.bottom + 2}px`;
    this.list.style.bottom = upward ? `${window.innerHeight - from.top + 2}px` : "auto";
  }

  async load(query) {
    const url = new URL(this.input.dataset.url, location.href);
    url.searchParams.set("q", query);
    this.asking?.abort();
    this.asking = new AbortController();
    this.box.classList.add("is-loading");
    try {
      const answer = await fetch(url, { signal: this.asking.signal, headers: { "HX-Request": "true" } });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      this.list.innerHTML = await answer.text();
      if (!this.list.querySelector("[role=option]") && !this.list.textContent.trim()) this.say("No match");
      this.list.querySelectorAll("[role=option]").forEach((option, n) => { option.id ||= `${this.list.id}-${n}`; });
      this.activate(this.options().find((option) => option.dataset.value === this.hidden.value) || this.options()[0]);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.say("The list can't be loaded. Try again.");
    }
    this.box.classList.remove("is-loading");
    this.isSearching = false;
    if (this.takesFirst) this.takeFirst();
  }

  say(text) {
    const item = document.createElement("li");
    item.className = "picker-none";
    item.setAttribute("role", "option");
    item.setAttribute("aria-disabled", "true");
    item.textContent = text;
    this.list.replaceChildren(item);
  }

  search() {
    this.activate(undefined); // what is shown no longer answers what is typed
    clearTimeout(this.timer);
    this.isSearching = Boolean(this.input.value);
    this.takesFirst = this.entersAfter = false;
    if (!this.input.value) this.set("", "");
    this.timer = setTimeout(() => this.open(this.input.value), WAIT);
  }

  activate(option) {
    this.active?.removeAttribute("aria-selected");
    this.active = option;
    if (!option) { this.input.removeAttribute("aria-activedescendant"); return; }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
  }

  move(step) {
    const options = this.options();
    const at = options.indexOf(this.active);
    this.activate(options[(at + step + options.length) % options.length]);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (this.isOpen) this.move(step); else this.open();
    } else if (event.key === "Enter" && (this.isOpen || this.isSearching)) {
      event.preventDefault();
      event.stopPropagation();
      if (this.takesFirst) this.entersAfter = true;
      else if (!this.active && this.isSearching) this.hurry();
      else this.choose(this.active);
    } else if (event.key === "Escape" && this.isOpen) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Tab" && !this.takesFirst && this.input.value !== this.label) {
      if (!this.active && this.isSearching) this.hurry(); else this.choose(this.active);
    }
  }

  // Enter or Tab was quicker than the answer: its first option is taken when it is there.
  hurry() {
    this.takesFirst = true;
    clearTimeout(this.timer);
    this.open(this.input.value);
  }

  takeFirst() {
    const { active, entersAfter } = this;
    this.takesFirst = this.entersAfter = false;
    this.choose(active);
    if (document.activeElement !== this.input) this.close();
    if (active && entersAfter) this.enter();
  }

  // The second Enter, which was quicker than the answer too, was meant for the form.
  enter() {
    const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
    if (this.input.dispatchEvent(enter)) this.hidden.form?.requestSubmit();
  }

  choose(option) {
    if (!option || option.getAttribute("aria-disabled") === "true") return;
    this.set(option.dataset.value, option.dataset.label, option.dataset.connectwiseId);
    this.input.value = this.label;
    this.close();
  }

  set(value, label, connectwiseId = "") {
    this.label = label;
    if (this.hidden.value === value) return;
    this.hidden.value = value;
    this.box.dispatchEvent(new CustomEvent("picker:change", { bubbles: true, detail: { value, label, connectwiseId } }));
    this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.isSearching = this.takesFirst = this.entersAfter = false;
    this.box.classList.remove("is-loading");
    if (this.isOpen) this.list.hidePopover();
    this.list.replaceChildren();
    this.active = null;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.input.value = this.label;
  }
}

const pickers = new WeakMap();

export function pickerOf(input) {
  if (!pickers.has(input)) pickers.set(input, new Picker(input));
  return pickers.get(input);
}

// An open list goes with its field when the grid is scrolled or the window changes.
function follow() {
  const field = document.activeElement;
  if (field?.matches("input[data-picker]") && pickerOf(field).isOpen) pickerOf(field).place();
}
window.addEventListener("resize", follow);
document.addEventListener("scroll", follow, { capture: true, passive: true });

// A form is sent once its pickers have what was typed: not before, with what stood there until then.
document.addEventListener("submit", (event) => {
  const all = [...document.querySelectorAll("input[data-picker]")].map(pickerOf);
  const late = all.find((picker) => picker.takesFirst && picker.hidden.form === event.target);
  if (!late) return;
  event.preventDefault();
  event.stopPropagation();
  late.entersAfter = true;
}, true);

function start(root) {
  for (const input of root.querySelectorAll?.("input[data-picker]") || []) pickerOf(input);
}

document.body.addEventListener("htmx:load", (event) => start(event.detail.elt.parentElement || document));
start(document);
