// The sliders of what-3-seeds-can-say.md: two variants, A and B, whose scores are normal with the same standard deviation.
// Everything is computed here; tests/site compares the arithmetic with SciPy and the rates with docs/calibration.md.
"use strict";
(() => {
  const MOST_SEEDS = 30;
  const STUDIES = 1000;
  const RESAMPLES = 999;
  const LEVEL = 0.05;
  const A_MEAN = 80;
  const [LOWEST, HIGHEST] = [-3, 5]; // of the axis, as differences from A's true mean

  // --- Arithmetic -------------------------------------------------------------------------------------------------

  /** Logarithm of the gamma function for x >= 1/2: Stirling's series, after moving x up to where it is accurate. */
  function logGamma(x) {
    let shift = 0;
    for (; x < 12; x += 1) shift += Math.log(x);
    const y = 1 / (x * x);
    const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x;
    return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
  }

  /** Regularized incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22), evaluated by Lentz's method. */
  function incompleteBeta(x, a, b) {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a); // where the fraction converges faster
    const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
    const safe = (value) => (Math.abs(value) < 1e-300 ? 1e-300 : value);
    let c = 1;
    let d = 1 / safe(1 - ((a + b) * x) / (a + 1));
    let fraction = d;
    for (let m = 1; m < 500; m += 1) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      let step = 1;
      for (const term of [even, odd]) {
        d = 1 / safe(1 + term * d);
        c = safe(1 + term / c);
        step = c * d;
        fraction *= step;
      }
      if (Math.abs(step - 1) < 1e-15) break;
    }
    return front * fraction;
  }

  /** Two-sided p of Student's t. */
  const tProbability = (t, degrees) => incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);

  /** The t whose two-sided p is this, by bisection. */
  function tQuantile(p, degrees) {
    let [low, high] = [0, 1];
    while (tProbability(high, degrees) > p) high *= 2;
    for (let i = 0; i < 80; i += 1) {
      const middle = (low + high) / 2;
      if (tProbability(middle, degrees) > p) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

  function deviation(values) {
    const centre = mean(values);
    return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
  }

  /** Welch's t test of two arms of n runs, from the difference of the means and both standard deviations. */
  function welch(difference, sa, sb, n) {
    const [va, vb] = [(sa * sa) / n, (sb * sb) / n];
    const error = Math.sqrt(va + vb);
    const degrees = ((va + vb) ** 2 * (n - 1)) / (va * va + vb * vb);
    return { error, degrees, p: tProbability(difference / error, degrees) };
  }

  /** Marsaglia's xorshift128: the same start gives the same studies on every machine. */
  function generator(start) {
    const s = [start ^ 123456789, 362436069, 521288629, 88675123];
    const uniform = () => {
      const t = s[0] ^ (s[0] << 11);
      s.shift();
      s.push(s[2] ^ (s[2] >>> 19) ^ t ^ (t >>> 8));
      return ((s[3] >>> 0) + 0.5) / 2 ** 32;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    for (let i = 0; i < 20; i += 1) uniform();
    return { uniform, normal };
  }

  /** Draw which runs each resample takes: for every study of one simulation the same ones. */
  const drawn = (random, n) => Uint8Array.from({ length: 2 * RESAMPLES * n }, () => Math.floor(random.uniform() * n));

  /** The 95 % percentile bootstrap interval of the difference of two arms' means. */
  function bootstrap(a, b, picks) {
    const n = a.length;
    const found = new Float64Array(RESAMPLES);
    for (let i = 0, at = 0; i < RESAMPLES; i += 1) {
      let sum = 0;
      for (let j = 0; j < n; j += 1, at += 2) sum += b[picks[at]] - a[picks[at + 1]];
      found[i] = sum / n;
    }
    found.sort();
    const cut = Math.round((RESAMPLES + 1) * LEVEL / 2);
    return [found[cut - 1], found[RESAMPLES - cut]];
  }

  /** What every rule needs to know of one study. */
  function facts(a, b, picks) {
    const [low, high] = bootstrap(a, b, picks);
    return { difference: mean(b) - mean(a), sa: deviation(a), sb: deviation(b), low, high, n: a.length };
  }

  /** The study as it would be if B's scores were all higher by `shift`. */
  const shifted = (f, shift) => ({ ...f, difference: f.difference + shift, low: f.low + shift, high: f.high + shift });

  const quantiles = new Map();
  function quantile(n) {
    if (!quantiles.has(n)) quantiles.set(n, tQuantile(LEVEL, n - 1));
    return quantiles.get(n);
  }

  /** Decision rules: do they claim a difference? The direction is that of the means. */
  const RULES = [
    ["higher", "The higher mean is better", () => true],
    ["bootstrap", "The 95 % bootstrap interval of the difference leaves out 0", (f) => f.low > 0 || f.high < 0],
    ["thumb", "The means are more than 2 standard deviations apart",
      (f) => Math.abs(f.difference) > 2 * Math.sqrt((f.sa ** 2 + f.sb ** 2) / 2)],
    ["overlap", "The two 95 % t intervals do not overlap",
      (f) => Math.abs(f.difference) > (quantile(f.n) * (f.sa + f.sb)) / Math.sqrt(f.n)],
    ["welch", "Welch’s t test gives p < 0.05", (f) => welch(f.difference, f.sa, f.sb, f.n).p < LEVEL],
  ];

  /** Draw studies of two equal variants whose standard deviation is 1. */
  function simulate(n, start) {
    const random = generator(start);
    const picks = drawn(random, n);
    const arm = () => Float64Array.from({ length: n }, random.normal);
    return Array.from({ length: STUDIES }, () => facts(arm(), arm(), picks));
  }

  /** How often each rule claims a difference that is not there, and misses one of `effect` standard deviations. */
  function rates(studies, effect) {
    const moved = studies.map((study) => shifted(study, effect));
    const share = (found, test) => found.filter(test).length / found.length;
    return Object.fromEntries(RULES.map(([name, , claims]) => [name, {
      falsely: share(studies, claims),
      misses: share(moved, (study) => !(claims(study) && study.difference > 0)),
    }]));
  }

  window.seeds = { incompleteBeta, logGamma, tProbability, tQuantile, welch, bootstrap, simulate, rates, generator };

  // --- The page ---------------------------------------------------------------------------------------------------

  const place = document.getElementById("seeds");
  if (!place) return;

  const CONTROLS = [
    ["effect", "True difference, B − A", 0, 2, 0.1, 0.5, (value) => `${value.toFixed(1)} points`],
    ["spread", "Standard deviation over seeds", 0.1, 1, 0.1, 0.5, (value) => `${value.toFixed(1)} points`],
    ["n", "Seeds of each variant", 2, MOST_SEEDS, 1, 3, (value) => `${value}`],
  ];
  const HEADINGS = ["This study", "Claims a difference between equal variants", "Misses your true difference"];
  place.classList.add("seeds");
  place.innerHTML = `<div class="controls">${CONTROLS.map(([name, label, low, high, step, value]) =>
    `<label>${label} <b></b><input type="range" name="${name}" min="${low}" max="${high}" step="${step}"
      value="${value}"></label>`).join("")}</div>
    <button type="button" name="draw">Draw again</button><button type="button" name="many">Another 1000 studies</button>
    <svg role="img"></svg><p class="legend">Dots: runs. Bars: mean and 95 % interval. Dashed: the truth.</p>
    <p class="result-of-draw" role="status"></p>
    <table><thead><tr><th scope="col">Rule</th>${HEADINGS.map((heading) => `<th scope="col">${heading}</th>`).join("")}</tr></thead>
    <tbody></tbody></table>
    <p>The rates are counted in 1000 drawn studies, so they are good to about 3 points. A claim in the wrong direction counts as
    a miss.</p>`;
  const part = (selector) => place.querySelector(selector);
  const inputs = CONTROLS.map(([name]) => part(`[name=${name}]`));
  let start = 1;
  let noise;
  let simulation = { start: 1 };

  function draw() {
    const random = generator(start);
    const arm = () => Float64Array.from({ length: MOST_SEEDS }, random.normal);
    noise = { a: arm(), b: arm(), random: start };
    start += 1;
  }

  /** The shown study, in points. */
  function study({ effect, spread, n }) {
    const a = noise.a.slice(0, n).map((z) => A_MEAN + spread * z);
    const b = noise.b.slice(0, n).map((z) => A_MEAN + effect + spread * z);
    const found = facts(a, b, drawn(generator(noise.random), n));
    return { ...found, a, b, ...welch(found.difference, found.sa, found.sb, n) };
  }

  const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;

  /** What a claim is worth, knowing the truth. */
  function judged(claimed, difference, effect) {
    if (!claimed) return effect > 0 ? ["no claim: missed", true] : ["no claim: right", false];
    if (effect === 0) return ["false claim", true];
    return difference > 0 ? ["B is better: right", false] : ["A is better: wrong", true];
  }

  function sentence(found, effect) {
    const margin = tQuantile(LEVEL, found.degrees) * found.error;
    const p = found.p < 0.001 ? "p < 0.001" : `p = ${found.p.toFixed(3)}`;
    const claimed = found.p < LEVEL;
    const verdict = claimed ? `Welch’s test claims that ${found.difference > 0 ? "B" : "A"} is better` : "Welch’s test claims nothing";
    const truth = effect > 0 ? `B is better by ${effect.toFixed(2)}` : "they are equal";
    return `Seen: B − A = ${signed(found.difference)} points, 95 % interval ${signed(found.difference - margin)} to ` +
      `${signed(found.difference + margin)}, ${p}. ${verdict}. In truth, ${truth}.`;
  }

  function drawing(found, { effect, n }) {
    const width = Math.max(260, place.clientWidth);
    const [left, right, top, row] = [width < 500 ? 44 : 60, 12, 24, 46];
    const x = (value) => left + ((value - LOWEST) / (HIGHEST - LOWEST)) * (width - left - right);
    const clipped = (value) => x(Math.min(HIGHEST, Math.max(LOWEST, value)));
    const ticks = Array.from({ length: HIGHEST - LOWEST + 1 }, (_, i) => LOWEST + i).filter((i) => width > 500 || i % 2);
    const bottom = top + 3 * row;
    const axis = (y, label) => ticks.map((tick) =>
      `<text class="soft" x="${x(tick)}" y="${y}" text-anchor="middle">${label(tick)}</text>`).join("");
    const interval = (y, centre, half, name) => `<g class="${name}"><line class="bar" x1="${clipped(centre - half)}"
      x2="${clipped(centre + half)}" y1="${y}" y2="${y}"/><line class="bar" x1="${clipped(centre)}" x2="${clipped(centre)}"
      y1="${y - 7}" y2="${y + 7}"/></g>`;
    const dots = (y, values, name) => `<g class="${name}">${Array.from(values, (value) =>
      `<circle cx="${clipped(value - A_MEAN)}" cy="${y}" r="5"/>`).join("")}</g>`;
    const truth = (y, value) => `<line class="truth" x1="${x(value)}" x2="${x(value)}" y1="${y - row / 2 + 4}" y2="${y + row / 2 - 4}"/>`;
    const arm = (y, values, s, expected, label, name) => `<text x="0" y="${y + 4}">${label}</text>${truth(y, expected)}` +
      dots(y - 7, values, name) + interval(y + 9, mean(values) - A_MEAN, (quantile(n) * s) / Math.sqrt(n), name);
    const svg = part("svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${bottom + 20}`);
    svg.setAttribute("aria-label", `Scores of A: ${Array.from(found.a, (v) => v.toFixed(1)).join(", ")}. ` +
      `Scores of B: ${Array.from(found.b, (v) => v.toFixed(1)).join(", ")}.`);
    svg.innerHTML = axis(12, (tick) => `${A_MEAN + tick} %`) +
      `<line class="axis" x1="${x(0)}" x2="${x(0)}" y1="${top + 2 * row}" y2="${bottom}" stroke-width="2"/>` +
      arm(top + row / 2, found.a, found.sa, 0, "A", "a") + arm(top + 1.5 * row, found.b, found.sb, effect, "B", "b") +
      `<line class="axis" x1="0" x2="${width}" y1="${top + 2 * row}" y2="${top + 2 * row}"/>` +
      `<text x="0" y="${top + 2.5 * row + 4}">B − A</text>${truth(top + 2.5 * row, effect)}` +
      interval(top + 2.5 * row, found.difference, tQuantile(LEVEL, found.degrees) * found.error, "d") +
      axis(bottom + 14, (tick) => (tick > 0 ? `+${tick}` : `${tick}`.replace("-", "−")));
  }

  function show() {
    const settings = Object.fromEntries(inputs.map((input) => [input.name, Number(input.value)]));
    CONTROLS.forEach(([, , , , , , words], i) => {
      const text = words(Number(inputs[i].value));
      inputs[i].previousElementSibling.textContent = text;
      inputs[i].setAttribute("aria-valuetext", text);
    });
    const found = study(settings);
    drawing(found, settings);
    part(".result-of-draw").textContent = sentence(found, settings.effect);
    if (simulation.n !== settings.n) simulation = { ...simulation, n: settings.n, studies: simulate(settings.n, simulation.start) };
    const counted = rates(simulation.studies, settings.effect / settings.spread);
    part("tbody").innerHTML = RULES.map(([name, label, claims]) => {
      const [words, wrong] = judged(claims(found), found.difference, settings.effect);
      const misses = settings.effect > 0 ? percent(counted[name].misses) : "–";
      return `<tr data-rule="${name}"><th scope="row">${label}</th>
        <td data-label="${HEADINGS[0]}" class="${wrong ? "wrong" : ""}">${words}</td>
        <td data-label="${HEADINGS[1]}">${percent(counted[name].falsely)}</td><td data-label="${HEADINGS[2]}">${misses}</td></tr>`;
    }).join("");
    window.seeds.shown = found;
  }

  place.addEventListener("input", show);
  part("[name=draw]").addEventListener("click", () => { draw(); show(); });
  part("[name=many]").addEventListener("click", () => { simulation = { start: simulation.start + 1 }; show(); });
  new ResizeObserver(() => requestAnimationFrame(show)).observe(part(".controls"));
  draw();
  show();
})();
