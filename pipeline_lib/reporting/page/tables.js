// A table stands on the page with its first rows; all of them are in its data, unpacked when a reader chooses others.
const showRows = {};

for (const box of document.querySelectorAll("[data-table]")) {
  const first = Number(box.dataset.first);
  const body = box.querySelector("tbody");
  const heads = [...box.querySelectorAll("th")];
  const labels = heads.map((head) => head.textContent.trim());
  const selects = [...box.querySelectorAll("select[data-column]")];
  const ranking = box.querySelector("[data-ranking]");
  const search = box.querySelector("[data-search]");
  const count = box.querySelector(".count");
  const all = box.querySelector("[data-all]");
  let digits, rows, loaded, whole = false;

  const read = () => loaded ??= (async () => {
    box.setAttribute("aria-busy", true);
    ({ digits, rows } = await unpack(box.querySelector("[data-rows]")));
    box.removeAttribute("aria-busy");
  })();
  const value = (cell) => (Array.isArray(cell) ? cell[0] : cell);
  const number = (cell, place) => cell.toLocaleString("en", { minimumFractionDigits: place, maximumFractionDigits: place });
  const cellOf = (cell, column) => {
    const made = document.createElement("td");
    made.dataset.label = labels[column];
    const plain = value(cell);
    const text = digits[column] === null ? plain : plain === null ? "–" : number(plain, digits[column]);
    if (digits[column] !== null) made.className = "n";
    else if (text.length > 60) made.className = "w";
    if (Array.isArray(cell)) {
      const link = made.appendChild(document.createElement("a"));
      link.href = cell[1];
      link.rel = "noopener";
      link.textContent = text;
    } else made.textContent = text;
    return made;
  };
  const fitting = () => {
    const text = search?.value.trim().toLowerCase();
    return rows.filter((row) =>
      selects.every((s) => !s.value || String(value(row[+s.dataset.column]) ?? "") === s.value)
      && (!text || row.some((cell) => String(value(cell) ?? "").toLowerCase().includes(text))));
  };
  const draw = async () => {
    await read();
    const found = fitting();
    const shown = whole ? found : found.slice(0, first);
    body.replaceChildren(...shown.map((row) => {
      const line = document.createElement("tr");
      line.append(...row.map(cellOf));
      return line;
    }));
    count.textContent = shown.length < found.length
      ? `${shown.length} of ${found.length.toLocaleString("en")} rows` : `${found.length.toLocaleString("en")} rows`;
    all.hidden = found.length <= first;
    all.textContent = whole ? `show the first ${first}` : `show all ${found.length.toLocaleString("en")}`;
  };
  showRows[box.dataset.table] = (chosen) => {
    for (const s of selects) {
      const label = s.closest("label").firstChild.textContent.trim();
      if (label in chosen && (!chosen[label] || [...s.options].some((o) => o.value === chosen[label]))) s.value = chosen[label];
    }
    if (search) search.value = "";
    draw();
  };
  selects.forEach((s) => s.addEventListener("change", draw));
  search?.addEventListener("input", draw);
  box.querySelector("form")?.addEventListener("submit", (event) => event.preventDefault());
  all.addEventListener("click", () => { whole = !whole; box.classList.toggle("whole", whole); draw(); });
  all.hidden = parseInt(count.textContent.replaceAll(",", ""), 10) <= first;

  const sortBy = async (column, down) => {
    await read();
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    rows.sort((a, b) => {
      const x = value(a[column]), y = value(b[column]);
      if (x === null || y === null) return (x === null) - (y === null);
      const order = digits[column] === null ? x.localeCompare(y) : x - y;
      return down ? -order : order;
    });
    draw();
  };
  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () =>
    sortBy(column, head.getAttribute("aria-sort") !== "descending")));
  ranking?.addEventListener("change", () => sortBy(Number(ranking.value), false));

  const save = box.querySelector("[data-csv]");
  save.hidden = false;
  save.addEventListener("click", async () => {
    await read();
    const quote = (cell) => {
      const text = String(cell ?? "");
      const safe = /^[=+\-@\t\r\n]/.test(text) && !/^[+-]?[0-9.]+(e[+-]?[0-9]+)?$/i.test(text) ? `'${text}` : text;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    const lines = [labels, ...fitting().map((row) => row.map(value))].map((row) => row.map(quote).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = `${box.dataset.table}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  });
}
// A cell of a grid leads to the rows behind it.
for (const link of document.querySelectorAll("[data-chosen]")) {
  link.addEventListener("click", (event) => {
    const target = document.querySelector(link.getAttribute("href"));
    if (!target) return;
    event.preventDefault();
    showRows[target.dataset.table](JSON.parse(link.dataset.chosen));
    reveal(target);
  });
}
