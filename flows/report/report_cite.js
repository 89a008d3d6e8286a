/* A citation: what the number is, of what, whose data, and the query that gives it again. */
function keyOf(element) {
  const key = {};
  for (let at = element; at; at = at.parentElement) {
    // What most rows have stands on the page as a whole; what is nearer is of this number.
    if (at.dataset.e && !key.e) key.own = at.id !== "content";
    for (const name of ["i", "x", "m", "s", "y", "b", "e"]) if (at.dataset[name] && !(name in key)) key[name] = at.dataset[name];
    if (at.dataset.k && !key.k) key.k = JSON.parse(at.dataset.k);
  }
  const [source, ...name] = (key.e || "").split(" ");
  return { from: key.own ? key.e : undefined, importer_iso3: key.i, exporter_iso3: key.x, mineral: key.m, stage: key.s, year: key.y, basis: key.b, source: source || undefined, edition: name.join(" ") || undefined, ...key.k };
}
function queryOf(table, column, key, since, total) {
  const tests = table.grain.filter(([name]) => key[name] !== undefined && !(since && name === "year")).map(([name, type]) =>
    `${name === "table" ? '"table"' : name} = ` + (type === "year" || type === "int" ? Number(key[name]) : `'${String(key[name]).replaceAll("'", "''")}'`));
  const of = year => `max(${column}) FILTER (year = ${Number(year)})`;
  const asked = since ? `${of(key.year)} - ${of(since)} AS change` : total ? `CAST(sum(${column}) AS BIGINT) AS total` : column;
  return `SELECT ${asked} FROM ${table.table} WHERE ${tests.join(" AND ")}`;
}
function cite(button) {
  const [short, column] = (DATA.often[button.dataset.n] || button.dataset.n).split(".");
  const table = DATA.tables[short];
  const dialog = find("#cite");
  const close = make("button", { type: "button", class: "tool", on: { click: () => dialog.close() } }, "Close");
  if (!table) { dialog.replaceChildren(make("h2", {}, "Not in this snapshot"), close); return dialog.showModal(); }
  const [unit, meaning] = table.columns[column];
  const key = keyOf(button);
  const since = button.dataset.since;
  const query = queryOf(table, column, key, since, button.dataset.total);
  // What is copied into a shell stays one word of it, whatever a name holds.
  const command = `orewatch query "${query.replace(/[\\"$`]/g, "\\$&")}" --snapshot ${DATA.snapshot.id}`;
  // A table whose rows name no source is of one source, or of what stands beside the number.
  const ofRows = table.grain.some(([name]) => name === "source");
  const source = edition(ofRows ? `${key.source} ${key.edition}` : table.from || key.from);
  const parts = table.grain.map(([name]) => [name, key[name]]).filter(([, value]) => value !== undefined && value !== "");
  const shown = ([name, value]) => name === "mineral" ? DATA.minerals[value] || value : /_iso3$|^area$/.test(name) ? nameOf(value) : String(value);
  const words = parts.filter(([name]) => name !== "source" && name !== "edition").map(shown).join(", ") + (since ? `, change since ${since}` : "") + (button.dataset.total ? ", all suppliers together" : "");
  const nobody = ofRows ? "authored by this project" : "the tables of this snapshot";
  const origin = source ? `${source.citation} Edition ${source.id}${source.released ? `, released ${source.released}` : ""}.` : `${nobody}.`;
  const text = `${words}: ${button.textContent} (${meaning}; ${table.table}.${column}). Source: ${origin} Computed by orewatch, snapshot ${DATA.snapshot.id}.`;
  const line = (name, value) => value ? [make("div", {}, make("dt", {}, name), make("dd", {}, value))] : [];
  dialog.replaceChildren(
    make("h2", {}, meaning[0].toUpperCase() + meaning.slice(1)),
    make("p", { class: "big" }, button.textContent),
    make("dl", { class: "words" },
      ...line("Of", words), ...line("Indicator", `${table.table}.${column}: ${table.meaning}`), ...line("Unit", unit), ...line("Formula", table.formula), ...line("After", table.citation),
      ...line("Source", source ? `${source.title} (${source.producer}), ${source.licence}` : nobody), ...line("Edition", source ? `${source.id}${source.released ? `, released ${source.released} (${source.released_basis})` : ""}` : ofRows && key.edition),
      ...line("Snapshot", `${DATA.snapshot.id}, as of ${DATA.snapshot.as_of}`)),
    make("h3", {}, "To repeat it"), make("pre", { tabindex: "0" }, command),
    make("div", { class: "acts" },
      make("button", { type: "button", class: "tool", "data-copy": "query", on: { click: () => put(query, "The query") } }, "Copy the query"),
      make("button", { type: "button", class: "tool", "data-copy": "text", on: { click: () => put(text, "The citation") } }, "Copy the citation"), close));
  dialog.showModal();
}
async function put(text, what) {
  try { await navigator.clipboard.writeText(text); }
  catch {
    const area = make("textarea", { class: "sr" });
    area.value = text;
    (find("dialog[open]") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say(what + " was copied.");
}
