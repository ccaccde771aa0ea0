// A preview's ticks: kept on the server, which says what is ticked on all pages.

const all = () => document.querySelector("#tick-ends");

function showSome() {
  if (all()) all().indeterminate = "some" in all().dataset;
}

document.body.addEventListener("htmx:afterSettle", showSome);
// What was not kept is not shown as if it were.
for (const failed of ["htmx:responseError", "htmx:sendError"]) {
  document.body.addEventListener(failed, ({ detail: { elt } }) => {
    if (elt.name === "ticked") elt.checked = !elt.checked;
    showSome();
  });
}
showSome();
