// The page for every reader: on a phone and on a wall, light and dark, by keyboard, with a screen reader, without motion.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Hub, until } from './hub.mjs';
import { Screen, launch, phone, wall } from './screen.mjs';

const TIMEOUT = { timeout: 120_000 };
let browser, hub;

before(async () => {
  [browser, hub] = [await launch(), await Hub.start()];
  const volumes = [250, 330, 500, 568, 400, 900];
  await hub.pourMany(Array.from({ length: 900 }, (_, i) => ({
    tapId: 1 + Math.floor((i * 7 % 100 / 100) ** 1.7 * 14), volume: volumes[i * 5 % 6], pouredAt: new Date(Date.now() - (900 - i) ** 1.25 * 1_000).toISOString(),
  })));
});

after(async () => {
  await browser?.close();
  await hub?.end();
});

for (const [size, viewport] of Object.entries({ phone, tablet: { width: 900, height: 1100 }, wall })) {
  for (const colorScheme of ['light', 'dark']) {
    test(`${size}, ${colorScheme}: axe finds nothing, and nothing sticks out`, TIMEOUT, async () => {
      const screen = await Screen.open(browser, hub, { viewport, colorScheme, reducedMotion: 'reduce' });
      const { page } = await screen.look();
      await until('the beers to be there', async () => (await screen.ids()).length === 20);
      await screen.shoot(`${size}-${colorScheme}`, size !== 'wall');
      assert.deepEqual(await screen.axe(), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, 'it scrolls sideways');
      if (size === 'wall') assert.equal(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight), 0, 'a wall does not scroll');

      await page.click('#open-filter');
      await page.click('#hold');
      assert.deepEqual(await screen.axe(), [], 'with the filter');
      await page.click('#beers button');
      await page.click('#beer-delete');
      assert.deepEqual(await screen.axe(), [], 'with a beer');
      await page.click('#beer-keep');
      await page.click('#beer-close');
      await page.click('#open-pour');
      assert.deepEqual(await screen.axe(), [], 'while pouring');
      await page.click('#pour-close');
      await page.click('#open-key');
      assert.deepEqual(await screen.axe(), [], 'with the key');
      await screen.shoot(`${size}-${colorScheme}-key`);
      await page.click('#key-cancel');

      await screen.context.setOffline(true);
      await screen.state('offline');
      assert.deepEqual(await screen.axe(), [], 'offline');
      await screen.shoot(`${size}-${colorScheme}-offline`);
      await screen.close();
    });
  }
}

for (const [size, viewport] of Object.entries({ phone, narrow: { width: 320, height: 640 }, tablet: { width: 820, height: 1180 }, desktop: { width: 1440, height: 900 }, wall })) {
  test(`${size}: no word of a tile is cut, also of a tap that is connected and has poured much`, TIMEOUT, async () => {
    const listening = new AbortController();
    for (const tapId of [1, 2]) await fetch(`${hub.url}/api/events/stream?tapId=${tapId}`, { signal: listening.signal });
    const screen = await Screen.open(browser, hub, { viewport, locale: 'en-US' });
    const { page } = await screen.look();
    await page.waitForSelector('[data-tap="1"] [data-connected=true]');
    const cut = await page.evaluate(() => {
      const tile = document.querySelector('[data-tap="1"]');
      tile.querySelector('.last').lastChild.textContent = '10:36 PM';
      tile.querySelector('.volume').textContent = '6,172 L';
      const number = tile.querySelector('strong');
      number.textContent = '12,345';
      number.style.setProperty('--signs', 6);
      const box = tile.getBoundingClientRect();
      const words = [...tile.querySelectorAll('.name, .share, strong, .unit, .volume, .presence, .last')].filter(word => !getComputedStyle(word).clipPath.includes('inset')).map(word => {
        const range = document.createRange();
        range.selectNodeContents(word);
        return [word.className || word.tagName, range.getBoundingClientRect()];
      });
      const sticksOut = words.filter(([, word]) => word.right > box.right - 4 || word.left < box.left + 4 || word.bottom > box.bottom - 1);
      const overlap = words.flatMap(([a, x], i) => words.slice(i + 1).filter(([, y]) => x.left < y.right - 1 && y.left < x.right - 1 && x.top + 4 < y.bottom && y.top + 4 < x.bottom).map(([b]) => `${a} over ${b}`));
      return [...sticksOut.map(([name]) => name), ...overlap];
    });
    assert.deepEqual(cut, []);
    listening.abort();
    await screen.close();
  });
}

