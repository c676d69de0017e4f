// The receptive-field explorer: layers as rows along one axis, the input at the bottom.

const ROW = 42; // height of a layer's row and of the funnel under it, in drawing units
const UNIT = 24; // height of a unit
const LEFT = 104; // where the rows begin: room for their names
const WIDEST = 420; // input pixels: more can not be told apart

const range = (count) => Array.from({ length: count }, (_, i) => i);
const reachOf = (layer) => layer.dilation * (layer.kernel_size - 1) + 1;

/** Field size r, jump, start of every level, the input first; n: how many units each level has in the drawing. */
function analyse(layers) {
  const levels = [{ r: 1, jump: 1, start: 0 }];
  for (const layer of layers) {
    const { r, jump, start } = levels.at(-1);
    levels.push({ r: r + (reachOf(layer) - 1) * jump, jump: jump * layer.stride, start: start - layer.padding * jump });
  }
  const top = levels.at(-1);
  const whole = 2 * Math.ceil(-top.start / top.jump) + 1; // so many, and the middle one sees no padding
  const wanted = Math.max(3, whole, Math.min(9, Math.floor((44 - top.r) / top.jump) + 1));
  for (let units = wanted; units < wanted + 400; units++) { // large paddings need a longer row to leave any input
    let n = units;
    for (let l = layers.length; l >= 0; l--) {
      levels[l].n = n;
      if (l > 0) n = (n - 1) * layers[l - 1].stride + reachOf(layers[l - 1]) - 2 * layers[l - 1].padding;
    }
    if (levels.every((level) => level.n > 0)) break;
  }
  return levels;
}

/** For the unit `index` of `level`: how many paths lead to it from each unit of the levels below (arrays of n). */
function countPaths(layers, levels, level, index) {
  const paths = [];
  paths[level] = new Array(levels[level].n).fill(0);
  paths[level][index] = 1;
  for (let l = level; l > 0; l--) {
    const { kernel_size, stride, padding, dilation } = layers[l - 1];
    const below = new Array(levels[l - 1].n).fill(0);
    paths[l].forEach((count, unit) => {
      if (!count) return;
      for (let tap = 0; tap < kernel_size; tap++) {
        const i = unit * stride - padding + tap * dilation;
        if (i >= 0 && i < below.length) below[i] += count;
      }
    });
    paths[l - 1] = below;
  }
  return paths;
}

/** The fewest neighbouring pixels in the middle of the field that carry at least half of all paths. */
function middleHalf(counts) {
  const total = counts.reduce((a, b) => a + b, 0);
  let [a, b] = [0, counts.length];
  let sum = total;
  while (b - a > 2 && 2 * (sum - counts[a] - counts[b - 1]) >= total) sum -= counts[a++] + counts[--b];
  return { pixels: b - a, share: sum / total };
}

const layerName = (layer) => `${layer.kind === "pool" ? "pool " : ""}${layer.kernel_size} × ${layer.kernel_size}`;

