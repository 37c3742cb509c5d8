// Draws the state of a study, and asks for what has changed. All text of the study is set as text, never as HTML.
"use strict";

const { state: first, details } = JSON.parse(document.getElementById("data").textContent);
const saved = details !== null; // a page in a file, which asks nobody
const EVERY = 2000; // milliseconds between two questions
const WIDE = 12; // up to so many seeds a cell has room for words
const FEW = 4; // failures that are shown unless all are asked for
const SIGNS = { finished: "✓", diverged: "≁", outdated: "↻", failed: "✕", interrupted: "‖", running: "▸", missing: "·" };
const MEANS = {
  finished: "It has its result.",
  diverged: "It ended without a usable result. The report says why.",
  outdated: "Its record does not fit the study as it is now, and the next run of the study makes it again.",
  failed: "It ended without a result.",
  interrupted: "It was stopped by hand, and the next run of the study continues it.",
  running: "",
  missing: "It has not begun.",
};
const at = (id) => document.getElementById(id);
let layout = null;
let runs = []; // by number
let version = 0;
let clock = 0; // the server's, when it answered
let answered = 0; // when it answered, by the browser's clock
let chosen = -1; // the run whose details are shown
let asked = 0; // counts requests for details, so that a late answer is not shown for another run

/** An element with attributes and children; strings become text. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Change a text only where it differs, so that a screen reader is not told again. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same for a text with commands in backticks. */
function writeMarked(element, text) {
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  element.replaceChildren(...text.split("`").map((piece, i) => (i % 2 ? make("code", {}, piece) : piece)));
}

