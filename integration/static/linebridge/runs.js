// A preview's page: what the button says follows the ticks.

const $ = (selector) => document.querySelector(selector);
const boxes = () => [...document.querySelectorAll("input[name=ends]")];
const counted = (n) => n.toLocaleString("en");

function words(post, ends, refused) {
  const lines = post ? `Post ${counted(post)} line${post === 1 ? "" : "s"}` : "";
  if (lines && ends) return `${lines} and end ${counted(ends)}`;
  if (ends) return `End ${counted(ends)} Addition${ends === 1 ? "" : "s"}`;
  return lines || (refused ? `Mark ${counted(refused)} as Error` : "Nothing to post");
}

function tell() {
  const button = $("#confirm[data-post]");
  const all = $("#tick-ends");
  const ticked = boxes().filter((box) => box.checked).length;
  if (all) {
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
  if (!button) return;
  const [post, refused] = [Number(button.dataset.post), Number(button.dataset.refused)];
  button.querySelector("[data-words]").textContent = words(post, ticked, refused);
  button.disabled = "blocked" in button.dataset || !(post || ticked || refused);
}

document.addEventListener("change", (event) => {
  if (event.target.id === "tick-ends") boxes().forEach((box) => { box.checked = event.target.checked; });
  if (event.target.id === "tick-ends" || event.target.name === "ends") tell();
});
// A step back shows the ticks as they were left.
window.addEventListener("pageshow", tell);

// The page is swapped when another run begins or ends: ticks of the same plan stay.
let kept = null;
const epoch = () => $("#run-form input[name=epoch]")?.value;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target.id !== "run-page") return;
  kept = { epoch: epoch(), keys: boxes().filter((box) => box.checked).map((box) => box.value) };
});
document.body.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "run-page") return;
  if (kept?.epoch && kept.epoch === epoch()) boxes().forEach((box) => { box.checked = kept.keys.includes(box.value); });
  kept = null;
  tell();
});
tell();
