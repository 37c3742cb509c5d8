// Sorts the run table, shows and hides variants, and follows one run through table, dots and curves.
"use strict";

const study = JSON.parse(document.getElementById("study").textContent);
const strip = document.getElementById("strip");
const curves = document.getElementById("curves"); // absent where no run has a history
const column = document.getElementById("column");
const readout = document.getElementById("readout");
const table = document.getElementById("run-table");
const rows = [...table.tBodies[0].rows];
const chips = [...document.querySelectorAll(".chip[data-variant]")];
const hint = readout.textContent;
const shown = study.variants.map(() => true);
const NOBODY = -1; // the run that is followed when none is
const ROW = 62; // pixels per variant
const SPREAD = 20; // pixels over which the dots of a row lie
const HEIGHT = 360; // pixels of a plot, at least
const FEW_STEPS = 12; // up to here each step has a mark
const LOST = ["diverged", "failed"]; // a lost run may have numbers, which are no result
let kept = NOBODY; // the run that a click keeps
let views = []; // of Vega, one for each plot that is not empty

const digits = (value) => (value === null || value === undefined ? "—" : String(+value.toPrecision(6)).replace("-", "−"));
const runName = (run) => `${study.variants[run.variant].label}, seed ${run.seed}`;
const runsOf = (variant) => study.runs.flatMap((run, id) => (run.variant === variant ? [{ ...run, id }] : []));

