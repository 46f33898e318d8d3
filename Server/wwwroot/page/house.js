// What the page knows of the house: taps, totals, minutes. Read at the start and carried on by the events.
import { get } from './api.js';
import { parse } from './feed.js';
import { Snapshot } from './snapshot.js';
import { midnight } from './words.js';

export const minutesKept = 60;
const readingAgain = 500; // ms from a deletion to reading what it changed, and others with it
const inTurn = 10_000; // ms; who is connected is in no event
const leisure = 3; // a long list is read again after so many times what reading it took

/** All pages of the list of taps. Each tap is of its page's position, the whole of the first one's: events between the two are in the tap already. */
async function readTaps() {
  const whole = await get('api/taps');
  for (let page = whole; ;) {
    const { seq } = parse(page.position);
    for (const tap of page.taps) tap.asOf = seq;
    if (page !== whole) whole.taps.push(...page.taps);
    if (!page.next) return whole;
    page = await get(`api/taps?after_id=${page.next}`);
  }
}

export class House {
  /** By id: {id, connected, beers, totalVolume, lastPour} */
  taps = new Map();
  beers = 0;
  ever = { beers: 0, totalVolume: 0, types: new Map() };
  today = { beers: 0, totalVolume: 0, types: new Map() };
  /** Beers by minute since 1970. */
  minutes = new Map();
  minutesFrom = 0;
  #midnight = midnight();
  #stale = 0;
  #incomplete = false;
  #tapsDue = 0;

  /**
   * @param on.taps the ids that changed, or none when all may have
   * @param on.totals @param on.minutes
   * @param on.failed the hub did not answer, or not well
   * @param on.position a position the hub told
   */
  constructor(on) {
    this.on = on;
    this.snapshots = [
      new Snapshot(() => get('api/reports/totals'), answer => this.#take('ever', answer), event => this.#count(this.ever, event.beer)),
      new Snapshot(() => get(`api/reports/totals?from=${this.#midnight.toISOString()}`), answer => this.#take('today', answer), event => this.#countToday(event.beer)),
      new Snapshot(() => get('api/reports/minutes'), answer => this.#takeMinutes(answer), event => this.#countMinute(event.beer)),
    ];
    this.tapList = new Snapshot(readTaps, answer => this.#takeTaps(answer), (event, seq) => this.#pour(event.beer, seq));
    setInterval(() => document.hidden || this.#readTapsInTurn(), inTurn);
    document.addEventListener('visibilitychange', () => document.hidden || this.#read([this.tapList]));
    setInterval(() => this.#pass(), 1_000);
  }

  hear(event, seq) {
    // A deletion does not say what was deleted; the totals know.
    if (event.event === 'beerDeleted') this.#readSoon();
    else for (const part of [...this.snapshots, this.tapList]) part.hear(event, seq);
  }

  /** Everything anew. */
  begin() {
    for (const part of [...this.snapshots, this.tapList]) part.forget();
    return this.#readAll();
  }

  /** Goes on; reads what it could not read before. */
  back() { return this.#incomplete ? this.#readAll() : undefined; }

  #readAll() { return this.#read([...this.snapshots, this.tapList]); }

  async #read(parts) {
    try {
      const answers = await Promise.all(parts.map(part => part.refresh()));
      if (parts.length > 1) this.#incomplete = false;
      for (const answer of answers) if (answer) this.on.position(answer.position);
    } catch (fault) {
      this.#incomplete = true;
      this.on.failed(fault);
    }
  }

  async #readTapsInTurn() {
    const began = performance.now();
    if (began < this.#tapsDue) return;
    this.#tapsDue = Infinity;
    await this.#read([this.tapList]);
    this.#tapsDue = performance.now() + leisure * (performance.now() - began);
  }

  #readSoon() {
    if (this.#stale) return;
    this.#stale = setTimeout(() => {
      this.#stale = 0;
      this.#readAll();
    }, readingAgain);
  }

  // Midnight comes, and minutes go by, without an event.
  #pass() {
    const begun = midnight();
    if (begun.getTime() !== this.#midnight.getTime()) {
      this.#midnight = begun;
      this.snapshots[1].forget();
      this.#read([this.snapshots[1]]);
    }
    this.on.minutes();
  }

  #take(which, { beers, totalVolume, types }) {
    this[which] = { beers, totalVolume, types: new Map(types.map(type => [type.type, type.beers])) };
    this.on.totals();
  }

  #takeTaps({ taps }) {
    const before = this.taps;
    this.taps = new Map(taps.map(tap => [tap.id, { ...tap, lastPour: tap.lastPour ? Date.parse(tap.lastPour) : 0, poured: before.get(tap.id)?.poured ?? 0 }]));
    this.beers = taps.reduce((sum, tap) => sum + tap.beers, 0);
    this.on.taps();
  }

  #takeMinutes({ from, minutes }) {
    this.minutesFrom = Math.floor(Date.parse(from) / 60_000);
    this.minutes = new Map(minutes.map((beers, i) => [this.minutesFrom + i, beers]));
    this.on.minutes();
  }

  #count(total, { type, volume }) {
    total.beers++;
    total.totalVolume += volume;
    total.types.set(type, (total.types.get(type) ?? 0) + 1);
    this.on.totals();
  }

  #countToday(beer) {
    if (Date.parse(beer.timestamp) >= this.#midnight.getTime()) this.#count(this.today, beer);
  }

  #countMinute({ timestamp }) {
    const minute = Math.floor(Date.parse(timestamp) / 60_000), now = Math.floor(Date.now() / 60_000);
    if (minute <= now - minutesKept) return;
    this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + 1);
    for (const old of this.minutes.keys()) if (old <= now - minutesKept) this.minutes.delete(old);
    this.on.minutes();
  }

  #pour({ tapId, volume, timestamp }, seq) {
    const tap = this.taps.get(tapId) ?? { id: tapId, connected: false, beers: 0, totalVolume: 0, lastPour: 0 };
    if (seq <= tap.asOf) return;
    this.taps.set(tapId, tap);
    tap.beers++;
    tap.totalVolume += volume;
    tap.lastPour = Math.max(tap.lastPour, Date.parse(timestamp));
    tap.poured = performance.now();
    tap.refusedSince = undefined;
    this.beers++;
    this.on.taps(tapId);
  }
}
