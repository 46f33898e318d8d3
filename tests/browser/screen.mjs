// Chromium with the hub's page on it. What the page says on its console, and what it asks of other places, is kept and must be nothing.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const shots = process.env.SHOTS;

export const wall = { width: 1920, height: 1080 }, phone = { width: 390, height: 844 };

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
});

export class Screen {
  faults = [];

  /** @param options of the browser's context, such as viewport, colorScheme, locale */
  static async open(browser, hub, options = {}) {
    const screen = new Screen();
    screen.context = await browser.newContext({ viewport: wall, locale: 'en-GB', timezoneId: 'Europe/Vienna', ...options });
    screen.page = await screen.context.newPage();
    screen.page.setDefaultTimeout(20_000);
    screen.page.on('console', said => {
      // The browser itself reports requests that get no answer, or a refusal; those the page shows to its reader.
      if (said.type() === 'error' && !/^Failed to load resource|WebSocket connection to|net::ERR_/.test(said.text())) screen.faults.push(said.text());
      if (said.type() === 'error' && /Content Security Policy/.test(said.text())) screen.faults.push(said.text());
    });
    screen.page.on('pageerror', fault => screen.faults.push(fault.stack));
    screen.page.on('request', request => { if (!/^(data:|blob:)/.test(request.url()) && new URL(request.url()).host !== new URL(hub.url).host) screen.faults.push(`asked ${request.url()}`); });
    screen.hub = hub;
    return screen;
  }

  async look(state = 'live') {
    await this.page.goto(this.hub.url);
    await this.state(state);

    // Each part of it has said what there is.
    if (state === 'live') await this.page.waitForFunction(() => /\d/.test(document.getElementById('ever-beers').textContent) && ['beers', 'shares', 'taps'].every(part => document.getElementById(part).childElementCount > 0 || !document.getElementById(`no-${part}`).hidden));
    return this;
  }

  state(state) { return this.page.waitForSelector(`#state[data-state=${state}]`); }

  /** Waits until the page offers what its key may do. */
  async offers({ pour, key }) {
    await this.page.waitForSelector(`#open-key:text-is("${key}")`);
    await this.page.waitForSelector('#open-pour', { state: pour ? 'visible' : 'hidden' });
  }

  text(selector) { return this.page.locator(selector).innerText(); }

  /** A figure, whatever its locale's marks between digits. */
  async figure(selector) { return Number((await this.text(selector)).replace(/\D/g, '')); }

  /** The ids in the list of recent beers, as they stand there. */
  ids() { return this.page.locator('#beers tr').evaluateAll(rows => rows.map(row => Number(row.dataset.beer))); }

  /** What axe finds wrong. */
  async axe() {
    await this.page.evaluate(await readFile(axe, 'utf8'));
    const { violations } = await this.page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
    return violations.map(({ id, help, nodes }) => `${id}: ${help} ${nodes.slice(0, 3).map(node => `${node.html.slice(0, 160)} (${node.failureSummary})`).join(' | ')}`);
  }

  /** Kept in the folder SHOTS, if there is one. */
  async shoot(name, fullPage = false) {
    const path = shots && join(shots, `${name}.png`);
    if (shots) await mkdir(shots, { recursive: true });
    return this.page.screenshot({ path: path || undefined, fullPage });
  }

  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, [], 'nothing on the console, nothing asked elsewhere');
  }
}
