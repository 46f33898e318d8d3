// A tile for every tap, by its id. Only tiles whose tap poured are drawn again; the shares of all follow once in a while.
import { $, changed, glass, make, write } from './draw.js';
import { number, percent, roundLitres, shortly } from './words.js';

const houses = { tiny: 6, small: 12 }; // taps, at most; the fewer they are, the larger are their tiles
const manyTaps = 24; // from here on one is looked for by its number
const sharesEvery = 2_000; // ms
const glowing = 4; // taps that pour between two drawings; when more do, a glow tells nothing and costs much

export class Taps {
  #house;
  #tiles = new Map();
  #pourers = new Set();
  #all = false;
  #draw = () => this.#drawNow();

  /** @param choose is told the tap whose tile was pressed */
  constructor(house, choose) {
    this.#house = house;
    $('taps').addEventListener('click', pressed => {
      const tile = pressed.target.closest('button');
      if (tile) choose(Number(tile.dataset.tap));
    });
    $('find-tap').addEventListener('input', () => this.#find());
    setInterval(() => this.changed(), sharesEvery);
  }

  changed(tapId) {
    if (tapId === undefined) this.#all = true;
    else this.#pourers.add(tapId);
    changed(this.#draw);
  }

  #drawNow() {
    const taps = this.#house.taps;
    const ids = this.#all ? taps.keys() : this.#pourers;
    if (this.#all) {
      for (const [id, tile] of this.#tiles) {
        if (taps.has(id)) continue;
        tile.item.remove();
        this.#tiles.delete(id);
      }
    }
    let more = false;
    const glow = this.#pourers.size <= glowing;
    for (const id of ids) {
      if (!this.#tiles.has(id)) {
        this.#tiles.set(id, this.#tile(id));
        more = true;
      }
      this.#fill(this.#tiles.get(id), taps.get(id), glow);
    }
    if (more) this.#sort();
    if (this.#all || more) this.#head();
    this.#all = false;
    this.#pourers.clear();
  }

  #head() {
    const taps = [...this.#house.taps.values()];
    const connected = taps.filter(tap => tap.connected).length;
    write($('taps-count'), taps.length ? `${number(taps.length)} in all, ${number(connected)} connected` : '');
    $('find').hidden = taps.length < manyTaps;
    $('no-taps').hidden = taps.length > 0;
    $('taps').dataset.house = taps.length <= houses.tiny ? 'tiny' : taps.length <= houses.small ? 'small' : 'large';
  }

  #sort() {
    const tiles = [...this.#tiles].sort(([a], [b]) => a - b).map(([, tile]) => tile.item);
    $('taps').replaceChildren(...tiles);
    this.#find();
  }

  #find() {
    const wanted = $('find').hidden ? '' : $('find-tap').value.trim();
    for (const [id, tile] of this.#tiles) tile.item.hidden = wanted !== '' && !String(id).startsWith(wanted);
  }

  #tile(id) {
    const parts = { state: make('span', 'presence'), beers: make('strong'), unit: make('span', 'unit'), last: make('span'), volume: make('span', 'volume'), share: make('span', 'share') };
    const line = (...of) => make('span', 'line', ...of);
    const button = make('button', 'tap',
      line(make('span', 'name', `Tap ${id}`), ' ', parts.share), ' ',
      line(parts.beers, ' ', make('span', 'side', parts.unit, ' ', parts.volume)), ' ',
      line(parts.state, ' ', make('span', 'last', make('span', 'unseen', 'last pour'), glass(1), parts.last)));
    button.type = 'button';
    button.dataset.tap = id;
    return { item: make('li', '', button), button, fresh: false, ...parts };
  }

  #fill(tile, tap, glow) {
    tile.state.dataset.connected = tap.refusedSince ? 'refused' : tap.connected;
    write(tile.state, tap.refusedSince ? 'pours refused' : tap.connected ? 'connected' : 'away');
    tile.state.title = tap.refusedSince ? 'The hub refuses the pours of this tap: its key is missing, revoked, or of another role or tap.' : '';
    const beers = number(tap.beers);
    if (tile.beers.textContent.length !== beers.length) tile.beers.style.setProperty('--signs', beers.length);
    write(tile.beers, beers);
    write(tile.unit, tap.beers === 1 ? 'beer' : 'beers');
    write(tile.volume, roundLitres(tap.totalVolume));
    write(tile.share, percent(this.#house.beers ? tap.beers / this.#house.beers : 0));
    write(tile.last, tap.lastPour ? shortly(tap.lastPour) : 'never');
    const fresh = (glow || tile.fresh) && tap.poured > 0 && performance.now() - tap.poured < sharesEvery;
    if (tile.fresh !== fresh) tile.button.classList.toggle('fresh', tile.fresh = fresh);
  }
}
