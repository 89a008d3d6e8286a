/* Charts: one specification each, its blanks filled with the figures of a mineral. */
function fill(part, parts) {
  if (typeof part === "string") return part.startsWith("$") ? parts[part.slice(1)] : part;
  if (Array.isArray(part)) {
    if (part.length === 1 && typeof part[0] === "string" && part[0].startsWith("$")) return parts[part[0].slice(1)];
    return part.map(one => fill(one, parts));
  }
  if (part && typeof part === "object") return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, fill(one, parts)]));
  return part;
}
function unpack(text, from, count) {
  const found = [];
  for (let k = from; k < from + count; k++) {
    const two = text.slice(2 * k, 2 * k + 2);
    found.push(two === "--" ? null : parseInt(two, 36) / 1000);
  }
  return found;
}
/* The figures of one importer's cell: years, suppliers with their shares, HHI, editions, reasons. */
function cell(mineral, importer, basis) {
  const pack = ((DATA.series[mineral] || {})[importer] || {})[basis];
  if (!pack) return null;
  const count = pack.h.length / 2;
  const years = Array.from({ length: count }, (_, k) => pack.y + k);
  const codes = pack.x ? pack.x.split(" ") : [];
  return {
    years, codes,
    shares: codes.map((_, k) => unpack(pack.d, k * count, count)),
    hhi: unpack(pack.h, 0, count),
    edition: k => (DATA.editions[Array.isArray(pack.e) ? pack.e[k] : pack.e] || {}).id,
    reason: year => (pack.r || {})[year],
    stage: DATA.series[mineral].s,
  };
}
/* The world's first supplier has a colour of its own; a mineral's main countries keep theirs. */
const first = ranked(Object.keys(DATA.series).flatMap(m => DATA.importers.map(i => leadersOf(m, i)[0])))[0];
function leadersOf(mineral, importer) {
  const pack = ((DATA.series[mineral] || {})[importer] || {}).v;
  return pack && pack.x ? pack.x.split(" ") : [];
}
function ranked(codes) {
  const seen = {};
  codes.forEach(code => { if (code) seen[code] = (seen[code] || 0) + 1; });
  return Object.keys(seen).sort((a, b) => seen[b] - seen[a] || (a < b ? -1 : 1));
}
function colours(codes, mineral) {
  const [own, ...free] = look().colours;
  const made = (DATA.production[mineral] || []).map(one => one.x).filter(code => code !== "OTHER");
  const main = ranked([...DATA.importers.flatMap(i => leadersOf(mineral, i)), ...made]).filter(code => code !== first).slice(0, free.length);
  const kept = {};
  codes.forEach(code => { if (main.includes(code)) kept[code] = free[main.indexOf(code)]; });
  const left = free.filter(one => !Object.values(kept).includes(one));
  return codes.map(code => code === REST ? look().rest : code === first ? own : kept[code] || left.shift() || own);
}
const basisWords = () => picked.basis === "v" ? "value" : "mass";

