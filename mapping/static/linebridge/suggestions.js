// Suggestions by keyboard: after a yes or no the focus goes on to the next one, Delete says no.

const controls = "[data-accept], [data-dismiss]";
let answered = null;

function rowsFrom(row) {
  const rows = [...row.parentElement.children];
  return rows.slice(rows.indexOf(row));
}

document.body.addEventListener("htmx:beforeRequest", (event) => {
  const control = event.detail.elt;
  if (control.matches?.(controls)) answered = control.closest("tr").id;
});

document.body.addEventListener("htmx:afterSettle", (event) => {
  // Polls settle too, while the row that was answered still stands there.
  const row = event.target;
  if (!answered || row.id !== answered) return;
  answered = null;
  // A dismissed one may have made room for its runner-up: that is the next question.
  const next = rowsFrom(row).map((one) => one.querySelector("[data-accept]")).find(Boolean);
  (next || row.querySelector(".row-actions button"))?.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Delete" || !event.target.matches?.("[data-accept]")) return;
  event.preventDefault();
  event.target.closest("td").querySelector("[data-dismiss]").click();
});
