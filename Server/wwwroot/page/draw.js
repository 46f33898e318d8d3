// One drawing for all that changed, at most every 100 ms and only when the screen is looked at: 200 pours a second are 10 drawings. A screen on which
// a drawing takes long gets fewer of them, so that most of its time is left for the reader.
const pauses = { least: 100, most: 1_000 }; // ms
const timesItsCost = 5;
const waiting = new Set();
let asked = false, last = -Infinity, cost = 0;

/** Says that a part of the page no longer shows what is; its function is called with the next drawing, once. */
export function changed(part) {
  waiting.add(part);
  if (asked) return;
  asked = true;
  const rest = last + Math.min(Math.max(pauses.least, timesItsCost * cost), pauses.most) - performance.now();
  if (rest > 0) setTimeout(() => requestAnimationFrame(draw), rest);
  else requestAnimationFrame(draw);
}

function draw() {
  asked = false;
  last = performance.now();
  const parts = [...waiting];
  waiting.clear();
  for (const part of parts) part();

  // It comes after the browser has laid out and painted.
  setTimeout(() => { cost = performance.now() - last; });
}

export const $ = id => document.getElementById(id);

/** Sets a text only where it is another: an equal one would cost a layout as well. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

const svg = 'http://www.w3.org/2000/svg';

export function shape(name, attributes, ...children) {
  const element = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The picture of a glass by its size: 0 is the smallest. */
export const glass = size => shape('svg', { class: 'glass', 'aria-hidden': 'true' }, shape('use', { href: `#glass-${Math.min(Math.max(size, 0), 2) + 1}` }));
