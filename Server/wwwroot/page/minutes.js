// Beers per minute over the last hour: 60 bars of SVG, and the same in words for who does not see them.
import { $, changed, shape, write } from './draw.js';
import { minutesKept } from './house.js';
import { beers, clock, number } from './words.js';

const width = 600 / minutesKept, height = 100, gap = 2;

export class Minutes {
  #house;
  #bars = [];
  #drawn = '';
  #draw = () => this.#drawNow();

  constructor(house) {
    this.#house = house;
    for (let i = 0; i < minutesKept; i++) {
      this.#bars.push(shape('rect', { x: i * width + gap / 2, width: width - gap, y: height, height: 0, class: i === minutesKept - 1 ? 'running' : '' }));
    }
    $('minutes').append(...this.#bars);
  }

  changed() { changed(this.#draw); }

  #drawNow() {
    const now = Math.floor(Date.now() / 60_000), first = now - minutesKept + 1;
    const counts = this.#bars.map((_, i) => this.#house.minutes.get(first + i) ?? 0);
    const drawn = `${now} ${this.#house.minutesFrom} ${counts}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;

    const most = Math.max(...counts), top = Math.max(most, 4);
    counts.forEach((count, i) => {
      const tall = height * count / top;
      this.#bars[i].setAttribute('y', height - tall);
      this.#bars[i].setAttribute('height', tall);
    });
    const sum = counts.reduce((all, count) => all + count, 0), last = counts.at(-2);
    // What the hub does not know of is no zero.
    const since = this.#house.minutesFrom > first ? ` since ${clock(this.#house.minutesFrom * 60_000)}` : ' in the last hour';
    write($('minutes-now'), `${number(counts.at(-1))} in this minute, ${beers(sum)}${since}`);
    write($('minutes-most'), number(top));
    write($('minutes-from'), clock(first * 60_000));
    const peak = most > 0 ? `Most in one minute: ${number(most)}, at ${clock((first + counts.indexOf(most)) * 60_000)}.` : '';
    $('minutes').setAttribute('aria-label', `Beers per minute over the last hour. ${beers(sum)} in all, ${number(last)} in the minute before this. ${peak}`);
  }
}
