// One drawing for all that changed, at most every 100 ms and only when the screen is looked at: 200 pours a second are 10 drawings.
const pause = 100;
const waiting = new Set();
let asked = false, last = -Infinity;

/** Says that a part of the page no longer shows what is; its function is called with the next drawing, once. */
export function changed(part) {
  waiting.add(part);
  if (asked) return;
  asked = true;
  requestAnimationFrame(draw);
}

function draw(now) {
  if (now - last < pause) {
    requestAnimationFrame(draw);
    return;
  }
  asked = false;
  last = now;
  const parts = [...waiting];
  waiting.clear();
  for (const part of parts) part();
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
