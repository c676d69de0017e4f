// Shared by all explorers: kit.py puts this text in front of each explorer's own module.

/** An HTML element: h("p", {class: "cx-task"}, "text", otherElement). A function as attribute is a listener. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Text that came from outside, safe inside markup. */
const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** A number as it is printed: a true minus sign, no more decimals than it needs. */
const shown = (value) => String(Math.round(value * 100) / 100).replace("-", "−");

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** The frame of an explorer: its root element, with the task as first line. `signal` aborts when it is taken away. */
function frame(el, model, label, signal) {
  const root = h("section", { class: "cx", "aria-label": label });
  root.append(h("p", { class: "cx-task" }, model.get("task")));
  el.append(root);
  // JupyterLab takes plain keys (arrows, d, a, ...) before the page does, unless the focused element says no.
  // Keys with Ctrl or Cmd, and Shift+Enter, stay Lab's: saving and running go on working from inside an explorer.
  const ours = (event) => !(event.ctrlKey || event.metaKey || (event.shiftKey && event.key === "Enter"));
  const claim = (event) => {
    if (root.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", ours(event));
  };
  window.addEventListener("keydown", claim, { capture: true, signal });
  return root;
}

/** A labelled slider bound to an integer setting of the model. */
function slider(model, name, label, symbol, unit) {
  const [least, most] = model.get("limits")[name];
  const value = h("b");
  const input = h("input", { type: "range", min: least, max: most, step: 1, "aria-label": label, "data-setting": name });
  const show = () => {
    input.value = model.get(name);
    value.textContent = `${model.get(name)} ${unit}`;
  };
  input.addEventListener("input", () => {
    model.set(name, Number(input.value));
    model.save_changes();
  });
  model.on(`change:${name}`, show);
  show();
  return h("label", { class: "cx-slider" }, h("span", {}, h("span", {}, `${label} `, h("i", {}, symbol)), value), input);
}

/** Put every setting back to where it was when Python made the explorer. */
function reset(model) {
  for (const [name, value] of Object.entries(model.get("start"))) model.set(name, value);
  model.save_changes();
}

/** Call draw once after any of these settings changed, however many changed together. */
function onChange(model, names, draw) {
  let waiting = false;
  const later = () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      draw();
    });
  };
  for (const name of names) model.on(`change:${name}`, later);
}

/** Draw now, and again whenever the room across has changed; `draw` gets it in pixels. */
function onWidth(root, draw, signal) {
  let across = 0;
  const look = () => {
    const style = getComputedStyle(root);
    const now = root.isConnected ? Math.floor(root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)) : 0;
    if (now > 0 ? now === across : across) return; // out of sight: keep what is drawn
    across = now || 740;
    draw(across);
  };
  const observer = new ResizeObserver(look);
  observer.observe(root);
  signal.addEventListener("abort", () => observer.disconnect());
  look();
}

