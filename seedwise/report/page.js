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
const ROW = 62; // pixels a variant
const SPREAD = 20; // pixels over which the dots of a row lie
const CURVES = 360; // pixels, at least
const FEW_EPOCHS = 12; // up to here each epoch has a mark
let kept = null; // the run that a click keeps
let drawn = false;

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const shortened = (text, length) => (text.length > length ? text.slice(0, Math.max(1, length - 1)) + "…" : text);
const digits = (value) => (value === null || value === undefined ? "—" : String(+value.toPrecision(6)).replace("-", "−"));
const runName = (run) => `${study.variants[run.variant].label}, seed ${run.seed}`;
const runsOf = (variant) => study.runs.flatMap((run, id) => (run.variant === variant ? [{ ...run, id }] : []));

/** plotly.js lies in the page compressed; unpacking it here keeps the file a third as large. */
async function unpackPlotly() {
  const packed = Uint8Array.from(atob(document.getElementById("plotly").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.head.append(script);
}

/** Colours and font of the page, so that plots follow light and dark mode. */
function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return { ink: colour("ink"), soft: colour("soft"), line: colour("line"), page: colour("page"), raised: colour("raised"), font: getComputedStyle(document.body).fontFamily };
}

function layout(look, height, more) {
  const axis = { gridcolor: look.line, linecolor: look.line, zeroline: false, automargin: true, fixedrange: true, tickfont: { color: look.soft } };
  return {
    height, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest", dragmode: false,
    font: { family: look.font, size: 12, color: look.ink },
    hoverlabel: { bgcolor: look.raised, bordercolor: look.line, font: { family: look.font, color: look.ink } },
    margin: { l: 8, r: 8, t: 8, b: 36 },
    ...more, xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
  };
}

/** One row a variant: its label and mean above a band of the interval, a tick of the mean and a dot for each run. */
function drawStrip(look) {
  const visible = study.variants.flatMap((variant, index) => (shown[index] ? [{ ...variant, index }] : []));
  const traces = [];
  const annotations = [];
  const height = Math.max(CURVES, ROW * visible.length + 64);
  const spread = (SPREAD * (visible.length + 0.25)) / (height - 44); // in rows, whatever their height
  visible.forEach((variant, place) => {
    const runs = runsOf(variant.index).filter((run) => run.value !== null);
    const at = (i) => place + (runs.length > 1 ? (i / (runs.length - 1) - 0.5) * spread : 0);
    if (variant.low !== null) {
      traces.push({ x: [variant.low, variant.high], y: [place, place], mode: "lines", line: { color: variant.colour, width: 22 }, opacity: 0.22, hoverinfo: "skip" });
    }
    if (variant.mean !== null) {
      traces.push({ x: [variant.mean], y: [place], mode: "markers", marker: { symbol: "line-ns-open", size: 22, color: variant.colour, line: { width: 3 } }, hoverinfo: "skip" });
    }
    traces.push({
      x: runs.map((run) => run.value), y: runs.map((_, i) => at(i)), customdata: runs.map((run) => run.id), mode: "markers",
      marker: { symbol: variant.symbol, size: 10, color: variant.colour, line: { color: look.page, width: 1.5 } },
      text: runs.map((run) => `seed ${run.seed}: ${digits(run.value)}`), hovertemplate: "%{text}<extra></extra>",
    });
    const lost = runsOf(variant.index).length - runs.length;
    const right = lost ? `${variant.shown}, ${lost} lost` : variant.shown;
    const room = Math.floor((strip.clientWidth - 16 - 7 * right.length) / 8);
    const line = { xref: "paper", y: place, yshift: 30, showarrow: false, font: { size: 12.5, color: look.ink } };
    annotations.push({ ...line, x: 0, xanchor: "left", text: `<b>${escaped(shortened(variant.label, room))}</b>` });
    annotations.push({ ...line, x: 1, xanchor: "right", text: escaped(right), font: { size: 12, color: look.soft } });
  });
  traces.push({ x: [], y: [], mode: "markers", marker: { size: 17, color: "rgba(0,0,0,0)", line: { color: look.ink, width: 2.5 } }, hoverinfo: "skip" });
  return Plotly.react(strip, traces, layout(look, height, {
    annotations,
    xaxis: { title: { text: study.metric, font: { color: look.soft } } },
    yaxis: { range: [visible.length - 0.5, -0.75], visible: false },
  }), { displayModeBar: false });
}

/** Mean over the seeds at each epoch that all of them reached. */
function meanCurve(runs, key) {
  const reached = Math.min(...runs.map((run) => run.curve[key].findIndex((y) => y === null)).map((i) => (i < 0 ? Infinity : i)), ...runs.map((run) => run.curve[key].length));
  const epochs = runs[0].curve.epoch.slice(0, reached);
  return [epochs, epochs.map((_, i) => runs.reduce((sum, run) => sum + run.curve[key][i], 0) / runs.length)];
}

/** A thin line for each run and a thick one for the mean of a variant. */
function drawCurves(look) {
  const key = column.value;
  const traces = [];
  let longest = 1;
  study.variants.forEach((variant, index) => {
    if (!shown[index]) return;
    const runs = runsOf(index).filter((run) => run.curve && run.curve[key]);
    if (!runs.length) return;
    longest = Math.max(longest, ...runs.map((run) => run.curve.epoch.length));
    // One trace holds all runs of a variant, for hundreds of traces would be slow; a gap parts them.
    const joined = { x: [], y: [], customdata: [], text: [] };
    runs.forEach((run) => run.curve.epoch.concat(null).forEach((epoch, i) => {
      joined.x.push(epoch);
      joined.y.push(epoch === null ? null : run.curve[key][i]);
      joined.customdata.push(run.id);
      joined.text.push(`${escaped(runName(run))}<br>epoch ${epoch}: ${digits(run.curve[key][i])}`);
    }));
    const stroke = { color: variant.colour, dash: variant.line };
    const [x, y] = meanCurve(runs, key);
    const marks = longest <= FEW_EPOCHS ? "lines+markers" : "lines";
    traces.push({ ...joined, mode: marks, connectgaps: false, opacity: 0.75, line: { ...stroke, width: 1.25 }, marker: { size: 4, color: variant.colour, symbol: variant.symbol }, hovertemplate: "%{text}<extra></extra>" });
    if (runs.length > 1) traces.push({ x, y, mode: "lines", line: { ...stroke, width: 3.5 }, hoverinfo: "skip" });
  });
  traces.push({ x: [], y: [], mode: "lines+markers", line: { width: 3.5 }, marker: { size: 7 }, hoverinfo: "skip" });
  return Plotly.react(curves, traces, layout(look, CURVES, {
    hoverdistance: 40,
    xaxis: { title: { text: "epoch", font: { color: look.soft } }, tickformat: "d", ...(longest <= FEW_EPOCHS ? { dtick: 1 } : {}) },
    yaxis: { showline: false },
  }), { displayModeBar: false });
}

async function draw() {
  const look = theme();
  await drawStrip(look);
  if (curves) await drawCurves(look);
  if (!drawn) {
    drawn = true;
    for (const plot of [strip, curves].filter(Boolean)) {
      plot.on("plotly_hover", (event) => follow(event.points[0].customdata));
      plot.on("plotly_unhover", () => follow(kept));
      plot.on("plotly_click", (event) => keep(event.points[0].customdata));
    }
    document.body.dataset.ready = "true";
  }
  follow(kept);
}

/** Mark one run everywhere; null marks none. */
function follow(id) {
  const run = id === null || id === undefined ? null : study.runs[id];
  rows.forEach((row) => row.classList.toggle("followed", run !== null && row.dataset.run === String(id)));
  const variant = run && study.variants[run.variant];
  readout.textContent = run ? describe(run) : hint;
  if (!drawn) return;
  const visible = run !== null && shown[run.variant];
  const dot = visible && run.value !== null ? strip.data.map((trace) => (trace.customdata || []).indexOf(id)) : [];
  const holder = dot.findIndex((index) => index >= 0);
  const ring = holder < 0 ? { x: [[]], y: [[]] } : { x: [[run.value]], y: [[strip.data[holder].y[dot[holder]]]] };
  Plotly.restyle(strip, ring, strip.data.length - 1);
  if (!curves) return;
  const line = visible && run.curve && run.curve[column.value];
  curves.classList.toggle("following", Boolean(line));
  Plotly.restyle(curves, line
    ? { x: [run.curve.epoch], y: [line], "line.color": variant.colour, "line.dash": variant.line, "marker.color": variant.colour, "marker.symbol": variant.symbol }
    : { x: [[]], y: [[]] }, curves.data.length - 1);
}

function describe(run) {
  const result = run.value === null ? `${run.status}, no ${study.metric}` : `${study.metric} ${digits(run.value)}`;
  const line = run.curve && run.curve[column.value];
  const last = line ? `; ${column.selectedOptions[0].text} ${digits(line.at(-1))} after epoch ${run.curve.epoch.at(-1)}` : "";
  return `${runName(run)}: ${result}${last}.`;
}

/** Keep a run marked, or let go of it when it is kept already. */
function keep(id) {
  kept = kept === id ? null : id;
  rows.forEach((row) => row.querySelector(".seed").setAttribute("aria-pressed", String(kept !== null && row.dataset.run === String(kept))));
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
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && kept !== null) keep(kept); });
if (column) column.addEventListener("change", draw);

unpackPlotly().then(draw).then(() => {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  let width = strip.clientWidth;
  new ResizeObserver(() => {
    if (strip.clientWidth !== width) {
      width = strip.clientWidth;
      draw();
    }
  }).observe(strip);
});
