// The page while pours come, the hub goes and comes back, and beers are looked for and taken out.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { Hub, until } from './hub.mjs';
import { Screen, launch } from './screen.mjs';

const TIMEOUT = { timeout: 120_000 };
let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A hub, and the page of it; both end with the test, which fails when the console said anything. */
const withPage = (name, how, settings = [], options = {}) => test(name, TIMEOUT, async () => {
  const hub = await Hub.start(...settings);
  try {
    const screen = await Screen.open(browser, hub, options);
    await how({ hub, screen, page: screen.page });
    await screen.close();
  } finally {
    await hub.end();
  }
});

/** All that the page says of the beers is what the hub says. */
async function agrees(hub, screen) {
  const [{ beers, totalVolume, types }, { taps }, { beers: latest }, { minutes }] = await Promise.all([hub.get('/api/reports/totals'), hub.get('/api/taps'), hub.get('/api/beers?order=desc&page_size=20'), hub.get('/api/reports/minutes')]);
  await until('the list to be the hub\'s', async () => JSON.stringify(await screen.ids()) === JSON.stringify(latest.map(beer => beer.id)));
  await until(`${beers} beers ever`, async () => await screen.figure('#ever-beers') === beers);
  const { page } = screen;
  assert.equal(await screen.text('#ever-volume'), await page.evaluate(ml => new Intl.NumberFormat(undefined, { style: 'unit', unit: 'liter', maximumFractionDigits: 1 }).format(ml / 1000), totalVolume));
  for (const { type, beers: count } of types) {
    assert.equal(await screen.figure(`#glasses tr:has(th:text-is("${type}")) td:last-child`), count, type);
  }
  for (const tap of taps) {
    await until(`tap ${tap.id} with ${tap.beers}`, async () => await screen.figure(`[data-tap="${tap.id}"] strong`) === tap.beers);
  }
  const hour = minutes.reduce((sum, n) => sum + n, 0);
  await until(`${hour} beers in the last hour`, async () => new RegExp(`(^|\\D)${hour} beers? `).test((await screen.text('#minutes-now')).replace(/(\d)\D(?=\d{3})/g, '$1')));
}

withPage('where no WebSocket comes through, the page listens all the same', async ({ hub, screen, page }) => {
  await page.addInitScript(() => { globalThis.WebSocket = class { constructor() { throw new Error('no sockets here'); } }; });
  await screen.look();
  const beer = await hub.curl(1, 500);
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  assert.ok((await page.evaluate(() => performance.getEntriesByType('resource').map(entry => entry.name))).some(name => name.includes('/hubs/taps/negotiate')));
});

test('the vendored SignalR client is the published one, byte for byte', async () => {
  const published = createRequire(import.meta.url).resolve('@microsoft/signalr/dist/browser/signalr.min.js');
  assert.ok((await readFile(published)).equals(await readFile(new URL('../../Server/wwwroot/lib/signalr/signalr.min.js', import.meta.url))));
});

withPage('a pour posted by curl appears: in the list, at its tap, in the totals, the shares and the minutes', async ({ hub, screen, page }) => {
  await screen.look();
  assert.equal(await screen.text('#no-taps'), 'No tap has poured or connected yet.');
  const beer = await hub.curl(3, 330.5);
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  const row = await screen.text('#beers tr');
  assert.match(row, /Tap 3/);
  assert.match(row, /pint/);
  assert.match(row, /330\.5/);
  await hub.curl(4, 900);
  await hub.curl(3, 200);
  await agrees(hub, screen);
  assert.equal(await screen.figure('#today-beers'), 3);
  assert.match(await screen.text('[data-tap="3"]'), /Tap 3[\s\S]*66\.7[\s\S]*2[\s\S]*beers[\s\S]*away/);

  // The report comes by itself after ten beers.
  for (let i = 0; i < 7; i++) await hub.curl(3, 500);
  await until('the report of ten beers', async () => /Tap 3[\s\S]*9 beers[\s\S]*90[\s\S]*Tap 4[\s\S]*10/.test(await screen.text('#shares')));
}, ['--Reports:Interval=01:00:00']);

withPage('where many taps pour, the leading ones are seen beside each other and the others are a line of their own', async ({ hub, screen }) => {
  await hub.pourMany(Array.from({ length: 400 }, (_, i) => ({ tapId: i < 20 ? 1 : i < 30 ? 2 : 3 + i % 50, volume: 500 })));
  await screen.look();
  const rows = await screen.page.locator('#shares li').evaluateAll(items => items.map(item => ({ text: item.innerText.replace(/\s+/g, ' '), bar: item.querySelector('rect').checkVisibility() ? item.querySelector('rect').getBoundingClientRect().width / item.getBoundingClientRect().width : null })));
  assert.equal(rows.length, 9);
  assert.match(rows[0].text, /^Tap 1 20 beers, 10 l 5\.0%$/);
  assert.deepEqual(rows.slice(0, 2).map(row => Math.round(row.bar * 100)), [100, 50]);
  assert.match(rows[8].text, /^44 others \d+ beers 8\d\.\d%$/);
  assert.equal(rows[8].bar, null);
});

