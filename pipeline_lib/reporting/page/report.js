"use strict";
// The picture is in the page once; its download is the same picture.
for (const link of document.querySelectorAll("a[data-picture]")) {
  link.href = link.closest("figure").querySelector("img").src;
}
// A cell carries its value only where the text does not tell it; a count tells it but for the commas.
const isNumber = (cell) => cell.classList.contains("n");
const valueOf = (cell) => cell.dataset.value
  ?? (isNumber(cell) ? cell.textContent.replaceAll(",", "") : cell.textContent);
for (const box of document.querySelectorAll("[data-table]")) {
  const body = box.querySelector("tbody");
  const rows = [...body.rows];
  const heads = [...box.querySelectorAll("th")];
  const selects = [...box.querySelectorAll("select")];
  const search = box.querySelector("[data-search]");
  const count = box.querySelector(".count");

  const show = () => {
    const text = search ? search.value.trim().toLowerCase() : "";
    let shown = 0;
    for (const row of rows) {
      const fits = selects.every((s) => !s.value || valueOf(row.cells[+s.dataset.column]) === s.value)
        && (!text || row.textContent.toLowerCase().includes(text));
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
  };
  selects.forEach((s) => s.addEventListener("change", show));
  if (search) search.addEventListener("input", show);
  box.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => valueOf(row.cells[column]);
    const numeric = rows.some((row) => isNumber(row.cells[column]));
    rows.sort((a, b) => {
      const x = value(a), y = value(b);
      if (numeric) {
        if (x === "" || y === "") return (x === "") - (y === "");
        return down ? y - x : x - y;
      }
      return down ? y.localeCompare(x) : x.localeCompare(y);
    });
    body.append(...rows);
  }));

  box.querySelector("[data-csv]").addEventListener("click", () => {
    const quote = (text) => {
      const safe = /^[=+\-@\t\r\n]/.test(text) && !/^[+-]?[0-9.]+(e[+-]?[0-9]+)?$/i.test(text) ? `'${text}` : text;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const lines = [heads.map((head) => quote(head.textContent.trim())).join(",")];
    for (const row of rows) {
      if (!row.hidden) lines.push([...row.cells].map((cell) => quote(valueOf(cell))).join(","));
    }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = `${box.dataset.table}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
  show();
}