/** Vega lies in the page compressed; unpacking it here keeps the file a third as large. */
async function unpackVega() {
  const packed = Uint8Array.from(atob(document.getElementById("vega").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  new Function(await new Response(stream).text())(); // in a scope of its own, because its names are one letter long
}

/** Colours and font of the page, so that plots follow light and dark mode. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return { ink: colour("ink"), soft: colour("soft"), line: colour("line"), page: colour("page"), font: getComputedStyle(document.body).fontFamily };
}

const own = (field) => ({ field, type: "nominal", scale: null }); // a field that holds the appearance itself
const at = (field, more) => ({ field, type: "quantitative", ...more });
const unlessAnother = (opacity) => ({ condition: { test: "followed < 0 || datum.run === followed", value: opacity }, value: 0.12 });
const onlyFollowed = { condition: { test: "datum.run === followed", value: 1 }, value: 0 };

/** Draw a plot into an element of the page and let it lead to runs; without any data the element stays empty. */
async function embed(element, theme, height, description, layer) {
  element.replaceChildren();
  if (!layer.some(({ data }) => data.values.length)) return [];
  const spec = {
    description, layer: layer.filter(({ data }) => data.values.length), height, width: element.clientWidth, background: null, padding: { bottom: 6 },
    autosize: { type: "fit", contains: "padding" },
    params: [{ name: "followed", value: kept }],
    config: {
      font: theme.font, view: { stroke: null },
      axis: { gridColor: theme.line, domainColor: theme.line, tickColor: theme.line, labelColor: theme.soft, titleColor: theme.soft, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 400, titlePadding: 10, labelOverlap: true },
    },
  };
  const { view } = await vegaEmbed(element, spec, { actions: false, renderer: "svg", defaultStyle: false });
  view.addEventListener("mouseover", (_, item) => { if (item?.datum?.run !== undefined) follow(item.datum.run); });
  view.addEventListener("mouseout", () => follow(kept));
  view.addEventListener("click", (_, item) => { if (item?.datum?.run !== undefined) keep(item.datum.run); });
  return [view];
}

/** One row per variant: its label and mean above a band of the interval, a tick of the mean and a dot for each run. */
function drawStrip(theme) {
  const visible = study.variants.flatMap((variant, index) => (shown[index] ? [{ ...variant, index }] : []));
  const height = Math.max(HEIGHT, ROW * visible.length + 64);
  const spread = (SPREAD * (visible.length + 0.25)) / (height - 44); // in rows, whatever their height
  const dots = [];
  const means = visible.map((variant, y) => {
    const runs = runsOf(variant.index);
    const usable = runs.filter((run) => run.value !== null && !LOST.includes(run.status));
    usable.forEach((run, i) => dots.push({
      run: run.id, x: run.value, y: y + (usable.length > 1 ? (i / (usable.length - 1) - 0.5) * spread : 0),
      colour: variant.colour, symbol: variant.symbol, text: `${runName(run)}: ${digits(run.value)}`,
    }));
    const lost = runs.filter((run) => LOST.includes(run.status) || (run.status === "finished" && run.value === null)).length;
    return { ...variant, y, text: lost ? `${variant.shown}, ${lost} lost` : variant.shown };
  });
  const x = (field) => at(field, { title: study.metric, scale: { zero: false, nice: false, padding: 12 }, axis: { tickCount: Math.ceil(strip.clientWidth / 100) } });
  const y = at("y", { axis: null, scale: { domain: [visible.length - 0.5, -0.75], nice: false } });
  const title = (align, field, more) => ({
    data: { values: means }, mark: { type: "text", aria: false, align, dy: -28, baseline: "middle", fontSize: 12.5, ...more },
    encoding: { x: { value: align === "left" ? 0 : "width" }, y, text: { field, type: "nominal" } },
  });
  const room = strip.clientWidth - 8 - 7 * Math.max(0, ...means.map((mean) => mean.text.length));
  return embed(strip, theme, height, `${study.metric} of every run, by variant`, [
    { data: { values: means.filter((mean) => mean.low !== null) }, mark: { type: "rule", aria: false, strokeWidth: 22, opacity: 0.22 }, encoding: { x: x("low"), x2: { field: "high" }, y, color: own("colour") } },
    { data: { values: means.filter((mean) => mean.mean !== null) }, mark: { type: "tick", aria: false, opacity: 1, orient: "vertical", size: 30, thickness: 3 }, encoding: { x: x("mean"), y, color: own("colour") } },
    // The ring of the followed run; unseen, it widens what the pointer meets.
    { data: { values: dots }, mark: { type: "point", aria: false, size: 260, strokeWidth: 2.5, color: theme.ink, cursor: "pointer" }, encoding: { x: x("x"), y, opacity: onlyFollowed, tooltip: own("text") } },
    { data: { values: dots }, mark: { type: "point", filled: true, size: 95, stroke: theme.page, strokeWidth: 1.5, cursor: "pointer" }, encoding: { x: x("x"), y, fill: own("colour"), shape: own("symbol"), opacity: unlessAnother(1), tooltip: own("text"), description: own("text") } },
    title("left", "label", { color: theme.ink, fontWeight: 650, limit: room }),
    title("right", "text", { color: theme.soft, fontSize: 12 }),
  ]);
}

/** Mean over the seeds at each step that all of them reached with a number. */
function meanCurve(runs, key) {
  const lines = runs.map(({ curve }) => curve.columns[key]);
  const reached = lines.map((line) => (line.includes(null) ? line.indexOf(null) : line.length));
  return runs[0].curve.steps.slice(0, Math.min(...reached)).map((step, i) => [step, lines.reduce((sum, line) => sum + line[i], 0) / lines.length]);
}

/** A thin line for each run and a thick one for the mean of a variant. */
function drawCurves(theme) {
  const key = column.value;
  const points = [];
  const means = [];
  study.variants.forEach((variant, index) => {
    const runs = shown[index] ? runsOf(index).filter((run) => run.curve?.columns[key]) : [];
    const style = { colour: variant.colour, dash: variant.dash, symbol: variant.symbol };
    runs.forEach((run) => run.curve.steps.forEach((step, i) => points.push({
      run: run.id, step, y: run.curve.columns[key][i], ...style, text: `${runName(run)}, ${study.step} ${step}: ${digits(run.curve.columns[key][i])}`, name: runName(run),
    })));
    const counted = runs.filter((run) => !LOST.includes(run.status));
    if (counted.length > 1) meanCurve(counted, key).forEach(([step, y]) => means.push({ variant: index, step, y, ...style }));
  });
  const steps = [...new Set(points.map((point) => point.step))];
  const few = steps.length <= FEW_STEPS;
  const x = at("step", { title: study.step, scale: { zero: false, nice: false, padding: 8 }, axis: { grid: false, ...(steps.every(Number.isInteger) ? { format: "d" } : {}), ...(few ? { values: steps } : {}) } });
  const y = at("y", { title: null, scale: { zero: false }, axis: { tickCount: 6, domain: false, ticks: false } });
  const line = (values, mark, encoding) => ({ data: { values }, mark: { type: "line", strokeJoin: "round", aria: false, ...mark }, encoding: { x, y, stroke: own("colour"), strokeDash: own("dash"), ...encoding } });
  return embed(curves, theme, HEIGHT, `${column.selectedOptions[0].text} of every run by ${study.step}`, [
    line(points, { strokeWidth: 1.25 }, { detail: { field: "run" }, opacity: unlessAnother(0.75) }),
    line(means, { strokeWidth: 3.5 }, { detail: { field: "variant" }, opacity: unlessAnother(1) }),
    line(points, { strokeWidth: 3.5 }, { detail: { field: "run" }, opacity: onlyFollowed }),
    // What the pointer meets: wide and unseen.
    line(points, { strokeWidth: 12, opacity: 0, cursor: "pointer" }, { detail: { field: "run" }, strokeDash: undefined, tooltip: own("name") }),
    ...(few ? [{
      data: { values: points }, mark: { type: "point", filled: true, size: 28, cursor: "pointer" },
      encoding: { x, y, fill: own("colour"), shape: own("symbol"), opacity: unlessAnother(0.9), tooltip: own("text"), description: own("text") },
    }] : []),
  ]);
}

async function draw() {
  const theme = colours();
  views.forEach((view) => view.finalize());
  views = (await Promise.all([drawStrip(theme), ...(curves ? [drawCurves(theme)] : [])])).flat();
  follow(kept);
  document.body.dataset.ready = "true";
}

/** Mark one run everywhere; `NOBODY` marks none. */
function follow(id) {
  const run = study.runs[id];
  rows.forEach((row) => row.classList.toggle("followed", row.dataset.run === String(id)));
  readout.textContent = run ? describe(run) : hint;
  views.forEach((view) => view.signal("followed", run && shown[run.variant] ? id : NOBODY).runAsync());
}

function describe(run) {
  const lost = run.value !== null && LOST.includes(run.status) ? `${run.status}, ` : "";
  const result = run.value === null ? `${run.status}, no ${study.metric}` : `${lost}${study.metric} ${digits(run.value)}`;
  const line = run.curve?.columns[column.value];
  const last = line ? `; ${column.selectedOptions[0].text} ${digits(line.at(-1))} after ${study.step} ${run.curve.steps.at(-1)}` : "";
  return `${runName(run)}: ${result}${last}.`;
}

/** Keep a run marked, or let go of it when it is kept already. */
function keep(id) {
  kept = kept === id ? NOBODY : id;
  rows.forEach((row) => row.querySelector(".seed").setAttribute("aria-pressed", String(row.dataset.run === String(kept))));
  follow(kept);
}

function show(variant, wanted) {
  shown[variant] = wanted;
  chips[variant].setAttribute("aria-pressed", String(wanted));
  rows.forEach((row) => { row.hidden = !shown[study.runs[row.dataset.run].variant]; });
}

/** Order rows by a column; cells without a value come last in both directions. */
function sortBy(heading) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  const value = (row) => row.cells[heading.cellIndex].dataset.value ?? row.cells[heading.cellIndex].textContent;
  const order = (a, b) => (heading.classList.contains("number") ? a - b : a.localeCompare(b, "en", { numeric: true }));
  table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  rows.sort((a, b) => (value(a) === "") - (value(b) === "") || (down ? -1 : 1) * order(value(a), value(b)));
  table.tBodies[0].append(...rows);
}

table.querySelectorAll("th button").forEach((button) => button.addEventListener("click", () => sortBy(button.parentElement)));
rows.forEach((row) => {
  const id = Number(row.dataset.run);
  const seed = row.querySelector(".seed");
  row.addEventListener("mouseenter", () => follow(id));
  row.addEventListener("mouseleave", () => follow(kept));
  seed.addEventListener("focus", () => follow(id));
  seed.addEventListener("blur", () => follow(kept));
  seed.addEventListener("click", () => keep(id));
});
chips.forEach((chip, variant) => chip.addEventListener("click", () => { show(variant, !shown[variant]); draw(); }));
document.querySelectorAll(".chip[data-all]").forEach((chip) => chip.addEventListener("click", () => {
  study.variants.forEach((_, variant) => show(variant, chip.dataset.all === "true"));
  draw();
}));
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && kept !== NOBODY) keep(kept); });
if (column) column.addEventListener("change", draw);

unpackVega().then(draw).then(() => {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = strip.clientWidth;
  new ResizeObserver(() => {
    if (strip.clientWidth !== width) {
      width = strip.clientWidth;
      draw();
    }
  }).observe(strip);
});
