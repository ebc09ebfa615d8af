// Look up a gene: everything is in the page, and read when the first gene is asked for.
const form = document.getElementById("gene-search");
if (form) {
  const input = document.getElementById("gene");
  const place = document.getElementById("gene-page");
  let data, byName;

  const read = async () => {
    if (data) return;
    data = await unpack(document.getElementById("gene-pages"));
    byName = new Map(data.genes.map((gene, at) => [gene.toUpperCase(), at]));
    data.names.forEach((name, at) => { if (name && !byName.has(name.toUpperCase())) byName.set(name.toUpperCase(), at); });
    data.aliases.forEach(([alias, at]) => { if (!byName.has(alias.toUpperCase())) byName.set(alias.toUpperCase(), at); });
  };
  const node = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  const label = (at) => data.names[at] || data.genes[at];
  const number = (value) => (value === null || value === undefined ? "–" : value.toLocaleString("en", { maximumSignificantDigits: 3 }));
  const geneLink = (at) => {
    const made = node("button", label(at), "gene");
    made.type = "button";
    made.title = data.genes[at];
    made.addEventListener("click", () => { input.value = label(at); look(at); });
    return made;
  };
  const geneList = (genes) => {
    const made = node("span");
    genes.forEach((at, place) => { if (place) made.append(", "); made.append(geneLink(at)); });
    return made;
  };
  const part = (title, ...content) => {
    const made = node("section");
    made.append(node("h4", title), ...content);
    return made;
  };
  const partners = (rows, heads) => {
    const table = node("table");
    const head = table.createTHead().insertRow();
    for (const [at, text] of ["with", ...heads].entries()) {
      const cell = node("th", text, at ? "n" : undefined);
      cell.scope = "col";
      head.append(cell);
    }
    const body = table.createTBody();
    for (const [genes, ...values] of rows) {
      const row = body.insertRow();
      row.insertCell().append(geneList(genes));
      for (const value of values) row.append(node("td", number(value), "n"));
    }
    return table;
  };
  const unit = (assay) => (assay.unit ? ` (${assay.unit})` : "");

  const look = (at) => {
    const parts = [];
    for (const assay of data.measured) {
      if (assay.of[at]) parts.push(part(`Measured: ${assay.name}`, partners(assay.of[at], [`measured${unit(assay)}`, "predicted, held out"])));
    }
    for (const assay of data.predicted) {
      if (assay.of[at]) parts.push(part(`Predicted by ${data.model}: ${assay.name}`, partners(assay.of[at], [`predicted${unit(assay)}`, "measured"])));
    }
    if (data.untested[at]) parts.push(part("To measure next", partners(data.untested[at], ["predicted", "spread"])));
    const singles = data.single.filter((assay) => at in assay.of)
      .map((assay) => node("p", `${assay.name}: ${number(assay.of[at])}${unit(assay)}`));
    if (singles.length) parts.push(part("Single deletion", ...singles));
    const near = data.networks.filter((network) => network.of[at]).map((network) => {
      const line = node("p", `${network.name} (${network.of[at][0].toLocaleString("en")}): `);
      line.append(geneList(network.of[at][1]));
      return line;
    });
    if (near.length) parts.push(part("Networks (neighbours, the heaviest edges named)", ...near));
    if (data.reactions_of[at]) {
      const [count, shown] = data.reactions_of[at];
      parts.push(part(`Reactions (${count})`, ...shown.map((one) => {
        const [name, subsystem, rule] = data.reactions[one];
        const line = node("p", subsystem ? `${name} (${subsystem})` : name);
        line.append(node("br"), node("small", rule));
        return line;
      })));
    }
    const features = data.features.flatMap((feature) => {
      const held = (feature.terms ?? feature.values)[at] ?? [];
      const words = held.map((one) => (Array.isArray(one) ? `${feature.columns[one[0]]}: ${number(one[1])}` : feature.columns[one]));
      return words.length ? [node("p", `${feature.name.replaceAll("_", " ")}: ${words.join("; ")}`)] : [];
    });
    if (features.length) parts.push(part("Features", ...features));

    const title = node("p", undefined, "gene-title");
    const both = data.names[at] ? `${data.names[at]} (${data.genes[at]})` : data.genes[at];
    if (data.linked[at]) {
      const link = title.appendChild(node("a", both));
      link.href = data.address.replaceAll("{gene}", encodeURIComponent(data.genes[at]));
      link.rel = "noopener";
    } else title.append(both);
    const known = [data.metabolic[at] ? "in the metabolic model" : "not in the metabolic model",
      { 1: "essential", 0: "not essential", [-1]: "essentiality unknown" }[data.essential[at]]];
    const grid = node("div", undefined, "gene-parts");
    grid.append(...(parts.length ? parts : [node("p", "This run holds nothing else of it.")]));
    place.replaceChildren(title, node("p", known.join(", ")), grid);
    history.replaceState(null, "", `#gene=${encodeURIComponent(data.genes[at])}`);
  };
  const find = async (text) => {
    await read();
    const at = byName.get(text.trim().toUpperCase());
    if (at === undefined) place.replaceChildren(node("p", `No gene of this run is called “${text.trim()}”.`));
    else look(at);
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => { event.preventDefault(); if (input.value.trim()) find(input.value); });
  // A list of thousands is never drawn: those that begin as typed, once there are two letters.
  input.addEventListener("input", async () => {
    const text = input.value.trim().toUpperCase();
    const list = document.getElementById("gene-names");
    if (text.length < 2) { list.replaceChildren(); return; }
    await read();
    const fits = [];
    for (const [name, at] of byName) {
      if (name.startsWith(text)) fits.push(label(at) === data.genes[at] ? data.genes[at] : name);
      if (fits.length === 12) break;
    }
    list.replaceChildren(...fits.map((name) => { const option = node("option"); option.value = name; return option; }));
    if (byName.has(text)) find(text);
  });
  const fromHash = () => {
    if (!location.hash.startsWith("#gene=")) return;
    reveal(document.getElementById("gene"));
    input.value = decodeURIComponent(location.hash.slice(6));
    find(input.value);
  };
  fromHash();
  addEventListener("hashchange", fromHash);
}
