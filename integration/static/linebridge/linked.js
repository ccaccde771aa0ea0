// A link from elsewhere opens what stands behind its #: a row's edit, or the button of that id.

import { ask } from "./app.js";

function openLinked() {
  const [, pk, focus] = location.hash.match(/^#edit-(\d+)(?:-(\w+))?$/) || [];
  const row = pk && document.getElementById(`line-${pk}`);
  const button = pk && document.getElementById(`edit-${pk}`);
  if (row && button) {
    const url = `${button.getAttribute("hx-get")}${focus ? `?focus=${focus}` : ""}`;
    ask("GET", url, { source: row, target: row, swap: "outerHTML" });
  } else if (location.hash === "#load-invoices") {
    document.getElementById("load-invoices")?.click();
  } else {
    return;
  }
  // Once: a reload or a step back shows the grid alone.
  history.replaceState(history.state, "", location.pathname + location.search);
}

openLinked();
