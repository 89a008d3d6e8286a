const DATA = JSON.parse(document.getElementById("data").textContent);
const find = (query, from = document) => from.querySelector(query);
const every = (query, from = document) => [...from.querySelectorAll(query)];
const REST = "others";
const dark = matchMedia("(prefers-color-scheme: dark)");
let onPaper = false;
const look = () => DATA.looks[dark.matches && !onPaper ? "dark" : "light"];
const edition = name => DATA.editions.find(one => one.id === name);
const nameOf = code => DATA.names[code] || code;
const picked = { importer: DATA.importers[0], basis: "v" };

/* Nothing is ever put into the page as markup: only elements, attributes and text. */
function make(tag, parts = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(parts)) {
    if (name === "on") Object.entries(value).forEach(([event, act]) => element.addEventListener(event, act));
    else if (value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}
function say(words) { find("#said").textContent = words; }

/* Pages: sections of this file, chosen by the hash. */
function open(hash, byHand) {
  const [id, importer, basis] = decodeURIComponent(hash.slice(1) || "brief").split(":");
  const target = document.getElementById(id);
  const page = target && target.closest(".page");
  const all = id === "all";
  if (!page && !all && id !== "brief") return id === "content" ? find("#content").focus() : open("#brief", byHand);
  const shown = page || find("#brief");
  find("main").classList.toggle("everything-on", all);
  every(".page").forEach(one => one.classList.toggle("open", all || one === shown));
  every("nav a").forEach(link => {
    if (link.hash === "#" + shown.id && !all) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  every("select[data-go]").forEach(select => { select.value = [...select.options].some(o => o.value === shown.id) ? shown.id : ""; });
  if (importer && DATA.importers.includes(importer)) picked.importer = importer;
  if (basis === "v" || basis === "w") picked.basis = basis;
  const title = find("h1", shown);
  document.title = title.textContent + " \u2013 orewatch";
  if (byHand) title.focus({ preventScroll: true });
  const fold = target && target.closest("details.fold");
  if (fold) fold.open = true;
  if (target && target !== page) target.scrollIntoView(); else if (byHand) scrollTo(0, 0);
  if (all || shown.id === "matrix") quote();
  if (all) drawAll();
  else draw(shown);
}
/* What is in sight first, then the rest, so that all of it can be printed. */
async function drawAll() {
  every(".chart").forEach(one => watcher.observe(one));
  for (const one of every(".chart")) if (!one.dataset.drawn && find("main").classList.contains("everything-on")) await chart(one);
  document.documentElement.dataset.drawn = "all";
}
const watcher = new IntersectionObserver(seen => seen.forEach(one => {
  if (!one.isIntersecting) return;
  watcher.unobserve(one.target);
  chart(one.target);
}), { rootMargin: "600px" });
