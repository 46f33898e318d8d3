// A large house: 1,000 taps, 200 pours a second. SECONDS makes it longer than the short form; SLOWER=4 makes the browser's processor a quarter as fast.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hub, until } from './hub.mjs';
import { Screen, launch, phone } from './screen.mjs';

const seconds = Number(process.env.SECONDS ?? 10), slower = Number(process.env.SLOWER ?? 1), rate = 200, taps = 1_000;
const batchesEach = 20; // a second

test(`${taps} taps and ${rate} pours a second do not make the page stutter`, { timeout: 120_000 + seconds * 1_000 }, async t => {
  const [browser, hub] = [await launch(), await Hub.start()];
  try {
    await hub.pourMany(Array.from({ length: 3 * taps }, (_, i) => ({ tapId: 1 + i % taps, volume: 500 })));
    const screen = await Screen.open(browser, hub);
    const { page } = await screen.look();
    await until('all taps to be there', async () => await page.locator('#taps li').count() === taps);

    // How long the page kept a processor busy: whatever else the machine does meanwhile does not count.
    const browserTools = await screen.context.newCDPSession(page);
    await browserTools.send('Performance.enable', { timeDomain: 'threadTicks' });
    const busy = async () => (await browserTools.send('Performance.getMetrics')).metrics.find(metric => metric.name === 'TaskDuration').value * 1_000;
    if (slower > 1) await browserTools.send('Emulation.setCPUThrottlingRate', { rate: slower });
    const busyBefore = await busy();
    await page.evaluate(() => {
      const seen = globalThis.seen = { long: [], frames: [], drawings: 0, began: performance.now() };
      new PerformanceObserver(list => seen.long.push(...list.getEntries().map(entry => entry.duration))).observe({ type: 'longtask' });
      let last = performance.now();
      const frame = now => {
        seen.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      new MutationObserver(() => seen.drawings++).observe(document.getElementById('ever-beers'), { childList: true, characterData: true, subtree: true });
    });

    let poured = 3 * taps;
    for (let i = 0, began = performance.now(); i < seconds * batchesEach; i++) {
      await hub.pourMany(Array.from({ length: rate / batchesEach }, () => ({ tapId: 1 + poured++ * 7 % taps, volume: 330 })));
      const ahead = began + (i + 1) * 1_000 / batchesEach - performance.now();
      if (ahead > 0) await new Promise(done => setTimeout(done, ahead));
    }
    const seen = await page.evaluate(() => ({ ...globalThis.seen, took: performance.now() - globalThis.seen.began }));
    const worked = await busy() - busyBefore;
    await until('every pour to be counted', async () => await screen.figure('#ever-beers') === poured, 60_000);
    await screen.state('live');
    await screen.shoot('load');

    // On a phone the thousand do not stand between the reader and the beers.
    await page.setViewportSize(phone);
    await until('the taps to scroll by themselves', () => page.evaluate(() => document.documentElement.scrollHeight < 6 * innerHeight && document.getElementById('taps').scrollHeight > 20 * innerHeight));

    const sum = values => values.reduce((all, value) => all + value, 0);
    const sorted = seen.frames.toSorted((a, b) => a - b);
    const at = part => sorted[Math.floor(part * (sorted.length - 1))].toFixed(0);
    t.diagnostic(`${(seen.took / 1000).toFixed(0)} s: ${seen.long.length} long tasks (over 50 ms), the longest ${Math.max(0, ...seen.long).toFixed(0)} ms, ${(100 * sum(seen.long) / seen.took).toFixed(1)} % of the time; ` +
      `a processor busy for ${(100 * worked / seen.took).toFixed(1)} %; ` +
      `frames every ${at(0.5)} ms (median), ${at(0.99)} ms (p99), ${at(1)} ms (most); ${(1000 * seen.drawings / seen.took).toFixed(1)} drawings a second`);

    // A page that drew every pour, or all taps with each, would be far beyond.
    assert.ok(worked < 0.6 * seen.took, `it worked for ${worked} of ${seen.took} ms`);
    assert.ok(seen.drawings <= 11 * seen.took / 1000, `${seen.drawings} drawings`);
    const nodes = await page.evaluate(() => document.querySelectorAll('#beers tr').length);
    assert.equal(nodes, 20, 'the list stays as long as it is');
    await screen.close();
  } finally {
    await browser.close();
    await hub.end();
  }
});
