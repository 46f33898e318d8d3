// The page of a hub that goes away and says where to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hub, until } from './hub.mjs';
import { Screen, launch } from './screen.mjs';

const TIMEOUT = { timeout: 120_000 };
let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const drain = async (hub, key, to) => {
  const answer = await fetch(`${hub.url}/api/drain`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Api-Key': key }, body: JSON.stringify({ to }) });
  assert.equal(answer.status, 202);
  await until('the hub to end', async () => !(await fetch(`${hub.url}/health/live`).catch(() => null)));
};

/** Two hubs; each names the origins it is given. */
async function two(how, origins) {
  const ports = [await Hub.freePort(), await Hub.freePort()];
  const settings = origins(ports.map(port => `http://127.0.0.1:${port}`));
  const hubs = await Promise.all(ports.map((port, i) => Hub.startAt(port, '--Live:DrainSpread=00:00:01', ...settings[i])));
  try {
    const key = await hubs[0].key('--role', 'operator');
    const screen = await Screen.open(browser, hubs[0]);
    await hubs[1].curl(7, 400);
    await screen.look();
    await how(screen, key, ...hubs);
    await screen.context.close();
  } finally {
    await Promise.all(hubs.map(hub => hub.end()));
  }
}

test('a page goes to the hub that its own sends it to, where both name each other\'s origin', TIMEOUT, () => two(async (screen, key, first, second) => {
  await drain(first, key, second.url);
  await screen.page.waitForSelector('#beers tr[data-beer="1"]');
  await screen.state('live');
  const beer = await second.curl(8, 500);
  await screen.page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  assert.equal(await screen.figure('#ever-beers'), 2);
  assert.deepEqual(screen.faults.filter(fault => !fault.startsWith(`asked ${second.url}`)), []);
}, urls => [[`--Security:Origins=${urls[1]}`], [`--Security:Origins=${urls[0]}`]]));

test('a page stays where it is when the other hub is none of its own', TIMEOUT, () => two(async (screen, key, first, second) => {
  await drain(first, key, second.url);
  await screen.state('offline');
  await first.start();
  await screen.state('live');
  const beer = await first.curl(3, 300, key);
  await screen.page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  assert.equal(await screen.figure('#ever-beers'), 1);
  assert.ok(screen.faults.every(fault => /Content Security Policy|asked/.test(fault)), screen.faults.join('\n'));
}, () => [[], []]));
