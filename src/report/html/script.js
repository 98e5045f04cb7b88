"use strict";
// Sorting and filtering. The page is complete without: this only moves and hides what is there.
(() => {
  const table = document.querySelector("table.rows");
  const controls = document.querySelector(".controls");
  if (!table || !controls) return;

  const bodies = [...table.tBodies];
  const rows = bodies.flatMap((body) => [...body.rows].slice(1));
  const home = new Map(rows.map((row) => [row, row.parentNode]));
  const order = new Map(rows.map((row, index) => [row, index]));
  const headers = [...table.tHead.rows[0].cells].filter((header) => header.dataset.sort);
  // Rows of all statuses, while another order than the report's is shown.
  const sorted = table.createTBody();

  const search = controls.querySelector("input[type=search]");
  const boxes = [...controls.querySelectorAll("input[type=checkbox]")];
  const shown = controls.querySelector("[role=status]");
  const words = new Map();

  // What a filter looks at; not the samples, which would find every number.
  function text(row) {
    if (!words.has(row)) {
      const cells = [...row.cells].filter((cell) => !cell.querySelector("svg"));
      words.set(row, cells.map((cell) => cell.textContent).join(" ").toLowerCase());
    }
    return words.get(row);
  }

  function filter() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(boxes.filter((box) => !box.checked).map((box) => box.value));
    let count = 0;
    for (const row of rows) {
      const { status, advisory } = row.dataset;
      const hide = off.has(status) || (advisory !== undefined && off.has("advisory"));
      row.hidden = hide || !wanted.every((word) => text(row).includes(word));
      if (!row.hidden) count += 1;
    }
    for (const body of bodies) {
      const [heading, ...own] = body.rows;
      heading.hidden = own.length > 0 && own.every((row) => row.hidden);
    }
    shown.textContent = `${count} of ${rows.length} rows shown`;
  }

  // What tells by what a row is sorted in a column.
  function keyOf(header) {
    const index = header.cellIndex;
    const number = (cell) => ("value" in cell.dataset ? Number(cell.dataset.value) : NaN);
    return {
      order: (row) => order.get(row),
      number: (row) => number(row.cells[index]),
      text: (row) => row.cells[index].textContent,
    }[header.dataset.sort];
  }

  function sort(header, direction) {
    for (const other of headers) other.removeAttribute("aria-sort");
    // The headings of statuses mean nothing then.
    table.classList.toggle("sorted", Boolean(direction));
    if (!direction) {
      for (const row of rows) home.get(row).append(row);
      return filter();
    }
    header.setAttribute("aria-sort", direction);
    const sign = direction === "ascending" ? 1 : -1;
    const of = keyOf(header);
    const key = new Map(rows.map((row) => [row, of(row)]));
    const names = new Intl.Collator("en", { numeric: true });
    const compare = (a, b) => {
      const [x, y] = [key.get(a), key.get(b)];
      if (typeof x === "string") return sign * names.compare(x, y);
      // Without a number: last, in either direction.
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
      return x === y ? 0 : sign * (x < y ? -1 : 1);
    };
    sorted.append(...[...rows].sort((a, b) => compare(a, b) || order.get(a) - order.get(b)));
    filter();
  }

  // Numbers begin with the greatest, words with the first; a third time is the report's order again.
  function next(header) {
    const first = header.dataset.sort === "number" ? "descending" : "ascending";
    const second = first === "ascending" ? "descending" : "ascending";
    const now = header.getAttribute("aria-sort");
    sort(header, now === first ? second : now === second ? null : first);
  }

  for (const header of headers) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    button.addEventListener("click", () => next(header));
    header.replaceChildren(button);
  }
  table.classList.add("sortable");
  search.addEventListener("input", filter);
  for (const box of boxes) box.addEventListener("change", filter);
  controls.querySelector("button").addEventListener("click", () => {
    search.value = "";
    for (const box of boxes) box.checked = true;
    filter();
  });
  controls.hidden = false;
  filter();
})();
