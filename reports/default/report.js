"use strict";
// Everything here is a comfort: verdicts, sparklines and tables are in the page without it. Text from the log goes only through textContent.
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
const make = (tag, text, props) => Object.assign(document.createElement(tag), { textContent: text }, props);

// --- charts: inflated and drawn when the first one comes near ---
const plots = [...document.querySelectorAll(".plot")];
let ready = null;

async function inflate(id) {
  const bytes = Uint8Array.from(atob(JSON.parse(byId(id).textContent)), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

async function prepare() {
  const figures = JSON.parse(await inflate("figures"));
  document.head.append(make("script", await inflate("library")));
  return figures;
}

function painted(value, style) {
  if (typeof value === "string") {
    return value.startsWith("var(--") ? style.getPropertyValue(value.slice(4, -1)).trim() : value;
  }
  if (Array.isArray(value)) {
    return value.map((item) => painted(item, style));
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, style)]));
  }
  return value;
}

function draw(plot, figures) {
  const figure = figures[plot.id];
  const style = getComputedStyle(root);
  if (figure && plot.isConnected) {
    plot.dataset.drawn = "yes";
    window.Plotly.react(plot, painted(figure.data, style), painted(figure.layout, style), { responsive: true, displayModeBar: false });
  }
}

function near(entries) {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) {
      watcher.unobserve(target);
      ready = ready || prepare();
      ready.then((figures) => draw(target, figures)).catch(() => lost(target));
    }
  }
}

function lost(plot) {
  plot.style.height = "auto";
  plot.textContent = "This browser cannot draw the chart; the table below holds the same numbers.";
}

function redraw() {
  if (ready) {
    ready.then((figures) => plots.filter((p) => p.dataset.drawn).forEach((p) => draw(p, figures)));
  }
}

const watcher = new IntersectionObserver(near, { rootMargin: "500px" });
plots.forEach((plot) => watcher.observe(plot));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

// --- print: light, everything open ---
addEventListener("beforeprint", () => {
  root.dataset.theme = "light";
  document.querySelectorAll("details:not([open]):not(.sql):not(.account)").forEach((d) => { d.open = true; d.dataset.printed = "yes"; });
  redraw();
});
addEventListener("afterprint", () => {
  delete root.dataset.theme;
  document.querySelectorAll("details[data-printed]").forEach((d) => { d.open = false; delete d.dataset.printed; });
  redraw();
});

// --- deep links open what they point at ---
function openTarget() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  for (let node = target; node; node = node.parentElement) {
    if (node.tagName === "DETAILS") {
      node.open = true;
    }
  }
  if (target) {
    target.scrollIntoView();
  }
}
addEventListener("hashchange", openTarget);
openTarget();

// --- tables: sort by raw value, copy, download ---
const raw = (cell) => (cell.dataset.v === undefined ? cell.textContent : cell.dataset.v);
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

function compare(a, b) {
  const x = Number(a), y = Number(b);
  return a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y) ? x - y : a.localeCompare(b);
}

function sort(head, column) {
  const down = head.getAttribute("aria-sort") !== "descending";
  const body = head.closest("table").tBodies[0];
  const rows = [...body.rows].map((row) => [raw(row.cells[column]), row]);
  const known = rows.filter(([v]) => v !== "").sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
  head.closest("tr").querySelectorAll("th").forEach((th) => th.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...[...known, ...rows.filter(([v]) => v === "")].map(([, row]) => row));
}

function grid(table, cell) {
  return [...table.rows].map((row) => [...row.cells].map(cell));
}

function guarded(cell) {
  const text = raw(cell);
  return cell.dataset.v === undefined && FORMULA.test(text) ? "'" + text : text;
}

const quoted = (text) => (/["\n\r,]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
const forms = {
  tsv: (table) => grid(table, (c) => guarded(c).replace(/[\t\n\r]/g, " ")).map((r) => r.join("\t")).join("\n"),
  csv: (table) => grid(table, (c) => quoted(guarded(c))).map((r) => r.join(",")).join("\r\n") + "\r\n",
  md: (table) => {
    const rows = grid(table, (c) => c.textContent.replace(/[\\|`*_<>[\]]/g, "\\$&"));
    rows.splice(1, 0, rows[0].map(() => "---"));
    return rows.map((r) => "| " + r.join(" | ") + " |").join("\n");
  },
  json: (table) => {
    const [head, ...rows] = grid(table, (c) => (c.dataset.v === undefined ? c.textContent : c.dataset.v === "" ? null : Number.isNaN(Number(c.dataset.v)) ? c.dataset.v : Number(c.dataset.v)));
    return JSON.stringify(rows.map((r) => Object.fromEntries(r.map((v, i) => [head[i], v]))), null, 1);
  },
};

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.body.appendChild(make("textarea", text));
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const before = button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}

function download(name, text) {
  const link = make("a", "", { href: URL.createObjectURL(new Blob([text])), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function tool(words, act) {
  return make("button", words, { type: "button", onclick: (event) => act(event.currentTarget) });
}

document.querySelectorAll("figure.table").forEach((figure) => {
  const table = figure.querySelector("table");
  const name = (figure.closest("[id]")?.id || "llmlogs") + "-" + figure.dataset.name;
  const tools = make("span", "", { className: "tools" });
  tools.append(
    tool("Copy TSV", (b) => copy(forms.tsv(table), b)),
    tool("Copy Markdown", (b) => copy(forms.md(table), b)),
    tool("CSV", () => download(name + ".csv", forms.csv(table))),
    tool("JSON", () => download(name + ".json", forms.json(table))),
  );
  figure.querySelector("figcaption").append(tools);
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = tool(head.textContent, () => sort(head, column));
    head.textContent = "";
    head.append(button);
  });
});

document.querySelectorAll("code.command, .sql pre").forEach((code) => {
  const button = tool("Copy", (b) => copy(code.textContent, b));
  button.className = "tools";
  code.insertAdjacentElement(code.tagName === "PRE" ? "beforebegin" : "afterend", button);
});

// --- run times: the only part of a card that differs from run to run ---
const seconds = JSON.parse(byId("clock").dataset.seconds);
document.querySelectorAll(".seconds").forEach((place) => {
  if (seconds[place.dataset.id] !== undefined) {
    place.append(make("dt", "run time"), make("dd", seconds[place.dataset.id] + " s"));
  }
});
