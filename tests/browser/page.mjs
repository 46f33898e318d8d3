// Runs the hub's own page, as the hub serves it, on a document of a few lines, against a hub that reads with keys only and holds twelve beers.
//   BASE_URL=http://localhost:8338 KEY=… node page.mjs
import assert from 'node:assert/strict';

const { BASE_URL, KEY } = process.env;

class Element extends EventTarget {
  children = [];
  textContent = '';
  value = '';
  parent = null;
  get childElementCount() { return this.children.length; }
  get lastElementChild() { return this.children.at(-1); }
  append(...more) { this.adopt(more); this.children.push(...more); }
  prepend(...more) { this.adopt(more); this.children.unshift(...more); }
  replaceChildren(...more) { this.adopt(more); this.children = more; }
  remove() { this.parent.children.splice(this.parent.children.indexOf(this), 1); }
  setAttribute() {}
  adopt(more) { more.forEach(child => { child.parent = this; }); }
}

const elements = {};
const $ = id => elements[id] ??= Object.assign(new Element(), { elements: { key: new Element() } });
globalThis.document = { getElementById: $, createElement: () => new Element() };

const asked = [];
let stream;
const ask = globalThis.fetch;
globalThis.fetch = async (path, init = {}) => {
  asked.push({ path, headers: init.headers });
  if (!path.endsWith('stream')) return ask(`${BASE_URL}/${path}`, init);
  stream = new AbortController();
  return ask(`${BASE_URL}/${path}`, { ...init, signal: AbortSignal.any([init.signal, stream.signal]) });
};

const until = async (what, holds) => {
  for (const end = Date.now() + 20_000; !holds(); await new Promise(done => setTimeout(done, 10))) assert.ok(Date.now() < end, `waited for: ${what}`);
};
const pour = async () => (await (await ask(`${BASE_URL}/api/beers`, {
  method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Api-Key': KEY }, body: '{"tapId":3,"volume":500}',
})).json()).beer.id;
const shown = () => $('events').children.map(item => Number(/beer (\d+)/.exec(item.textContent)[1]));

const script = await (await ask(`${BASE_URL}/page.js`)).text();
import(`data:text/javascript,${encodeURIComponent(script)}`);
await until('the page asks for a key', () => $('state').textContent === 'this hub asks for a key');

$('pour').elements.key.value = KEY;
$('pour').elements.key.dispatchEvent(new Event('change'));
await until('it listens', () => $('state').textContent === 'live');
await until('it shows the latest beers', () => shown().length === 10);
assert.deepEqual(shown(), [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
await until('it shows the shares', () => $('shares').children.length === 1);
const heard = await pour();
await until('it hears a pour', () => shown()[0] === heard);

stream.abort();
const missed = await pour();
await until('it comes back and hears what it missed', () => shown()[0] === missed);
assert.deepEqual(shown().slice(0, 3), [missed, heard, 12]);
assert.match(asked.findLast(call => call.path.endsWith('stream')).headers['Last-Event-ID'], new RegExp(`-${heard}$`));
assert.ok(asked.every(call => !call.path.includes(KEY)), 'the key stands in no address');
process.exit(0);