test('on a wall no row and no tile is cut, and the newest beer stays on top', TIMEOUT, async () => {
  const screen = await Screen.open(browser, hub, { viewport: wall });
  const { page } = await screen.look();
  for (let i = 0; i < 3; i++) {
    const beer = await hub.curl(1, 500);
    await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
  }
  const cut = await page.evaluate(() => ['#taps', '.whole'].map(list => {
    const box = document.querySelector(list).getBoundingClientRect();
    const parts = [...document.querySelectorAll(`${list} :is(li, tbody tr)`)].map(part => part.getBoundingClientRect());
    return { shown: parts.filter(part => part.bottom <= box.bottom + 1 && part.top >= box.top - 1).length > 3, cut: parts.filter(part => part.top < box.bottom - 1.5 && part.bottom > box.bottom + 1.5).length, scrolled: document.querySelector(list).scrollTop };
  }));
  assert.deepEqual(cut, Array(2).fill({ shown: true, cut: 0, scrolled: 0 }));
  await screen.close();
});

test('by keyboard alone a beer is found, looked at and left', TIMEOUT, async () => {
  const screen = await Screen.open(browser, hub);
  const { page } = await screen.look();
  await page.focus('#hold');
  const focused = () => page.evaluate(() => document.activeElement.closest('tr')?.dataset.beer);
  await until('the first beer', async () => {
    await page.keyboard.press('Tab');
    return focused();
  });
  const id = await focused();

  // What is poured meanwhile does not take the row away from under the reader.
  await hub.curl(1, 500);
  await until('one to wait', async () => await screen.text('#hold') === '1 new');
  assert.equal(await focused(), id);
  await page.keyboard.press('Enter');
  assert.equal(await screen.text('#beer-title'), `Beer ${id}`);
  await page.keyboard.press('Escape');
  assert.equal(await focused(), id, 'the focus is back where it was');
  await screen.close();
});

test('a screen reader is told the state and, now and then, what was poured', TIMEOUT, async () => {
  const screen = await Screen.open(browser, hub);
  const { page } = await screen.look();
  assert.equal(await page.getByRole('status').first().innerText(), 'Live');
  assert.match(await page.getByRole('img').getAttribute('aria-label'), /^Beers per minute over the last hour\. [\d,]+ beers in all, \d+ in the minute before this\. Most in one minute: \d+, at \d\d:\d\d\.$/);
  for (let i = 0; i < 3; i++) await hub.curl(2, 500);
  await until('the news', async () => await page.locator('#news').textContent() === '3 beers poured, the last a pint from tap 2.', 60_000);
  assert.match(await page.getByRole('button', { name: /^Tap 2 / }).innerText(), /Tap 2/);
  await screen.close();
});

test('who wants no motion gets none', TIMEOUT, async () => {
  for (const [reducedMotion, moves] of [['reduce', false], ['no-preference', true]]) {
    const screen = await Screen.open(browser, hub, { reducedMotion });
    const { page } = await screen.look();
    await until('the beers to be there', async () => (await screen.ids()).length === 20);
    const beer = await hub.curl(1, 500);
    await page.waitForSelector(`#beers tr[data-beer="${beer.id}"]`);
    assert.equal(await page.locator(`#beers tr[data-beer="${beer.id}"]`).evaluate(row => getComputedStyle(row).animationName), moves ? 'fresh' : 'none', reducedMotion);
    await screen.close();
  }
});
