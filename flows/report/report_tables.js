/* What is told of a cell when it is pointed at or reached by keyboard. */
function tip(words, x, y) {
  const box = find("#tip");
  box.textContent = words;
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  box.style.left = Math.max(4, Math.min(x + 14, innerWidth - width - 8)) + "px";
  box.style.top = (y + 18 + height > innerHeight ? Math.max(4, y - height - 12) : y + 18) + "px";
}
function hide() { find("#tip").hidden = true; }
function importerOf(at) {
  const cell = at.closest(".matrix td"), row = at.closest("[data-i]");
  return cell ? DATA.importers[cell.cellIndex - 1] : row && row.dataset.i;
}
function tipOf(event) {
  const at = event.target.closest && event.target.closest(".matrix td a");
  if (!at) return hide();
  const mineral = at.hash.slice(1).replace("mineral-", "");
  const year = at.closest("[data-y]").dataset.y;
  const lines = every("span", at).map(span => {
    const [code, share] = find("b", span) ? find("b", span).textContent.split(" ") : [];
    const words = find("small", span).textContent;
    const [hhi, grade] = words.split(" ");
    return `${year} by ${span.className.slice(3)}: ` + (code ? `${nameOf(code)} ${share}, HHI ${hhi}, badge ${grade}` : words);
  });
  if (at.dataset.r) lines.push(`Range by value: ${at.dataset.r}`);
  const box = at.getBoundingClientRect();
  at.setAttribute("aria-describedby", "tip");
  tip([`${nameOf(importerOf(at))}: ${DATA.minerals[mineral]}`, ...lines].join("\n"), event.clientX || box.left, event.clientY || box.bottom - 14);
}

/* A cell of the matrix leads to its mineral; the mark beside its share leads to the citation. */
function quote() {
  const { basis } = find("#matrix-table").dataset;
  every(".matrix td").forEach(cell => {
    every(".mark", cell).forEach(one => one.remove());
    const share = find(`.on-${basis} b`, cell);
    if (!share) return;
    const [code, text] = share.textContent.split(" ");
    cell.append(make("button", { type: "button", class: "mark", "data-n": "s", "data-b": basis, "data-x": code, "data-i": importerOf(share), "aria-label": `${text}: citation` }, text));
  });
}

/* Tables: found, sorted. */
const itemsOf = id => { const at = document.getElementById(id); return every(at.tBodies ? "tbody tr" : ".item", at); };
const held = {};
function sift(id) {
  const { words = "", only = "" } = held[id] || {};
  let left = 0;
  itemsOf(id).forEach(one => {
    const fits = one.textContent.toLowerCase().includes(words) && (!only || one.dataset.verdict === only);
    one.hidden = !fits;
    left += fits;
  });
  const asked = Boolean(words || only);
  every(".fold", document.getElementById(id)).forEach(fold => {
    const some = every(".item", fold).some(one => !one.hidden);
    fold.hidden = !some;
    fold.open = asked && some;
  });
  say(`${left} shown`);
}
function valueOf(row, place) {
  const text = row.cells[place] ? row.cells[place].innerText.trim() : "";
  const number = /(-|\u2212)?\d[\d,]*(\.\d+)?/.exec(text);
  return { text, number: number && /^[\d\u2212+-]|^[A-Z]{3} \d/.test(text) && !/^\d{4}-/.test(text) ? parseFloat(number[0].replaceAll(",", "").replace("\u2212", "-")) : null };
}
function sort(table, place, down) {
  const rows = every("tbody tr", table).map(row => [row, valueOf(row, place)]);
  const numeric = rows.filter(([, one]) => one.number !== null).length > rows.length / 4;
  rows.sort(([, a], [, b]) => {
    if (numeric) {
      if (a.number === null || b.number === null) return (a.number === null) - (b.number === null);
      return down ? b.number - a.number : a.number - b.number;
    }
    if (!a.text || !b.text) return !a.text - !b.text;
    return (down ? -1 : 1) * a.text.localeCompare(b.text, "en");
  });
  table.tBodies[0].append(...rows.map(([row]) => row));
}
every("table.sortable").forEach(table => every("thead th", table).forEach((head, place) => {
  const button = make("button", { type: "button", class: "sorter" }, ...head.childNodes);
  head.append(button);
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : head.classList.contains("num");
    every("thead th", table).forEach(one => one.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    sort(table, place, down);
  });
}));

addEventListener("hashchange", () => open(location.hash, true));
document.addEventListener("click", event => {
  const at = event.target.closest("button, a");
  if (!at) return;
  if (at.dataset.n) cite(at);
  else if (at.dataset.do === "svg") save(at.closest(".chart"));
  else if (at.hash && at.hash.startsWith("#mineral-")) {
    const importer = importerOf(at);
    if (DATA.importers.includes(importer)) { event.preventDefault(); location.hash = `${at.hash.slice(1)}:${importer}`; }
  }
});
document.addEventListener("input", event => {
  const { filter } = event.target.dataset;
  if (filter) { held[filter] = { ...held[filter], words: event.target.value.trim().toLowerCase() }; sift(filter); }
});
document.addEventListener("change", event => {
  const at = event.target;
  if ("go" in at.dataset) { if (at.value) location.hash = at.value; }
  else if (at.dataset.only) { held[at.dataset.only] = { ...held[at.dataset.only], only: at.value }; sift(at.dataset.only); }
  else if (at.dataset.sort) { sort(document.getElementById(at.dataset.sort), Number(at.value || 0), at.value !== ""); }
  else if (at.name === "matrix-basis") { find("#matrix-table").dataset.basis = at.value; quote(); }
  else if ("pickImporter" in at.dataset) { picked.importer = at.value; again(at.closest(".page")); }
  else if (at.name && at.name.startsWith("basis-")) { picked.basis = at.value; again(at.closest(".page")); }
});
function again(page) { settle(); return draw(page); }
function settle() {
  every("select[data-pick-importer]").forEach(select => { select.value = picked.importer; });
  every('input[name^="basis-"]').forEach(radio => { radio.checked = radio.value === picked.basis; });
}
["mouseover", "focusin"].forEach(name => document.addEventListener(name, tipOf));
["scroll", "keydown"].forEach(name => addEventListener(name, hide, { passive: true }));
find("#cite").addEventListener("click", event => { if (event.target === event.currentTarget) event.currentTarget.close(); });
const redraw = () => every(".page.open .chart[data-drawn]").forEach(chart);
dark.addEventListener("change", redraw);
addEventListener("beforeprint", () => { if (dark.matches) { onPaper = true; redraw(); } });
addEventListener("afterprint", () => { if (onPaper) { onPaper = false; redraw(); } });
every("select[data-pick-importer]").forEach(select => select.append(...DATA.importers.map(i => make("option", { value: i }, nameOf(i)))));
addEventListener("DOMContentLoaded", () => { open(location.hash, false); settle(); });
addEventListener("hashchange", settle);
