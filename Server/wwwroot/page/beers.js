// The list of recent beers: newest first, filtered, page by page by key. Its first page goes on live, unless the reader holds it.
import { call, faultOf, get } from './api.js';
import { $, changed, glass, make, write } from './draw.js';
import { midnight, millilitres, number, when } from './words.js';

const size = 20; // rows on a page
const waitingMost = 999; // held beers that are counted

export class Beers {
  #types = () => [];
  #open;
  #path = []; // the pages before this one; each is the id it begins behind
  #after = null;
  #beers = []; // newest first
  #total = 0;
  #next = null;
  #turn = 0;
  #heard = null;
  #hovered = false;
  #waiting = 0;
  #rows = new Map();
  #stale = 0;
  #failed = false;
  #turning = Promise.resolve();
  #draw = () => this.#drawNow();

  /**
   * @param types the glass types, smallest first
   * @param open shows one beer
   */
  constructor(types, open) {
    [this.#types, this.#open] = [types, open];
    $('beers').addEventListener('click', pressed => {
      const id = Number(pressed.target.closest('tr')?.dataset.beer);
      if (id) this.#open(this.#beers.find(beer => beer.id === id) ?? { id });
    });
    $('open-filter').addEventListener('click', () => this.#unfold($('filter').hidden));
    $('filter').addEventListener('change', () => this.#turnTo([], null));
    $('filter').addEventListener('reset', () => setTimeout(() => this.#turnTo([], null)));
    $('filter').addEventListener('submit', submitted => {
      submitted.preventDefault();
      this.#turnTo([], null);
    });
    $('older').addEventListener('click', () => this.#inTurn(() => this.#next && this.#turnTo([...this.#path, this.#after], this.#next)));
    $('newer').addEventListener('click', () => this.#inTurn(() => this.#path.length && this.#turnTo(this.#path.slice(0, -1), this.#path.at(-1))));
    $('hold').addEventListener('click', () => {
      const held = $('hold').getAttribute('aria-pressed') !== 'true';
      $('hold').setAttribute('aria-pressed', held);
      this.#release();
    });

    // Nothing moves away under a pointer that is about to press it.
    const rows = $('beers').closest('.rows');
    rows.addEventListener('pointerenter', come => { this.#hovered = come.pointerType === 'mouse'; });
    rows.addEventListener('pointerleave', () => {
      this.#hovered = false;
      this.#release();
    });
    rows.addEventListener('focusout', () => setTimeout(() => this.#release()));
  }

  hear(event) {
    this.#heard?.push(event);
    this.#apply(event);
  }

  /** Only this tap's beers. */
  choose(tapId) {
    $('filter').elements.tapId.value = tapId;
    this.#unfold(true);
    this.#turnTo([], null);
    $('beers-title').scrollIntoView({ block: 'nearest' });
  }

  #unfold(open) {
    $('filter').hidden = !open;
    $('open-filter').setAttribute('aria-expanded', open);
  }

  /** The first page, with the filter as it is. */
  anew() { return this.#go([], null); }

  /** As the reader asked, who is told what came; what comes by itself is too much to be told. */
  async #turnTo(path, after) {
    await this.#go(path, after);
    write($('news'), this.#beers.length ? `Beers ${this.#range()}` : 'No beer here.');
  }

  // One after the other, each from the page that the one before led to: of two quick presses neither is lost.
  #inTurn(what) { this.#turning = this.#turning.then(what); }

  /** Reads what it could not read before. */
  back() { if (this.#failed) this.#go(this.#path, this.#after); }

  async #go(path, after) {
    const turn = ++this.#turn;
    const heard = this.#heard = [];
    try {
      const { json, headers } = await call(`api/beers?${this.#query(after)}`);
      if (turn !== this.#turn) return;
      [this.#path, this.#after, this.#failed] = [path, after, false];
      [this.#beers, this.#total, this.#waiting] = [json.beers, json.total, 0];
      this.#next = /[?&]after_id=(\d+)[^>]*>; rel="next"/.exec(headers.get('Link') ?? '')?.[1] ?? null;
      for (const event of heard) this.#apply(event);
      changed(this.#draw);
    } catch (fault) {
      if (turn !== this.#turn) return;
      this.#failed = true;
      write($('place'), faultOf(fault));
    } finally {
      if (this.#heard === heard) this.#heard = null;
    }
  }

  #query(after) {
    const { type, tapId, day } = this.#filter();
    const query = new URLSearchParams({ order: 'desc', page_size: size });
    if (type) query.set('type', type);
    if (tapId) query.set('tapId', tapId);
    if (day) {
      query.set('from', day.from.toISOString());
      query.set('to', day.to.toISOString());
    }
    if (after) query.set('after_id', after);
    return query;
  }

  #filter() {
    const { type, tapId, day } = $('filter').elements;
    const [year, month, date] = day.value.split('-').map(Number);
    return {
      type: type.value,
      tapId: tapId.validity.valid && tapId.value ? Number(tapId.value) : null,
      day: day.value && { from: midnight(new Date(year, month - 1, date)), to: midnight(new Date(year, month - 1, date + 1)) },
    };
  }

  #apply({ event, beer, id }) {
    if (event === 'beerDeleted') {
      if (!this.#beers.some(known => known.id === id)) return;
      this.#beers = this.#beers.filter(known => known.id !== id);
      this.#total--;
      changed(this.#draw);

      // The page is filled up again from the hub.
      clearTimeout(this.#stale);
      this.#stale = setTimeout(() => this.#inTurn(() => this.#go(this.#path, this.#after)), 500);
      return;
    }
    if (this.#after !== null || beer.id <= (this.#beers[0]?.id ?? 0) || !this.#matches(beer)) return;
    this.#beers.unshift(beer);
    this.#total++;
    this.#waiting++;
    if (this.#beers.length > size) {
      this.#beers.length = size;
      this.#next = this.#beers.at(-1).id;
    }
    changed(this.#draw);
  }

  #matches(beer) {
    const { type, tapId, day } = this.#filter();
    return (!type || beer.type === type) && (!tapId || beer.tapId === tapId)
      && (!day || (new Date(beer.timestamp) >= day.from && new Date(beer.timestamp) < day.to));
  }

  get #held() {
    return $('hold').getAttribute('aria-pressed') === 'true' || this.#hovered || $('beers').contains(document.activeElement);
  }

  #release() { changed(this.#draw); }

  #drawNow() {
    const shown = $('beers').childElementCount > 0;
    const gone = [...this.#rows.keys()].some(id => !this.#beers.some(beer => beer.id === id)) && this.#waiting === 0;
    const hold = shown && this.#held && this.#waiting > 0 && !gone;
    write($('hold'), hold ? `${this.#waiting > waitingMost ? `${number(waitingMost)}+` : number(this.#waiting)} new` : 'Hold');
    if (!hold) this.#fill();
    this.#place();
  }

  #fill() {
    const flash = this.#waiting <= 3;
    const known = this.#rows;
    this.#rows = new Map(this.#beers.map(beer => [beer.id, known.get(beer.id) ?? this.#row(beer, flash && known.size > 0)]));
    const focused = document.activeElement?.closest?.('#beers tr');
    for (const [id, row] of known) if (!this.#rows.has(id)) row.remove();
    [...this.#rows.values()].forEach((row, i) => {
      if ($('beers').children[i] !== row) $('beers').insertBefore(row, $('beers').children[i] ?? null);
    });
    if (focused && !focused.isConnected) $('beers').querySelector('button')?.focus();
    this.#waiting = 0;
  }

  #place() {
    write($('place'), this.#range());
    $('no-beers').hidden = this.#beers.length > 0;
    $('newer').disabled = this.#path.length === 0;
    $('older').disabled = this.#next === null;
  }

  #range() {
    const from = this.#path.length * size + 1;
    return this.#beers.length ? `${number(from)}–${number(from + this.#beers.length - 1)} of ${number(Math.max(this.#total, this.#beers.length))}` : '';
  }

  #row(beer, fresh) {
    const time = make('time', '', when(new Date(beer.timestamp)));
    time.dateTime = beer.timestamp;
    const button = make('button', 'link', number(beer.id));
    button.type = 'button';
    button.setAttribute('aria-label', `Beer ${beer.id}, more`);
    const row = make('tr', fresh ? 'fresh' : '',
      make('td', '', time), make('td', 'of-tap', `Tap ${beer.tapId}`), make('td', '', glass(this.#types().indexOf(beer.type)), beer.type),
      make('td', '', millilitres(beer.volume)), make('td', '', button));
    row.dataset.beer = beer.id;
    return row;
  }

  /** Glass types to choose from. */
  offer() {
    const select = $('filter').elements.type;
    for (const type of this.#types()) {
      if (![...select.options].some(option => option.value === type)) select.add(new Option(type, type));
    }
  }
}

export const find = async id => (await get(`api/beers/${id}`)).beer;
