"use strict";
// Without this script the page shows the same tables, only in the report's order.
for (const table of document.querySelectorAll("table[data-sortable]")) {
  const body = table.tBodies[0];
  let inOrder = null;
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      inOrder ??= [...body.rows];
      const before = head.getAttribute("aria-sort");
      for (const other of heads) other.removeAttribute("aria-sort");
      const next = { ascending: "descending", descending: null }[before];
      const direction = next === undefined ? "ascending" : next;
      if (direction) head.setAttribute("aria-sort", direction);
      body.append(...(direction ? sorted(inOrder, place, direction === "ascending" ? 1 : -1) : inOrder));
    });
  });
}

function sorted(rows, place, sign) {
  const keyed = rows.map(row => {
    const cell = row.cells[place];
    const number = "value" in cell.dataset ? Number(cell.dataset.value) : NaN;
    const text = cell.textContent.trim();
    return { row, number, text, missing: Number.isNaN(number) && (text === "–" || text === "") };
  });
  const inWords = new Intl.Collator(undefined, { numeric: true });
  keyed.sort((a, b) => {
    if (a.missing || b.missing) return a.missing - b.missing;
    if (Number.isNaN(a.number) || Number.isNaN(b.number)) return sign * inWords.compare(a.text, b.text);
    return a.number === b.number ? 0 : sign * (a.number < b.number ? -1 : 1);
  });
  return keyed.map(entry => entry.row);
}

// Paper cannot be unfolded.
const folded = [...document.querySelectorAll("details")];
let opened = [];
addEventListener("beforeprint", () => {
  opened = folded.filter(part => !part.open);
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
});