withPage('a connected tap is shown as connected', async ({ hub, screen, page }) => {
  const listening = new AbortController();
  await fetch(`${hub.url}/api/events/stream?tapId=8`, { signal: listening.signal });
  await screen.look();
  await page.waitForSelector('[data-tap="8"] [data-connected=true]');
  assert.match(await screen.text('[data-tap="8"]'), /connected/);
  listening.abort();
  await until('the hub to see it go', async () => !(await hub.get('/api/taps/8')).tap.connected);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.waitForSelector('[data-tap="8"] [data-connected=false]');
});

for (const signal of ['SIGTERM', 'SIGKILL']) {
  withPage(`the hub is ended with ${signal} under pours and starts again: offline is shown, and nothing is missing or there twice`, async ({ hub, screen }) => {
    await screen.look();
    let pouring = true, poured = 0;
    const pours = (async () => {
      for (let i = 0; pouring; i++) {
        const body = JSON.stringify({ tapId: 1 + i % 5, volume: 500, pourId: `pour ${i}` });
        await until(`pour ${i} to be taken`, async () => (await fetch(`${hub.url}/api/beers`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body }).catch(() => null))?.ok);
        poured++;
      }
    })();
    await until('some pours', () => poured > 30);
    await hub.stop(signal);
    await screen.state('offline');
    assert.match(await screen.text('#state'), /^Offline since \d\d:\d\d, trying again$/);
    await screen.shoot(`offline-${signal}`);
    await hub.start();
    const before = poured;
    await screen.state('live');
    await until('more pours', () => poured > before + 30);
    pouring = false;
    await pours;
    await agrees(hub, screen);
    assert.equal((await hub.get('/api/reports/totals')).beers, poured);
  });
}

withPage('the network goes and comes back: offline, then all of what was missed', async ({ hub, screen, page }) => {
  await screen.look();
  await hub.curl(1, 500);
  await agrees(hub, screen);
  await screen.context.setOffline(true);
  await screen.state('offline');
  for (let i = 0; i < 30; i++) await hub.curl(2, 500);
  assert.equal(await screen.figure('#ever-beers'), 1);
  await screen.context.setOffline(false);
  await screen.state('live');
  await agrees(hub, screen);
  assert.equal(await page.title(), 'BeerTap');
});

withPage('a page that hears late says that it is behind, and by how much', async ({ hub, screen, page }) => {
  let held = null;
  await page.routeWebSocket(/hubs\/taps/, socket => {
    const server = socket.connectToServer();
    server.onMessage(message => { if (held) held.push(() => socket.send(message)); else socket.send(message); });
  });
  await screen.look();
  held = [];
  for (let i = 0; i < 12; i++) await hub.curl(1, 500);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await screen.state('behind');
  await until('all of them to be told', async () => await screen.text('#state') === 'Behind by 12, catching up');
  const late = held;
  held = null;
  late.forEach(send => send());
  await screen.state('live');
  await agrees(hub, screen);
});

withPage('another store in the hub\'s place: the page forgets the one before', async ({ hub, screen }) => {
  for (let i = 0; i < 25; i++) await hub.curl(7, 500);
  await screen.look();
  await agrees(hub, screen);
  await hub.stop();
  await hub.newStore();
  await hub.start();
  await hub.curl(2, 250);
  await screen.state('live');
  await agrees(hub, screen);
  assert.equal(await screen.page.locator('[data-tap="7"]').count(), 0);
});

withPage('a beer is looked at and deleted, after the page has asked', async ({ hub, screen, page }) => {
  const [first, second] = [await hub.curl(1, 250), await hub.curl(2, 568)];
  await screen.look();
  await page.click(`#beers tr[data-beer="${second.id}"] button`);
  assert.match(await screen.text('#beer'), /Beer 2[\s\S]*Tap\s*2[\s\S]*pint[\s\S]*568/);
  await page.click('#beer-delete');
  await screen.shoot('delete');
  await page.click('#beer-keep');
  await page.click('#beer-close');
  assert.deepEqual(await screen.ids(), [second.id, first.id]);

  await page.click(`#beers tr[data-beer="${second.id}"] button`);
  await page.click('#beer-delete');
  await page.click('#beer-really');
  await page.waitForSelector(`#beers tr[data-beer="${second.id}"]`, { state: 'detached' });
  assert.equal(await screen.text('#said'), 'Beer 2 was deleted.');
  assert.equal((await fetch(`${hub.url}/api/beers/${second.id}`)).status, 404);
  await agrees(hub, screen);
});

withPage('a deletion elsewhere takes the beer out of everything here', async ({ hub, screen, page }) => {
  for (let i = 0; i < 40; i++) await hub.curl(1 + i % 2, 500);
  await screen.look();
  await page.click('#beers tr[data-beer="40"] button');
  for (const id of [40, 31, 3]) await fetch(`${hub.url}/api/beers/${id}`, { method: 'DELETE' });
  await until('the detail to tell', async () => await screen.text('#beer-fault') === 'It was deleted.');
  assert.ok(await page.isDisabled('#beer-delete'));
  await page.keyboard.press('Escape');
  await page.evaluate(() => document.activeElement.blur());
  await agrees(hub, screen);
});