function render({ model, el, signal }) {
  const root = frame(el, model, "Receptive field explorer", signal);
  const choice = h("select", { "aria-label": "preset", change: () => choosePreset(choice.value) },
    ...Object.keys(model.get("presets")).map((name) => h("option", { value: name }, name)));
  const own = h("option", { value: "" }, "your own");
  choice.append(own);
  const picture = h("div", { class: "cx-stage" });
  const words = h("p", { class: "cx-words" });
  const live = h("div", { class: "cx-hidden", "aria-live": "polite" });
  const table = h("table", { class: "cx-numbers" });
  const add = h("button", { click: addLayer, "data-do": "add" }, "Add a layer");
  const canvas = h("canvas", { role: "img", "aria-label": "paths from each pixel of the field, along two axes" });
  const caption = h("figcaption");
  root.append(picture, words, h("div", { class: "cx-pair" },
    h("div", { class: "cx-scroll" },
      h("div", { class: "cx-bar" }, h("label", {}, "Stack: ", choice), add, h("button", { click: () => { at = null; reset(model); }, "data-do": "reset" }, "Reset")),
      table),
    h("figure", {}, canvas, caption)),
  h("p", { class: "soft" }, "Point at a unit, or focus the rows: ← → move along a row, ↑ ↓ change the layer. Sizes are in input pixels along one axis; start is the first pixel that unit 0 sees, below 0 in the padding."), live);

  let at = null; // {level, unit}; null: the middle of the top row
  let layers, levels, scale, origin, across; // across: room for the rows, in pixels

  function change(next, preset = "") {
    model.set("layers", next);
    model.set("preset", preset);
    model.save_changes();
  }
  function choosePreset(name) {
    if (name) { at = null; change(model.get("presets")[name], name); }
  }
  function addLayer() {
    at = null;
    change([...model.get("layers"), { kernel_size: 3, stride: 1, padding: 0, dilation: 1, kind: "conv" }]);
  }

  function draw() {
    layers = model.get("layers");
    levels = analyse(layers);
    choice.value = model.get("preset");
    own.hidden = choice.value !== "";
    add.disabled = layers.length >= model.get("limits").layers[1];
    const top = levels.at(-1);
    if (!at || at.level > layers.length || at.unit >= levels[at.level].n) at = { level: layers.length, unit: Math.floor((top.n - 1) / 2) };
    fillTable();
    const first = Math.min(0, top.start);
    const pixels = Math.max(levels[0].n, top.start + (top.n - 1) * top.jump + top.r) - first;
    if (pixels > WIDEST) {
      scale = 0;
      picture.replaceChildren(h("div", { class: "cx-wrong", role: "alert" }, `${levels.at(-1).n} neighbouring units of layer ${layers.length} span ${pixels} input pixels: too many to draw. The table still holds; a smaller stride or kernel brings the picture back.`));
      words.textContent = "";
      return;
    }
    scale = Math.min(34, across / pixels);
    origin = LEFT + (across - pixels * scale) / 2 - first * scale;
    drawRows(first, pixels);
    show();
  }

  const rowY = (level) => 4 + (layers.length - level) * ROW;
  /** Left edge and width of a unit: centred on its receptive field, as wide as its jump allows. */
  function unitBox(level, unit) {
    const { r, jump, start } = levels[level];
    const width = Math.max(0.8, Math.min(jump * scale * 0.9, jump * scale - 1.5, 46));
    return [origin + (start + unit * jump + r / 2) * scale - width / 2, width];
  }

  function drawRows(first, pixels) {
    const bottom = rowY(0) + UNIT;
    const names = levels.map((level, l) => {
      const note = l ? `<tspan class="soft" dx="8" font-size="11">${escaped(layerName(layers[l - 1]))}</tspan>` : "";
      return `<text x="0" y="${rowY(l) + UNIT / 2}" dominant-baseline="central" font-size="12.5">${l ? `layer ${l}` : "input"}${note}</text>`;
    });
    const units = levels.map((level, l) => `<g data-level="${l}">` + range(level.n).map((u) => {
      const [x, width] = unitBox(l, u);
      return `<rect class="unit${width < 3 ? " tiny" : ""}" data-unit="${u}" x="${x}" y="${rowY(l)}" width="${width}" height="${UNIT}" rx="${Math.min(3, width / 4)}"/>`;
    }).join("") + "</g>");
    const padding = range(pixels).map((i) => i + first).filter((i) => i < 0 || i >= levels[0].n)
      .map((i) => `<rect x="${origin + (i + 0.06) * scale}" y="${rowY(0)}" width="${scale * 0.88}" height="${UNIT}" style="fill: none; stroke: var(--line); stroke-dasharray: 2 2"/>`);
    picture.innerHTML = `<svg viewBox="-4 0 ${LEFT + across + 8} ${bottom + 92}" width="${LEFT + across + 8}" tabindex="0" role="group" aria-label="Layers as rows of units, the input at the bottom: arrow keys move">
      <g data-layer="funnel"></g>${names.join("")}${padding.join("")}${units.join("")}<g data-layer="paths"></g></svg>`;
  }

  /** Everything that depends on the unit pointed at. */
  function show() {
    const { level, unit } = at;
    const paths = countPaths(layers, levels, level, unit);
    const field = levels[level];
    const from = field.start + unit * field.jump; // first input pixel of its field; may lie in the padding
    picture.querySelectorAll("[data-level]").forEach((row) => {
      const counts = paths[Number(row.dataset.level)];
      const most = counts && Math.max(...counts);
      for (const rect of row.children) {
        const count = counts ? counts[rect.dataset.unit] : 0;
        rect.style.fill = count ? `color-mix(in srgb, var(--blue) ${18 + (82 * count) / most}%, var(--paper))` : "";
        rect.classList.toggle("chosen", Number(row.dataset.level) === level && Number(rect.dataset.unit) === unit);
        rect.dataset.paths = count;
      }
    });
    const edge = range(level + 1).map((l) => {
      const lit = paths[l].flatMap((count, u) => (count ? [u] : []));
      const [a] = unitBox(l, lit[0]);
      const [b, width] = unitBox(l, lit.at(-1));
      return [a, b + width];
    });
    const layer = (name) => picture.querySelector(`[data-layer="${name}"]`);
    layer("funnel").innerHTML = range(level).map((l) =>
      `<polygon class="funnel" points="${edge[l + 1][0]},${rowY(l + 1) + UNIT} ${edge[l + 1][1]},${rowY(l + 1) + UNIT} ${edge[l][1]},${rowY(l)} ${edge[l][0]},${rowY(l)}"/>`).join("");
    layer("paths").innerHTML = bars(paths[0], from, field.r);
    picture.firstElementChild.dataset.field = [from, field.r].join(",");
    sentence(paths[0], level, from, field.r);
    square(paths[0], from, field.r);
    table.querySelectorAll("tbody tr").forEach((row) => row.classList.toggle("chosen", Number(row.dataset.row) === level));
  }

  function bars(counts, from, r) {
    const base = rowY(0) + UNIT + 58;
    const most = Math.max(...counts);
    const write = scale >= 7 * String(most).length + 2;
    const left = origin + from * scale;
    return `<text x="0" y="${base - 18}" font-size="12.5">paths</text>` + counts.map((count, i) => {
      if (!count) return "";
      const height = Math.max(1.5, (40 * count) / most);
      const x = origin + (i + 0.05) * scale;
      return `<rect x="${x}" y="${base - height}" width="${scale * 0.9}" height="${height}" style="fill: var(--blue)"/>` +
        (write ? `<text x="${x + scale * 0.45}" y="${base - height - 3}" text-anchor="middle" font-size="11">${count}</text>` : "");
    }).join("") +
      `<path class="bracket" d="M${left},${base + 4} v6 h${r * scale} v-6"/>
      <text x="${left + (r * scale) / 2}" y="${base + 25}" text-anchor="middle" font-size="12.5" font-weight="600" style="fill: var(--red-ink)">r = ${plural(r, "pixel")}</text>`;
  }

  function sentence(counts, level, from, r) {
    const seen = counts.slice(Math.max(0, from), from + r);
    const total = seen.reduce((a, b) => a + b, 0);
    const blind = seen.filter((count) => !count).length;
    const outside = r - seen.length;
    const half = middleHalf(seen);
    words.innerHTML = level === 0 ? "An input pixel sees itself." :
      `One unit of layer ${level} sees <b>r = ${plural(r, "pixel")}</b> (${r} × ${r} in an image)${outside ? `, ${outside} of them padding` : ""}, through ${plural(total, "path")}. ` +
      (blind ? `<b class="lost">${plural(blind, "pixel")} inside the field ${blind > 1 ? "are" : "is"} never looked at.</b>` :
        half.pixels < seen.length ? `The middle ${plural(half.pixels, "pixel")} carr${half.pixels > 1 ? "y" : "ies"} ${Math.round(100 * half.share)} % of the paths.` : "Every pixel counts the same.");
  }

  /** The field along both axes: a pixel's paths are the product of its paths along each. */
  function square(counts, from, r) {
    const line = range(r).map((i) => counts[from + i] ?? 0);
    const most = Math.max(...line);
    canvas.width = canvas.height = r;
    const context = canvas.getContext("2d");
    const image = context.createImageData(r, r);
    line.forEach((a, i) => line.forEach((b, j) => image.data.set([0, 114, 178, a * b ? 30 + (225 * a * b) / most ** 2 : 0], 4 * (i * r + j))));
    context.putImageData(image, 0, 0);
    caption.textContent = `The field in an image, ${r} × ${r}: the stronger the blue, the more paths.`;
    canvas.dataset.side = r;
  }

  const columns = [["kernel_size", "kernel"], ["stride", "stride"], ["padding", "padding"], ["dilation", "dilation"]];
  /** Rows are made anew only when their number changes, so that a field being typed into keeps the focus. */
  function fillTable() {
    if (table.dataset.rows !== String(layers.length)) {
      table.dataset.rows = layers.length;
      const head = ["layer", ...columns.map(([, name]) => name), "size r", "jump", "start", ""];
      table.replaceChildren(h("thead", {}, h("tr", {}, ...head.map((name, i) => h("th", { scope: "col" }, name, i > 0 && name ? h("small", {}, "px") : "")))),
        h("tbody", {}, ...layers.map((_, i) => tableRow(i))));
    }
    table.querySelectorAll("tbody tr").forEach((row, i) => {
      row.firstElementChild.textContent = `${i + 1}${layers[i].kind === "pool" ? " (pool)" : ""}`;
      for (const input of row.querySelectorAll("input")) input.value = layers[i][input.dataset.key];
      for (const key of ["r", "jump", "start"]) {
        row.querySelector(`[data-number="${key}"]`).textContent = shown(levels[i + 1][key]);
        row.dataset[key] = levels[i + 1][key];
      }
      row.querySelector("button").disabled = layers.length === 1;
    });
  }

  function tableRow(i) {
    const limits = model.get("limits");
    const box = ([key, name]) => {
      const [least, most] = limits[key];
      const input = h("input", { type: "number", min: least, max: most, "data-key": key, "aria-label": `${name} of layer ${i + 1}, pixels`,
        change: () => {
          const value = Math.max(least, Math.min(most, Math.round(Number(input.value)) || least));
          input.value = value;
          change(model.get("layers").map((layer, j) => (j === i ? { ...layer, [key]: value } : layer)));
        } });
      return h("td", {}, input);
    };
    return h("tr", { "data-row": i + 1 }, h("th", { scope: "row" }), ...columns.map(box),
      ...["r", "jump", "start"].map((key) => h("td", { "data-number": key })),
      h("td", {}, h("button", { "aria-label": `remove layer ${i + 1}`, title: "remove", click: () => {
        at = null;
        change(model.get("layers").filter((_, j) => j !== i));
      } }, "✕")));
  }

  function goTo(level, unit) {
    at = { level, unit: Math.max(0, Math.min(levels[level].n - 1, unit)) };
    show();
  }
  picture.addEventListener("pointerover", (event) => {
    const { unit } = event.target.dataset;
    if (unit !== undefined) goTo(Number(event.target.parentElement.dataset.level), Number(unit));
  });
  picture.addEventListener("keydown", (event) => {
    const along = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const across = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if ((!along && !across) || !scale) return;
    event.preventDefault();
    if (along) goTo(at.level, at.unit + along);
    else {
      const level = Math.max(0, Math.min(layers.length, at.level + across));
      const centre = (l, u) => levels[l].start + u * levels[l].jump + levels[l].r / 2;
      goTo(level, Math.round((centre(at.level, at.unit) - centre(level, 0)) / levels[level].jump));
    }
    live.textContent = `layer ${at.level}, unit ${at.unit}: ${words.textContent}`;
  });

  onChange(model, ["layers", "preset"], draw);
  onWidth(root, (width) => {
    across = Math.max(200, width - LEFT - 8);
    draw();
  }, signal);
}

export default { render };
