// The page of a hub that has keys.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hub, until } from './hub.mjs';
import { Screen, launch } from './screen.mjs';

const TIMEOUT = { timeout: 120_000 };
let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const withKeys = (name, how, ...settings) => test(name, TIMEOUT, async () => {
  const hub = await Hub.start(...settings);
  try {
    const keys = { operator: await hub.key('--role', 'operator'), viewer: await hub.key('--role', 'viewer'), tap: await hub.key('--role', 'tap', '--tap', '1') };
    await until('the hub to ask for keys', async () => (await fetch(`${hub.url}/api/beers/1`, { method: 'DELETE' })).status === 401);
    const screen = await Screen.open(browser, hub);
    const addresses = [];
    screen.page.on('request', request => addresses.push(request.url()));
    await how({ hub, screen, page: screen.page, keys, addresses });
    await screen.close();
  } finally {
    await hub.end();
  }
});

const give = async (page, key) => {
  await page.waitForSelector('#key[open]');
  await page.fill('#key [name=key]', key);
  await page.click('#key .chief');
};

withKeys('to delete an operator\'s key is needed: with none and with a tap\'s own it is not offered', async ({ hub, screen, page, keys }) => {
  const beer = await hub.curl(1, 500, keys.tap);
  const open = () => page.click(`#beers tr[data-beer="${beer.id}"] button`);
  await screen.look();
  await screen.offers({ pour: false, key: 'Key' });
  await open();
  await until('the beer', async () => /500/.test(await screen.text('#beer-facts')));
  assert.ok(await page.isHidden('#beer-delete'));
  await screen.shoot('beer-without-key');
  await page.click('#beer-close');

  await page.click('#open-key');
  await give(page, keys.viewer);
  await screen.offers({ pour: false, key: 'Key: viewer' });
  await page.click('#open-key');
  await give(page, keys.tap);
  await screen.offers({ pour: true, key: 'Key: tap' });
  await open();
  await until('the beer', async () => /500/.test(await screen.text('#beer-facts')));
  assert.ok(await page.isHidden('#beer-delete'));
  await page.click('#beer-close');

  await page.click('#open-key');
  await give(page, keys.operator);
  await screen.offers({ pour: true, key: 'Key: operator' });
  await open();
  await page.click('#beer-delete');
  await page.click('#beer-really');
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`, { state: 'detached' });
  assert.equal((await fetch(`${hub.url}/api/beers/${beer.id}`)).status, 404);
});

withKeys('a key that is revoked while a beer is looked at: the page asks for another, and deletes with that', async ({ hub, screen, page, keys }) => {
  const beer = await hub.curl(1, 500, keys.tap), second = await hub.key('--role', 'operator');
  await screen.look();
  await page.click('#open-key');
  await give(page, keys.operator);
  await screen.offers({ pour: true, key: 'Key: operator' });
  await page.click(`#beers tr[data-beer="${beer.id}"] button`);
  await page.click('#beer-delete');
  const { keyId } = await (await fetch(`${hub.url}/api/me`, { headers: { Authorization: `Bearer ${keys.operator}` } })).json();
  await until('the second key to be good', async () => (await fetch(`${hub.url}/api/keys/${keyId}`, { method: 'DELETE', headers: { Authorization: `Bearer ${second}` } })).status === 204);
  await page.waitForSelector('#key[open]');
  assert.equal(await screen.text('#key-why'), 'The hub does not take this key.');
  await screen.shoot('key');
  await page.click('#key-cancel');
  await page.click('#beer-really');
  await page.waitForSelector('#key[open]');
  assert.equal(await screen.text('#key-why'), 'The hub does not know this key.');
  await give(page, second);
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`, { state: 'detached' });
  await screen.state('live');
});

withKeys('a tap\'s key where reading needs one too: the page says that it may not read', async ({ screen, page, keys }) => {
  await screen.look('locked');
  await give(page, keys.tap);
  await until('the word', async () => await screen.text('#key-why') === 'The key may not read.');
  await screen.state('locked');
  await give(page, keys.viewer);
  await screen.state('live');
  await page.waitForSelector('#no-beers:not([hidden])');
}, '--Security:Reading=keys');

withKeys('a hub that reads with keys only: the page asks for one, keeps it for the tab, and puts it into no address but the socket\'s', async ({ hub, screen, page, keys, addresses }) => {
  const beer = await hub.curl(1, 500, keys.tap);
  await screen.look('locked');
  assert.equal(await screen.text('#key-why'), 'The hub asks for a key to read.');
  await give(page, 'not a key at all');
  await until('the refusal', async () => await screen.text('#key-why') === 'The hub does not take this key.');
  await give(page, keys.viewer);
  await screen.state('live');
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  assert.deepEqual(await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]), [1, 0, '']);
  assert.deepEqual(addresses.filter(address => address.includes(keys.viewer)), [], 'a key in the address of a request');

  await page.reload();
  await screen.state('live');
  await hub.curl(1, 500, keys.tap);
  await until('what comes live', async () => (await screen.ids()).length === 2);

  const other = await screen.context.newPage();
  await other.goto(hub.url);
  await other.waitForSelector('#key[open]');
  await other.close();
}, '--Security:Reading=keys');

withKeys('a key that is no good where reading is public: forgotten, the page reads as anybody', async ({ hub, screen, page, keys }) => {
  await screen.look();
  await page.click('#open-key');
  await give(page, 'not a key at all');
  await until('the refusal', async () => await screen.text('#key-why') === 'The hub does not take this key.');
  await page.click('#key-forget');
  await screen.state('live');
  const beer = await hub.curl(1, 500, keys.tap);
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

withKeys('without a key nothing is shown until there is one', async ({ screen, page, keys }) => {
  await screen.look('locked');
  await page.click('#key-cancel');
  assert.equal(await screen.text('#state'), 'Asks for a key');
  await page.click('#open-key');
  await give(page, keys.viewer);
  await screen.state('live');
}, '--Security:Reading=keys');

withKeys('a key that is revoked while the page listens: it asks for another and goes on', async ({ hub, screen, page, keys }) => {
  await screen.look('locked');
  await give(page, keys.viewer);
  await screen.state('live');
  const { keys: all } = await (await fetch(`${hub.url}/api/keys`, { headers: { Authorization: `Bearer ${keys.operator}` } })).json();
  await fetch(`${hub.url}/api/keys/${all.find(key => key.role === 'viewer').id}`, { method: 'DELETE', headers: { Authorization: `Bearer ${keys.operator}` } });
  await screen.state('locked');
  const beer = await hub.curl(1, 500, keys.tap);
  await give(page, keys.operator);
  await screen.state('live');
  await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
}, '--Security:Reading=keys');