withPage('recent beers are filtered, and read page by page', async ({ hub, screen, page }) => {
  await hub.pourMany(Array.from({ length: 45 }, (_, i) => ({ tapId: 1 + i % 3, volume: [250, 500, 900][i % 3] })));
  await hub.pourMany([{ tapId: 1, volume: 500, pouredAt: new Date(Date.now() - 3 * 86_400_000).toISOString() }]);
  await screen.look();
  assert.equal(await screen.text('#place'), '1–20 of 46');
  await page.click('#older');
  await until('the second page', async () => await screen.text('#place') === '21–40 of 46');
  assert.equal((await screen.ids())[0], 26);
  await until('who does not see it to be told', async () => await page.locator('#news').textContent() === 'Beers 21–40 of 46');

  // What is poured meanwhile does not move an older page.
  await hub.curl(9, 500);
  await page.click('#older');
  await until('the last page', async () => (await screen.ids()).length === 6);
  assert.ok(await page.isDisabled('#older'));

  // Two presses at once lead two pages on, whether or not the hub has answered the first.
  await page.evaluate(() => { for (let i = 0; i < 2; i++) document.getElementById('newer').click(); });
  await until('the first page again', async () => (await screen.ids())[0] === 47);
  await page.evaluate(() => { for (let i = 0; i < 2; i++) document.getElementById('older').click(); });
  await until('the last page again', async () => (await screen.ids()).length === 6 || (await screen.ids()).length === 7);
  await page.evaluate(() => { for (let i = 0; i < 5; i++) document.getElementById('newer').click(); });
  await until('the first page once more', async () => (await screen.ids())[0] === 47);

  await page.click('#open-filter');
  await page.selectOption('#filter [name=type]', 'stein');
  await until('steins alone', async () => await screen.text('#place') === '1–15 of 15');
  await hub.curl(1, 500);
  await hub.curl(1, 950);
  await until('the new stein alone', async () => (await screen.ids())[0] === 49 && await screen.text('#place') === '1–16 of 16');
  await page.click('#filter [type=reset]');
  await page.fill('#filter [name=day]', new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10));
  await page.dispatchEvent('#filter [name=day]', 'change');
  await until('that day alone', async () => JSON.stringify(await screen.ids()) === '[46]');
  await page.click('#filter [type=reset]');
  await page.click('[data-tap="9"]');
  await until('tap 9 alone', async () => JSON.stringify(await screen.ids()) === '[47]');
}, [], { timezoneId: 'UTC' });

withPage('held, the list stays as it is and counts what waits', async ({ hub, screen, page }) => {
  const beer = await hub.curl(1, 500);
  await screen.look();
  await page.click('#hold');
  await hub.curl(1, 500);
  await hub.curl(1, 500);
  await until('two to wait', async () => await screen.text('#hold') === '2 new');
  assert.deepEqual(await screen.ids(), [beer.id]);
  await page.click('#hold');
  await until('both to show', async () => (await screen.ids()).length === 3);
});

withPage('a beer is poured by hand, and what the hub does not take is told', async ({ hub, screen, page }) => {
  await screen.look();
  await page.click('#open-pour');
  await page.fill('#pour [name=tapId]', '12');
  await page.fill('#pour [name=volume]', '5');
  await page.click('#pour .chief');
  await until('the refusal', async () => /100 to 1000/.test(await screen.text('#pour-fault')));
  await page.fill('#pour [name=volume]', '330');
  await page.click('#pour .chief');
  await until('the word', async () => await screen.text('#pour-said') === 'Poured: a pint, beer 1.');
  await page.click('#pour-close');
  await agrees(hub, screen);
});

withPage('numbers and times are the reader\'s: in German, in Kathmandu', async ({ hub, screen }) => {
  const at = new Date(Date.now() - 40 * 60_000);
  await hub.pourMany(Array.from({ length: 1234 }, () => ({ tapId: 1, volume: 500.5, pouredAt: at.toISOString() })));
  await screen.look();
  await until('the totals', async () => await screen.text('#ever-beers') === '1.234');
  assert.match(await screen.text('#ever-volume'), /^617,6/);
  assert.match(await screen.text('#shares'), /100,0/);
  assert.match(await screen.text('#beers tr:first-child time'), new RegExp(at.toLocaleTimeString('de-DE', { timeZone: 'Asia/Kathmandu', hour: '2-digit', minute: '2-digit' })));

  // Kathmandu is off by three quarters of an hour: its midnight is within an hour of the hub's totals.
  const { beers } = await screen.page.evaluate(async () => (await fetch(`api/reports/totals?from=${new Date(new Date().setHours(0, 0, 0, 0)).toISOString()}`)).json());
  assert.equal(await screen.figure('#today-beers'), beers);
}, [], { locale: 'de-DE', timezoneId: 'Asia/Kathmandu' });
