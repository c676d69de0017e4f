// The convolution stepper: everything drawn here is computed here, from the model's settings, values and kernels.

const SETTINGS = ["size", "kernel_size", "stride", "padding", "dilation", "groups", "values", "kernels"];
const GAP = 18; // between two channels, in pixels

/** The whole convolution for the current settings; `wrong` is a sentence where there is none. */
function convolve(model) {
  const [n, k, s, p, d, g, values, kernels] = SETTINGS.map((name) => model.get(name));
  const w = kernels[k];
  const [F, C] = [w.length, w[0].length];
  const reach = d * (k - 1) + 1;
  const outputs = Math.floor((n + 2 * p - reach) / s) + 1;
  const c = { n, k, s, p, d, g, C, F, w, reach, outputs, wrong: "" };
  if (C % g || F % g) {
    const what = C % g ? plural(C, "input channel") : plural(F, "filter");
    c.wrong = `${what} can not be shared out evenly among ${g} groups: groups must divide both ${C} (input channels) and ${F} (filters).`;
  } else if (reach > n + 2 * p) {
    const wide = d > 1 ? `${k} taps, ${d} pixels apart, reach over ${reach} pixels` : `the filter is ${k} pixels wide`;
    c.wrong = `There is no output: ${wide}, but the input with its padding has only ${n + 2 * p}. Make the input or the padding larger, or the filter${d > 1 ? " or the dilation" : ""} smaller.`;
  }
  if (c.wrong) return c;
  c.inside = (i) => i >= 0 && i < n;
  c.x = (channel, i, j) => (c.inside(i) && c.inside(j) ? values[channel][i][j] : 0);
  c.at = (o, tap) => o * s - p + tap * d; // the input row (or column) under a tap of output row o
  c.channels = (f) => range(C / g).map((i) => Math.floor(f / (F / g)) * (C / g) + i); // those that filter f sees
  c.terms = (f, oi, oj, channel) => range(k).flatMap((a) => range(k).map((b) => {
    const [i, j] = [c.at(oi, a), c.at(oj, b)];
    return { x: c.x(channel, i, j), w: w[f][channel][a][b], pad: !(c.inside(i) && c.inside(j)) };
  }));
  const sum = (terms) => terms.reduce((total, t) => total + t.x * t.w, 0);
  c.part = (f, oi, oj, channel) => sum(c.terms(f, oi, oj, channel));
  c.out = range(F).map((f) => range(outputs).map((oi) => range(outputs).map((oj) =>
    c.channels(f).reduce((total, channel) => total + c.part(f, oi, oj, channel), 0))));
  c.seen = new Set(range(outputs).flatMap((o) => range(k).map((tap) => c.at(o, tap))));
  c.lost = range(n).filter((i) => !c.seen.has(i));
  return c;
}

const range = (count) => Array.from({ length: count }, (_, i) => i);

/** One cell of a grid as markup: square (x, y) of side u, tinted by |value|. */
function cell({ id, x, y, u, value, most, colour, kind = "", lost = false, label, address }) {
  const text = shown(value);
  const tint = value === 0 ? 0 : 8 + (42 * Math.abs(value)) / most;
  const hue = value < 0 ? "var(--purple)" : `var(--${colour})`;
  const size = Math.min(u * 0.52, (u * 1.45) / text.length, 15);
  return `<g class="cell ${kind}" role="gridcell" id="${id}" aria-label="${label}" data-at="${address}" data-value="${value}"${lost ? ' data-lost="true"' : ""}>
    <rect x="${x}" y="${y}" width="${u}" height="${u}" style="fill: color-mix(in srgb, ${hue} ${tint}%, var(--paper))"/>
    ${lost ? `<rect x="${x}" y="${y}" width="${u}" height="${u}" style="fill: url(#cx-hatch); stroke: none"/>` : ""}
    <text x="${x + u / 2}" y="${y + u / 2}" text-anchor="middle" dominant-baseline="central" font-size="${size}">${text}</text></g>`;
}