const CHARTS = {
  share(mineral) {
    const found = cell(mineral, picked.importer, picked.basis);
    if (!found) return null;
    const lead = found.codes.slice().sort((a, b) => (b === first[0]) - (a === first[0]));
    const rows = [], missing = [];
    found.years.forEach((year, k) => {
      if (found.hhi[k] === null) { missing.push({ year, reason: DATA.reasons[found.reason(year)] || "not in this snapshot" }); return; }
      let left = 1;
      lead.forEach((code, order) => {
        const share = found.shares[found.codes.indexOf(code)][k];
        left -= share;
        rows.push({ year, supplier: nameOf(code), code, share, order });
      });
      rows.push({ year, supplier: REST, code: REST, share: Math.max(0, Math.round(left * 1000) / 1000), order: lead.length });
    });
    const last = Math.max(...found.years);
    const marks = (DATA.events[mineral] || []).map(one => ({ year: Math.floor(one.t), words: `${one.d}: ${one.n}` })).filter(one => one.year >= found.years[0]);
    const years = [];
    for (let year = found.years[0]; year <= Math.max(last, ...marks.map(one => one.year)); year++) years.push(year);
    const claim = DATA.claims.filter(one => one.m === mineral && one.i === picked.importer);
    const codes = [...lead, REST];
    const name = nameOf(picked.importer);
    return {
      title: `${DATA.minerals[mineral]}: suppliers of ${name}, by ${basisWords()}`,
      parts: { years, suppliers: codes.map(nameOf), colours: colours(codes, mineral), unit: `share of imports by ${basisWords()}`,
        description: `Stacked bars: suppliers' shares in the imports of ${name} by ${basisWords()}, ${found.years[0]} to ${last}. The table beneath has the figures.` },
      data: { rows, missing, claim, marks },
      table: {
        heads: ["Year", ...lead.map(nameOf), REST, "HHI"],
        rows: found.years.map((year, k) => ({
          key: { i: picked.importer, m: mineral, s: found.stage, y: year, b: basisWords(), e: found.edition(k) },
          cells: found.hhi[k] === null ? [year, DATA.reasons[found.reason(year)] || "no number"] : [year,
            ...lead.map(code => ({ text: percent(found.shares[found.codes.indexOf(code)][k]), n: "is.import_share", x: code })),
            percent(rows.find(row => row.year === year && row.code === REST).share),
            { text: found.hhi[k].toFixed(2), n: "ic.hhi" }],
        })),
      },
    };
  },
  hhi(mineral) {
    const lines = DATA.importers.map(i => [i, cell(mineral, i, picked.basis)]).filter(([, one]) => one);
    if (!lines.length) return null;
    const points = ([i, one]) => one.years.map((year, k) => ({ importer: nameOf(i), year, hhi: one.hhi[k] }));
    const marks = (DATA.events[mineral] || []).map(one => ({ year: one.t, words: one.n, day: one.d }));
    const years = lines.flatMap(([, one]) => one.years);
    const begin = Math.min(...years);
    const span = [begin, Math.max(Math.max(...years), ...marks.map(one => one.year)) + 0.3];
    const all = [...new Set(years)].sort();
    const name = nameOf(picked.importer);
    return {
      title: `${DATA.minerals[mineral]}: concentration of the suppliers of ${name}, by ${basisWords()}`,
      parts: { span, description: `Line: HHI of the suppliers of ${name} by ${basisWords()}, with other importers in grey. The table beneath has the figures.` },
      data: {
        rows: lines.filter(([i]) => i === picked.importer).flatMap(points),
        others: lines.filter(([i]) => i !== picked.importer).flatMap(points),
        limits: DATA.limits.map(one => ({ at: one.at, words: `${one.at}: threshold of dependency screens` })),
        marks: marks.filter(one => one.year >= begin),
      },
      table: {
        heads: ["Year", ...lines.map(([i]) => nameOf(i))],
        rows: all.map(year => ({
          key: { m: mineral, s: DATA.series[mineral].s, y: year, b: basisWords() },
          cells: [year, ...lines.map(([i, one]) => {
            const k = one.years.indexOf(year);
            if (k < 0) return "";
            return one.hhi[k] === null ? (one.reason(year) || "").replaceAll("_", " ") : { text: one.hhi[k].toFixed(2), n: "ic.hhi", i, e: one.edition(k) };
          })],
        })),
      },
    };
  },
  production(mineral) {
    const found = DATA.production[mineral];
    if (!found) return null;
    const row = one => `${one.s} ${one.y}`;
    const several = new Set(found.map(one => `${row(one)}|${one.g}|${one.b}`)).size > new Set(found.map(row)).size;
    const label = one => several ? `${row(one)}, ${one.g}` : row(one);
    const whole = {};
    found.forEach(one => { whole[one.x] = Math.max(whole[one.x] || 0, one.kg / Math.max(...found.filter(o => label(o) === label(one)).map(o => o.kg))); });
    const lead = Object.keys(whole).filter(code => code !== "OTHER").sort((a, b) => whole[b] - whole[a] || (a < b ? -1 : 1)).slice(0, 6);
    const order = [...new Set(found.map(label))];
    const rows = [];
    order.forEach(at => {
      const here = found.filter(one => label(one) === at);
      lead.forEach((code, place) => {
        const one = here.find(o => o.x === code);
        if (one) rows.push({ row: at, area: nameOf(code), tonnes: one.kg / 1000, order: place });
      });
      const rest = here.filter(one => !lead.includes(one.x)).reduce((sum, one) => sum + one.kg, 0);
      if (rest) rows.push({ row: at, area: REST, tonnes: rest / 1000, order: lead.length });
    });
    const codes = [...lead, REST];
    return {
      title: `${DATA.minerals[mineral]}: who mines, who processes`,
      parts: { order, height: 46 * order.length, areas: codes.map(nameOf), colours: colours(codes, mineral), description: "Bars: countries' parts of production by stage. The table beneath has the figures." },
      data: { rows },
      table: {
        heads: ["Stage", "Year", "Measured", "Country", "Tonnes"],
        rows: found.map(one => ({
          key: { m: mineral, s: one.s, y: one.y, b: one.b, e: one.e, k: JSON.stringify({ area: one.x, measure: one.g }) },
          cells: [one.s, one.y, one.g, one.x === "OTHER" ? REST : nameOf(one.x), { text: (one.kg / 1000).toLocaleString("en", { maximumFractionDigits: 1 }), n: "mp.mass_kg" }],
        })),
      },
    };
  },
  price(mineral) {
    const found = (DATA.prices[mineral] || [])[0];
    if (!found) return null;
    const unit = found.u.replaceAll("_", " ");
    const month = (year, of) => `${year}-${String(of).padStart(2, "0")}`;
    return {
      title: `${DATA.minerals[mineral]}: monthly price, ${unit}`,
      parts: { unit, description: `Line: monthly price of ${found.n} in ${unit}. The table beneath has the figures.` },
      data: { rows: found.p.map(([year, of, price]) => ({ time: year + (of - 1) / 12, month: month(year, of), price })) },
      table: {
        heads: ["Month", unit],
        rows: found.p.slice().reverse().map(([year, of, price]) => ({
          key: { m: mineral, y: year, e: found.e, k: JSON.stringify({ series: found.n, month: of }) },
          cells: [month(year, of), price === null ? "not published" : { text: price.toLocaleString("en"), n: "pr.published_price" }],
        })),
      },
    };
  },
};
const percent = share => (share * 100).toFixed(1) + "%";
function specOf(figure, more = {}) {
  const made = CHARTS[figure.dataset.chart](figure.dataset.m);
  if (!made) return null;
  const now = look();
  const spec = fill(DATA.charts[figure.dataset.chart], { ...made.parts, paper: now.paper, ink: now.ink, soft: now.soft, accent: now.accent, alarm: now.alarm, faint: now.faint });
  return { made, spec: { ...spec, config: now.config, datasets: made.data, ...more } };
}
const tooltip = (_, event, __, value) => {
  if (!value) return hide();
  tip(Object.entries(value).map(([name, words]) => `${name}: ${words}`).join("\n"), event.clientX, event.clientY);
};
const options = { ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip };
const TEXTS = {
  share: ["Suppliers over time", "Share of imports; a year without a number is marked \u00d7, one in which a measure on exports began \u25bc"],
  hhi: ["Concentration", "HHI of suppliers, 0 to 1; grey lines are the other importers, \u25bc the days on which measures began"],
  production: ["Who mines, who processes", "Part of what the source lists, by country, newest year"],
  price: ["Monthly price", "Nominal, as published; not the value of what any country imports"],
};
const vintage = id => { const one = edition(id); return one ? `${one.title}, ${id.split(" ").slice(1).join(" ")}${one.released ? `, released ${one.released}` : ""}` : id; };
function frame(figure) {
  const page = figure.closest(".page"), kind = figure.dataset.chart, [title, unit] = TEXTS[kind];
  const price = (DATA.prices[page.dataset.m] || [])[0];
  const from = kind === "production" ? page.dataset.madeFrom : kind === "price" && price ? price.e : page.dataset.from;
  figure.dataset.m = page.dataset.m;
  const region = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}, as a table` });
  const table = make("details", { class: "data", on: { toggle: () => table.open && tabulate(figure) } }, make("summary", {}, "Table"), region);
  figure.append(
    make("figcaption", {}, make("h3", {}, title), make("p", { class: "unit" }, unit)),
    make("div", { class: "canvas" }),
    make("p", { class: "from" }, `Source: ${from.split("; ").map(vintage).join("; ")}. Snapshot ${DATA.snapshot.id}.`),
    make("div", { class: "tools" }, table, make("button", { type: "button", class: "tool", "data-do": "svg" }, "Save as SVG")));
}
async function chart(figure) {
  if (!figure.firstChild) frame(figure);
  const canvas = find(".canvas", figure);
  const ready = specOf(figure);
  if (!ready) { canvas.replaceChildren(make("p", { class: "null" }, "This importer and basis have no series in this snapshot.")); return; }
  find("h3", figure).textContent = ready.made.title;
  const box = make("div", {});
  canvas.replaceChildren(box);
  const { spec } = ready;
  if (innerWidth < 600) spec.config = { ...spec.config, legend: { ...spec.config.legend, columns: 2 } };
  await vegaEmbed(box, spec, options);
  figure.dataset.drawn = "yes";
  const table = find("details.data", figure);
  if (table.open) tabulate(figure);
}
function draw(page) { return Promise.all(every(".chart", page).map(chart)); }

function tabulate(figure) {
  const made = CHARTS[figure.dataset.chart](figure.dataset.m);
  if (!made) return;
  const body = make("tbody");
  made.table.rows.forEach(({ key, cells }) => {
    const row = make("tr");
    Object.entries(key).forEach(([name, value]) => { if (value !== undefined) row.dataset[name] = value; });
    cells.forEach((one, k) => {
      const isNumber = one && one.n;
      const inside = isNumber ? make("button", { "data-n": one.n, "data-x": one.x, "data-i": one.i, "data-e": one.e }, one.text) : String(one);
      row.append(make(k ? "td" : "th", k ? { class: isNumber || /^[\d.,]+%?$/.test(one) ? "num" : null } : { scope: "row" }, inside));
    });
    body.append(row);
  });
  const head = make("thead", {}, make("tr", {}, ...made.table.heads.map(one => make("th", { scope: "col" }, one))));
  const copy = make("button", { type: "button", class: "tool", on: { click: () => put([made.table.heads, ...made.table.rows.map(row => row.cells.map(one => one && one.n ? one.text : one))].map(row => row.join("\t")).join("\n"), "The table") } }, "Copy the table");
  find(".data .scroll", figure).replaceChildren(copy, make("table", {}, make("caption", {}, made.title), head, body));
}
async function save(figure) {
  const { made, spec } = specOf(figure);
  const box = make("div", { class: "sr" });
  document.body.append(box);
  const from = find(".from", figure).textContent;
  const titled = { ...spec, width: 860, padding: 16, title: { text: made.title, subtitle: [find(".unit", figure).textContent, from], subtitleColor: look().soft, offset: 14 } };
  const { view } = await vegaEmbed(box, titled, options);
  const svg = await view.toSVG();
  view.finalize();
  box.remove();
  const link = make("a", { href: URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })), download: `orewatch-${figure.dataset.m}-${figure.dataset.chart}.svg` });
  document.body.append(link);
  link.click();
  link.remove();
  say("The chart was saved as SVG.");
}