function lasted(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [[Math.floor(whole / 86400), "d"], [Math.floor(whole / 3600) % 24, "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const start = Math.max(0, parts.findIndex(([value]) => value));
  const shown = whole ? parts.slice(start, start + 2) : parts.slice(3);
  return shown.filter(([value], i) => value || !i).map(([value, unit]) => `${value} ${unit}`).join(" ");
}

const seconds = () => (saved ? clock : clock + (performance.now() - answered) / 1000);
const label = (run) => layout.variants[Math.floor(run.n / layout.seeds.length)];
const seed = (run) => layout.seeds[run.n % layout.seeds.length];
const named = (run) => `${label(run)}, seed ${seed(run)}`;
const part = (run) => (run.steps ? (run.step ?? 0) / run.steps : 0);
const since = (run) => (run.started === undefined ? "" : lasted(seconds() - run.started));

/** How far a running run is: what is known differs from trainer to trainer. */
function place(run) {
  if (run.phase) return run.phase;
  if (run.steps) return `${layout.unit} ${Math.min((run.step ?? 0) + 1, run.steps)} of ${run.steps}`;
  return run.step === undefined ? "running" : `${layout.unit} ${run.step}`;
}

function lay() {
  document.title = `${layout.study}: watching`;
  write(at("title"), layout.title);
  const dense = layout.seeds.length > WIDE;
  at("grid").parentElement.classList.toggle("dense", dense);
  const heads = layout.seeds.map((value) => make("th", { scope: "col" }, String(value)));
  at("seeds").replaceChildren(make("tr", {}, make("th", { scope: "col" }, "Seed"), ...heads));
  at("grid").replaceChildren(...layout.variants.map((name, row) => make("tr", {},
    make("th", { scope: "row" }, make("span", { class: "name" }, name)),
    ...layout.seeds.map((_, column) => {
      const n = row * layout.seeds.length + column;
      const button = make("button", { type: "button", class: "run", "data-n": n, "aria-pressed": "false", tabindex: n ? -1 : 0 }, make("span"));
      return make("td", {}, button);
    }))));
  chosen = -1;
  at("detail").hidden = true;
  at("failed").replaceChildren();
}

const button = (n) => at("grid").querySelector(`[data-n="${n}"]`);

function drawCell(run) {
  const cell = button(run.n);
  cell.className = `run ${run.state}`;
  const dense = layout.seeds.length > WIDE;
  const short = run.steps ? `${Math.floor(100 * part(run))}%` : "▸";
  write(cell.firstChild, run.state === "running" && !dense ? short : SIGNS[run.state]);
  cell.style.setProperty("--part", run.steps ? part(run) : 1);
  const text = `${named(run)}: ${run.state === "running" ? place(run) : run.state}`;
  if (cell.title !== text) {
    cell.title = text;
    cell.setAttribute("aria-label", text);
  }
}

function drawHead(state) {
  const total = runs.length;
  const { finished = 0, failed = 0, diverged = 0 } = state.counts;
  const lost = [diverged && `, ${diverged} diverged`, failed && `, ${failed} failed`].filter(Boolean).join("");
  write(at("summary"), `${finished} of ${total} run${total === 1 ? "" : "s"} finished${lost}`);
  write(at("left"), state.left ? `about ${state.left} left` : "");
  const kinds = Object.entries(state.counts);
  at("whole").replaceChildren(...kinds.filter(([kind]) => kind !== "missing").map(([kind, count]) => {
    const piece = make("i", { class: kind });
    piece.style.setProperty("--share", count);
    return piece;
  }));
  const rest = make("i", { class: "missing" });
  rest.style.setProperty("--share", state.counts.missing ?? 0);
  if (state.counts.missing) at("whole").append(rest);
  at("legend").replaceChildren(...kinds.map(([kind, count]) => make("li", {},
    make("i", { class: `mark ${kind}`, "aria-hidden": "true" }, SIGNS[kind]), make("b", {}, String(count)), kind)));
  at("problem").hidden = !state.problem;
  write(at("problem"), state.problem ? `The study cannot be read at the moment, so this shows it as it was: ${state.problem}` : "");
  writeMarked(at("next"), whatNext(state, total));
  write(at("machine"), state.machine ? `This machine: ${state.machine}.` : "");
}

function whatNext(state, total) {
  const { counts } = state;
  const over = (counts.finished ?? 0) + (counts.diverged ?? 0) + (counts.failed ?? 0) === total;
  const look = layout.look ? `This look: ${layout.look}. ` : "";
  if (counts.running) return `${look}${state.left ? "" : "The time left is known once a run has shown how long it takes."}`.trim();
  if (over && counts.failed) return `${look}Every run has ended, and some have failed. Once the cause is fixed, \`seedwise run ${layout.config}\` does only those.`;
  if (over && state.report) return `${look}The report is written: ${state.report}. Open it with \`seedwise open ${layout.config}\`.`;
  if (over) return `${look}Every run has ended. The report is being written, or \`seedwise report ${layout.config}\` writes it.`;
  if (counts.missing === total) return `${look}No run has begun yet. Those that \`seedwise run ${layout.config}\` starts appear here.`;
  return `${look}No run is in progress at the moment. \`seedwise run ${layout.config}\` does what is missing.`;
}

function drawRunning() {
  const now = runs.filter((run) => run.state === "running");
  at("now").hidden = !now.length;
  const body = at("running");
  while (body.rows.length > now.length) body.deleteRow(-1);
  now.forEach((run, i) => {
    const row = body.rows[i] ?? body.insertRow();
    if (!row.cells.length) {
      row.append(make("th", { scope: "row" }), make("td", { class: "number" }), make("td", {}, make("span"), make("span", { class: "bar", "aria-hidden": "true" }, make("i"))), make("td", { class: "number" }));
    }
    write(row.cells[0], label(run));
    write(row.cells[1], String(seed(run)));
    write(row.cells[2].firstChild, place(run));
    const bar = row.cells[2].lastChild;
    bar.classList.toggle("unknown", !run.steps);
    bar.style.setProperty("--part", part(run));
    row.cells[3].dataset.started = run.started ?? "";
    write(row.cells[3], since(run));
  });
}

async function ask(n) {
  if (saved) return details[n] ?? {};
  const answer = await fetch(`run?n=${n}`);
  return answer.ok ? answer.json() : {};
}

function showLog(box, found) {
  if (!found.log) box.append(make("p", { class: "path" }, "It left no log."));
  else box.append(make("pre", { class: "log", tabindex: 0, "aria-label": "End of the log" }, found.log), make("p", { class: "path" }, found.path));
}

/** One entry for the seeds of a variant that failed for one reason; an open log stays open. */
function drawFailed() {
  const list = at("failed");
  const groups = new Map();
  for (const run of runs.filter((one) => one.state === "failed")) {
    const key = `${label(run)} ${run.reason}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const there = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = [...groups].map(([key, [run, ...others]]) => {
    const item = there.get(key) ?? failure(key, run);
    const seeds = [run, ...others].map(seed);
    const few = seeds.length > 6 ? `${seeds.slice(0, 5).join(", ")} and ${seeds.length - 5} more` : seeds.join(", ");
    write(item.firstChild, `${label(run)}, seed${others.length ? "s" : ""} ${few}`);
    write(item.querySelector("summary"), others.length ? `End of the log of seed ${seed(run)}` : "End of its log");
    return item;
  });
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) list.replaceChildren(...items);
  at("attention").hidden = !items.length;
  at("all").hidden = items.length <= FEW;
  items.forEach((item, i) => { item.hidden = i >= FEW && at("all").getAttribute("aria-expanded") === "false"; });
  write(at("all"), at("all").getAttribute("aria-expanded") === "true" ? "Show fewer" : `Show all ${items.length}`);
}

function failure(key, run) {
  const more = make("details", {}, make("summary"));
  more.addEventListener("toggle", async () => {
    while (more.children.length > 1) more.lastChild.remove();
    if (more.open) showLog(more, await ask(run.n).catch(() => ({})));
  });
  return make("li", { "data-key": key }, make("strong"), run.reason ?? "", more);
}

/** The shape of a training curve, on a scale of its own. */
function figure(curve) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  const [low, high] = [curve.points[0][0], curve.points.at(-1)[0]];
  const x = (step) => (600 * (step - low)) / (high - low || 1);
  svg.setAttribute("viewBox", "0 0 600 150");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${curve.name} by ${curve.unit}, without values`);
  const base = document.createElementNS(NS, "line");
  for (const [key, value] of Object.entries({ x1: 0, x2: 600, y1: 150, y2: 150 })) base.setAttribute(key, value);
  const line = document.createElementNS(NS, "path");
  line.setAttribute("d", `M${curve.points.map(([step, y]) => `${x(step).toFixed(1)},${(145 - 140 * y).toFixed(1)}`).join("L")}`);
  svg.append(base, line);
  return make("figure", {}, make("div", { class: "path" }, `${curve.name}, from its own lowest to its own highest value`), svg,
    make("div", { class: "ends" }, make("span", {}, `${curve.unit} ${low}`), make("span", {}, String(high))));
}

async function drawDetail() {
  const box = at("detail");
  box.hidden = chosen < 0;
  if (chosen < 0) return;
  const run = runs[chosen];
  const mine = ++asked;
  const found = await ask(run.n).catch(() => ({}));
  if (mine !== asked) return;
  const times = [];
  if (run.state === "running") times.push(place(run), since(run) && `for ${since(run)}`);
  if (run.took !== undefined) times.push(`took ${lasted(run.took)}`);
  const lines = [make("h3", {}, named(run)), make("p", {}, make("i", { class: `mark ${run.state}`, "aria-hidden": "true" }, SIGNS[run.state]), ` ${[run.state, ...times.filter(Boolean)].join(", ")}`)];
  if (run.reason) lines.push(make("p", {}, run.reason));
  else if (MEANS[run.state]) lines.push(make("p", { class: "path" }, MEANS[run.state]));
  const scrolled = box.querySelector(".log")?.scrollTop;
  box.replaceChildren(...lines);
  if (run.state === "failed") showLog(box, found);
  if (found.curve) box.append(figure(found.curve));
  if (scrolled && box.querySelector(".log")) box.querySelector(".log").scrollTop = scrolled;
}

function choose(n) {
  button(chosen)?.setAttribute("aria-pressed", "false");
  chosen = n === chosen ? -1 : n;
  button(chosen)?.setAttribute("aria-pressed", "true");
  at("detail").replaceChildren();
  drawDetail();
}

function draw(state) {
  version = state.version;
  clock = state.now;
  answered = performance.now();
  if (state.layout) {
    layout = state.layout;
    runs = [];
    lay();
  }
  for (const run of state.runs) {
    runs[run.n] = run;
    drawCell(run);
  }
  drawHead(state);
  drawRunning();
  drawFailed();
  if (state.runs.some((run) => run.n === chosen)) drawDetail();
}

at("grid").addEventListener("click", (event) => {
  const cell = event.target.closest(".run");
  if (!cell) return;
  reach(cell);
  choose(+cell.dataset.n);
});
/** The tab key reaches one run, the last one used; the arrow keys go on from there. */
function reach(cell) {
  at("grid").querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  cell.setAttribute("tabindex", "0");
  cell.focus();
}
at("grid").addEventListener("keydown", (event) => {
  const cell = event.target.closest(".run");
  const width = layout.seeds.length;
  const n = +cell?.dataset.n;
  const moves = { ArrowLeft: n % width ? -1 : 0, ArrowRight: (n + 1) % width ? 1 : 0, ArrowUp: -width, ArrowDown: width };
  const target = cell && moves[event.key] ? button(n + moves[event.key]) : null;
  if (event.key === "Escape" && chosen >= 0) choose(chosen);
  if (!target) return;
  event.preventDefault();
  reach(target);
});

at("all").addEventListener("click", () => {
  at("all").setAttribute("aria-expanded", at("all").getAttribute("aria-expanded") === "false");
  drawFailed();
});

async function refresh() {
  let ok = false;
  try {
    const answer = await fetch(`state?since=${version}`);
    if (answer.ok) draw(await answer.json());
    ok = answer.ok;
  } catch {
    ok = false; // the server has ended, or the machine is asleep
  }
  at("pulse").className = `pulse ${ok ? "live" : "stale"}`;
  const time = new Date(clock * 1000).toLocaleTimeString([], { hour12: false });
  write(at("pulse"), ok ? "Live" : `seedwise watch has ended; this is as of ${time}`);
}

draw(first);
document.body.dataset.ready = "";
if (!saved) {
  at("pulse").classList.add("live");
  setInterval(() => { if (!document.hidden) refresh(); }, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  setInterval(() => {
    for (const cell of document.querySelectorAll("[data-started]")) if (cell.dataset.started) write(cell, lasted(seconds() - cell.dataset.started));
  }, 1000);
}