function render({ model, el, signal }) {
  const uid = `cx${Math.random().toString(36).slice(2, 8)}`; // ids must differ between two views of one explorer
  const root = frame(el, model, "Convolution stepper", signal);
  const channels = () => Object.values(model.get("kernels"))[0];
  const several = channels().length > 1 || channels()[0].length > 1;
  const controls = [
    slider(model, "size", "input", "n", "px"), slider(model, "kernel_size", "filter", "k", "px"),
    slider(model, "stride", "stride", "s", "px"), slider(model, "padding", "padding", "p", "px"),
    slider(model, "dilation", "dilation", "d", "px"),
  ];
  if (several) controls.push(slider(model, "groups", "groups", "g", ""));
  const stage = h("div", { class: "cx-stage" });
  const play = h("button", { click: () => (timer ? pause() : start()), "data-do": "play" }, "▶ Play");
  const live = h("div", { class: "cx-hidden", "aria-live": "polite" });
  const formula = h("p", { class: "cx-formula" });
  const sums = h("div", { class: "cx-sum" });
  const sumLine = h("div", { class: "cx-total" });
  root.append(h("div", { class: "cx-controls" }, ...controls), formula, stage, sums, sumLine,
    h("div", { class: "cx-bar" }, play,
      h("button", { click: () => { pause(); step(); }, "data-do": "step" }, "Step"),
      h("button", { click: () => { pause(); at = [0, 0, 0]; reset(model); draw(); }, "data-do": "reset" }, "Reset"),
      h("span", { class: "cx-hint" }, "Point at an output pixel, or focus the output: arrow keys move, Space plays. ",
        "Click an input or filter cell to add 1, with Shift to take 1 away.")), live);

  let c; // the convolution as drawn
  let across; // room for the drawing, in pixels
  let at = [0, 0, 0]; // the output pixel shown: filter, row, column
  let timer = null;
  const cursors = { x: [0, 0, 0], w: [0, 0, 0] }; // where the keyboard is in the grids that can be edited
  let place = {}; // grid -> (address -> position of its cell in the drawing)

  function draw() {
    const focused = stage.contains(document.activeElement) ? document.activeElement.dataset.grid : null;
    c = convolve(model);
    const names = { n: "in", p: "in", k: "w", d: "w", s: "" };
    const v = (name) => `<span class="${names[name]}">${c[name]}</span>`;
    const spare = c.n + 2 * c.p - c.reach;
    formula.innerHTML = `output size = ⌊(<i class="in">n</i> + 2<i class="in">p</i> − <i class="w">d</i>(<i class="w">k</i> − 1) − 1) / <i>s</i>⌋ + 1
      = ⌊(${v("n")} + 2·${v("p")} − ${v("d")}·(${v("k")} − 1) − 1) / ${v("s")}⌋ + 1 = ⌊${shown(spare)} / ${c.s}⌋ + 1` +
      (c.reach <= c.n + 2 * c.p ? ` = <b class="out" data-size="${c.outputs}">${c.outputs}</b>` : "");
    if (c.wrong) {
      pause();
      sums.replaceChildren();
      sumLine.replaceChildren();
      stage.replaceChildren(h("div", { class: "cx-wrong", role: "alert" }, c.wrong));
      return;
    }
    at = [Math.min(at[0], c.F - 1), ...at.slice(1).map((o) => Math.min(o, c.outputs - 1))];
    drawStage();
    if (focused) stage.querySelector(`[data-grid="${focused}"]`)?.focus();
  }

  function drawStage() {
    const wide = c.n + 2 * c.p;
    const rows = Math.max(c.C * wide, c.F * c.outputs);
    const u = Math.max(16, Math.min(34, 460 / rows, (across - 112) / (wide + c.k + Math.max(c.outputs, 3))));
    const xs = [0, wide * u + 52, (wide + c.k) * u + 104];
    const width = Math.max(xs[2] + c.outputs * u, xs[2] + 92);
    const top = 24;
    const height = top + Math.max(c.C * wide * u + (c.C - 1) * GAP, c.F * c.outputs * u + (c.F - 1) * GAP) + 4;
    const yOf = { x: (ch, i) => top + ch * (wide * u + GAP) + (i + c.p) * u,
      w: (ch, a) => top + ch * (wide * u + GAP) + ((wide - c.k) / 2 + a) * u,
      out: (f, o) => top + f * (c.outputs * u + GAP) + o * u };
    place = { u, x: (a) => [(a[2] + c.p) * u, yOf.x(a[0], a[1])], w: (a) => [xs[1] + a[2] * u, yOf.w(a[0], a[1])],
      out: (a) => [xs[2] + a[2] * u, yOf.out(a[0], a[1])] };
    const title = (x, what, colour, text) => `<text x="${x}" y="13" font-size="12.5"><tspan font-weight="600" style="fill: var(--${colour}-ink)">${what}</tspan> ${text}</text>`;
    const sign = (x, row, text) => `<text class="soft" x="${x}" y="${top + (wide * u) / 2 + row * (wide * u + GAP)}" text-anchor="middle" dominant-baseline="central" font-size="20">${text}</text>`;
    const lost = c.n * c.n - (c.n - c.lost.length) ** 2;
    stage.innerHTML = `<svg viewBox="-4 -2 ${width + 8} ${height + 6}" width="${width + 8}" role="group" aria-label="input, filter and output"
        data-lost="${lost}" data-out-shape="${c.F},${c.outputs},${c.outputs}">
      <defs><pattern id="cx-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <line x1="0" x2="0" y2="6" style="stroke: var(--red-ink)" stroke-width="1.6" opacity="0.75"/></pattern></defs>
      ${sign((wide * u + xs[1]) / 2, 0, "∗")}${sign((xs[1] + c.k * u + xs[2]) / 2, 0, "=")}
      ${range(Math.max(0, c.C / c.g - 1)).map((ch) => sign(xs[1] + (c.k * u) / 2, ch + 0.5, "+")).join("")}
      ${title(0, "input", "blue", `${c.C > 1 ? `${c.C} × ` : ""}${c.n} × ${c.n}`)}
      <g data-layer="w-title"></g>
      ${title(xs[2], "output", "green", `${c.F > 1 ? `${c.F} × ` : ""}${c.outputs} × ${c.outputs}`)}
      ${gridMarkup("x", range(c.C), range(wide).map((i) => i - c.p), "Input")}
      <g data-layer="w"></g>
      ${gridMarkup("out", range(c.F), range(c.outputs), "Output")}
      <g data-layer="marks"></g></svg>
      <p class="${lost ? "lost" : "soft"}">${lostSentence(lost)}</p>`;
    show();
  }

  function lostSentence(lost) {
    if (!lost) return "Every input pixel is looked at.";
    const where = c.lost.length > 4 ? `${c.lost.length} of ${c.n} rows and columns` : `row${c.lost.length > 1 ? "s" : ""} and column${c.lost.length > 1 ? "s" : ""} ${c.lost.join(", ")}`;
    return `▨ ${lost} of ${c.n * c.n} input pixels are never looked at: ${where} (counted from 0).`;
  }

  /** A grid of channels, rows and cells; w is drawn for the filter shown, the others whole. */
  function gridMarkup(grid, layers, side, label) {
    const f = at[0];
    const value = { x: (ch, i, j) => c.x(ch, i, j), w: (ch, a, b) => c.w[f][ch][a][b], out: (o, i, j) => c.out[o][i][j] }[grid];
    const colour = { x: "blue", w: "orange", out: "green" }[grid];
    const all = layers.flatMap((l) => side.flatMap((i) => side.map((j) => Math.abs(value(l, i, j)))));
    const most = Math.max(1, ...all);
    const name = { x: (l, i, j) => `input ${l}, ${i}, ${j}`, w: (l, i, j) => `filter ${f}, ${l}, ${i}, ${j}`, out: (l, i, j) => `output ${l}, ${i}, ${j}` }[grid];
    const body = layers.map((l) => `<g data-channel="${l}">` + side.map((i) => `<g role="row">` + side.map((j) => {
      const [x, y] = place[grid]([l, i, j]);
      const real = grid !== "x" || (c.inside(i) && c.inside(j));
      const unseen = grid === "x" && real && (c.lost.includes(i) || c.lost.includes(j));
      return cell({ id: `${uid}-${grid}-${l}_${i}_${j}`, x, y, u: place.u, value: value(l, i, j), most, colour, lost: unseen,
        kind: real ? (grid === "out" ? "" : "edit") : "pad", address: `${l},${i},${j}`,
        label: `${real ? name(l, i, j) : "padding"}: ${shown(value(l, i, j))}${unseen ? ", never looked at" : ""}` });
    }).join("") + "</g>").join("") + "</g>").join("");
    const [x0, y0] = place[grid]([layers[0], side[0], side[0]]);
    const [x1, y1] = place[grid]([layers.at(-1), side.at(-1), side.at(-1)]);
    return `<g role="grid" tabindex="0" data-grid="${grid}" aria-label="${label}: arrow keys move">${body}
      <rect class="ring" x="${x0 - 4}" y="${y0 - 4}" width="${x1 - x0 + place.u + 8}" height="${y1 - y0 + place.u + 8}" rx="4"/>
      ${grid === "out" ? "" : `<rect class="cursor" width="${place.u - 4}" height="${place.u - 4}" rx="2"/>`}</g>`;
  }

  /** Everything that depends on the output pixel shown: the filter's numbers, the marks, the sum. */
  function show() {
    const [f, oi, oj] = at;
    const used = c.channels(f);
    const layer = (name) => stage.querySelector(`[data-layer="${name}"]`);
    const hadFocus = document.activeElement?.dataset?.grid === "w" && stage.contains(document.activeElement);
    if (layer("w").dataset.filter !== String(f)) {
      layer("w").dataset.filter = f;
      layer("w").innerHTML = gridMarkup("w", used, range(c.k), "Filter");
      const [x] = place.w([0, 0, 0]);
      layer("w-title").innerHTML = `<text x="${x}" y="13" font-size="12.5"><tspan font-weight="600" style="fill: var(--orange-ink)">filter</tspan> ${c.F > 1 ? `${f} of ${c.F}` : `${c.k} × ${c.k}`}</text>`;
      for (const g of stage.querySelectorAll('[data-grid="x"] [data-channel]')) g.classList.toggle("idle", !used.includes(Number(g.dataset.channel)));
      if (hadFocus) stage.querySelector('[data-grid="w"]').focus();
    }
    const u = place.u;
    const box = (kind, [x, y], side = u) => `<rect class="${kind}" x="${x}" y="${y}" width="${side}" height="${side}"/>`;
    layer("marks").innerHTML = used.map((ch) =>
      range(c.k).flatMap((a) => range(c.k).map((b) => (c.d > 1 ? box("tap", place.x([ch, c.at(oi, a), c.at(oj, b)])) : ""))).join("") +
      box(c.d > 1 ? "frame" : "tap", place.x([ch, c.at(oi, 0), c.at(oj, 0)]), c.reach * u) +
      box("tap", place.w([ch, 0, 0]), c.k * u)).join("") + box("tap", place.out(at));
    writeSum(f, oi, oj, used);
    stage.querySelector('[data-grid="out"]').setAttribute("aria-activedescendant", `${uid}-out-${at.join("_")}`);
    for (const grid of ["x", "w"]) moveCursor(grid, 0, 0);
  }

  /** The sum of products, laid out as the window is: k rows of k products for each channel. */
  function writeSum(f, oi, oj, used) {
    const product = (t) => `<td><span class="${t.pad ? "soft" : "in"}">${shown(t.x)}</span>·<span class="w">${t.w < 0 ? `(${shown(t.w)})` : t.w}</span></td>`;
    const parts = used.map((ch) => c.part(f, oi, oj, ch));
    sums.innerHTML = used.map((ch, number) => {
      const terms = c.terms(f, oi, oj, ch).map(product);
      const rows = range(c.k).map((a) => `<tr>${terms.slice(a * c.k, (a + 1) * c.k).join("")}${a === c.k - 1 ? `<td class="sum">= <b>${shown(parts[number])}</b></td>` : ""}</tr>`);
      return `<table data-sum="${ch}"><caption>${c.C > 1 ? `channel ${ch}: ` : ""}input · filter, summed</caption>${rows.join("")}</table>`;
    }).join("");
    const total = c.out[f][oi][oj];
    const several = parts.length > 1 ? ` = ${parts.map(shown).join(" + ").replaceAll("+ −", "− ")}` : "";
    sumLine.innerHTML = `<b class="out">out[${at.join(", ")}]</b>${several} = <b class="out" data-total="${total}">${shown(total)}</b>`;
  }

  /** Move within a grid; beyond the last row comes the next channel. Returns the new address. */
  function moved(address, di, dj, layers, side) {
    let [l, i, j] = [layers.indexOf(address[0]), address[1] + di, address[2] + dj];
    l = Math.max(l, 0);
    if (i >= side && l + 1 < layers.length) [l, i] = [l + 1, 0];
    if (i < 0 && l > 0) [l, i] = [l - 1, side - 1];
    const within = (value) => Math.max(0, Math.min(side - 1, value));
    return [layers[l], within(i), within(j)];
  }

  function moveCursor(grid, di, dj) {
    const [layers, side] = grid === "x" ? [range(c.C), c.n] : [c.channels(at[0]), c.k];
    cursors[grid] = moved(cursors[grid], di, dj, layers, side);
    const element = stage.querySelector(`[data-grid="${grid}"]`);
    const [x, y] = place[grid](cursors[grid]);
    element.querySelector(".cursor").setAttribute("x", x + 2);
    element.querySelector(".cursor").setAttribute("y", y + 2);
    element.setAttribute("aria-activedescendant", `${uid}-${grid}-${cursors[grid].join("_")}`);
  }

  function edit(grid, [l, i, j], change) {
    const name = grid === "x" ? "values" : "kernels";
    const copy = structuredClone(model.get(name));
    const row = grid === "x" ? copy[l][i] : copy[c.k][at[0]][l][i];
    row[j] = Math.max(-9, Math.min(9, change(row[j])));
    model.set(name, copy);
    model.save_changes();
  }

  function goTo(address) {
    at = address;
    show();
  }

  function step() {
    if (c.wrong) return;
    const [f, i, j] = at;
    const next = (f * c.outputs + i) * c.outputs + j + 1;
    const m = c.outputs;
    goTo([Math.floor(next / (m * m)) % c.F, Math.floor(next / m) % m, next % m]);
  }
  function start() {
    if (c.wrong) return;
    timer = setInterval(step, 600);
    play.textContent = "❚❚ Pause";
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶ Play";
  }

  const addressOf = (event) => event.target.closest?.("[data-at]");
  stage.addEventListener("pointerover", (event) => {
    const target = addressOf(event);
    if (target?.closest('[data-grid="out"]')) {
      pause();
      goTo(target.dataset.at.split(",").map(Number));
    }
  });
  stage.addEventListener("click", (event) => {
    const target = addressOf(event);
    const grid = target?.closest("[data-grid]").dataset.grid;
    if (!target || grid === "out" || target.classList.contains("pad")) return;
    cursors[grid] = target.dataset.at.split(",").map(Number);
    edit(grid, cursors[grid], (value) => value + (event.shiftKey ? -1 : 1));
  });
  const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  stage.addEventListener("keydown", (event) => {
    const grid = event.target.dataset?.grid;
    if (!grid || event.ctrlKey || event.metaKey || event.altKey) return;
    if (arrows[event.key] && grid === "out") {
      pause();
      goTo(moved(at, ...arrows[event.key], range(c.F), c.outputs));
      live.textContent = `output ${at.join(", ")} is ${shown(c.out[at[0]][at[1]][at[2]])}`;
    } else if (arrows[event.key]) moveCursor(grid, ...arrows[event.key]);
    else if (event.key === " " && grid === "out") timer ? pause() : start();
    else if (/^[0-9]$/.test(event.key) && grid !== "out") edit(grid, cursors[grid], () => Number(event.key));
    else if (event.key === "-" && grid !== "out") edit(grid, cursors[grid], (value) => -value);
    else if (event.key === "+" && grid !== "out") edit(grid, cursors[grid], (value) => value + 1);
    else return;
    event.preventDefault();
  });

  onChange(model, SETTINGS, draw);
  signal.addEventListener("abort", pause);
  onWidth(root, (width) => {
    across = width;
    draw();
  }, signal);
}

export default { render };
