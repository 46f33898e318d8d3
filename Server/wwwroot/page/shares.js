// The share report as bars: the leading taps, the first as long as there is room, and one line without a bar for all others: together they are often more
// than any tap, and beside their bar no other would be seen. SVG, drawn by hand: a bar is one rectangle.
import { $, changed, glass, make, shape, write } from './draw.js';
import { beers, litres, number, percent } from './words.js';

const most = 8; // bars for taps; more are not read at a glance
const whole = 100;

export class Shares {
  #report;
  #seq = -1;
  #rows = [];
  #draw = () => this.#drawNow();

  take(report, seq) {
    if (seq < this.#seq) return;
    [this.#report, this.#seq] = [report, seq];
    changed(this.#draw);
  }

  forget() { this.#seq = -1; }

  #drawNow() {
    const { totalBeers, taps, others } = this.#report;
    const named = [...taps].sort((a, b) => b.beers - a.beers || a.tapId - b.tapId);
    const rest = named.splice(named.length + (others ? 1 : 0) > most + 1 ? most : named.length);
    const sum = { taps: others?.taps ?? 0, beers: others?.beers ?? 0, totalVolume: others?.totalVolume ?? 0 };
    for (const tap of rest) {
      sum.taps++;
      sum.beers += tap.beers;
      sum.totalVolume += tap.totalVolume;
    }
    const bars = named.map(tap => ({ ...tap, name: `Tap ${tap.tapId}` }));
    const longest = Math.max(...named.map(tap => tap.beers), 1);
    if (sum.taps > 0) bars.push({ ...sum, name: sum.taps === 1 ? '1 other' : `${number(sum.taps)} others` });

    while (this.#rows.length > bars.length) this.#rows.pop().item.remove();
    while (this.#rows.length < bars.length) this.#rows.push(this.#row());
    bars.forEach((bar, i) => {
      const row = this.#rows[i];
      write(row.name, bar.name);
      write(row.share, percent(bar.beers / totalBeers));
      write(row.beers, beers(bar.beers));
      write(row.volume, bar.tapId ? `, ${litres(bar.totalVolume)}` : '');
      row.item.classList.toggle('others', !bar.tapId);
      if (bar.tapId) row.rect.setAttribute('width', whole * bar.beers / longest);
    });
    $('no-shares').hidden = bars.length > 0;
  }

  #row() {
    const rect = shape('rect', { height: 1, width: 0 });
    const chart = shape('svg', { viewBox: `0 0 ${whole} 1`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, rect);
    const row = { name: make('span', 'name'), share: make('strong'), beers: make('span'), volume: make('span', 'volume'), chart, rect };
    row.item = make('li', '', row.name, ' ', make('span', 'aside', row.beers, row.volume), ' ', row.share, ' ', chart);
    $('shares').append(row.item);
    return row;
  }
}

/** The glass types of the house, smallest first: beers of each today and ever. */
export class Glasses {
  #house;
  #more;
  #rows = new Map();
  #draw = () => this.#drawNow();

  /** @param more is told when there is a glass type more */
  constructor(house, more) { [this.#house, this.#more] = [house, more]; }

  changed() { changed(this.#draw); }

  #drawNow() {
    const { ever, today } = this.#house;
    this.#figure($('today-beers'), today.beers);
    write($('today-volume'), litres(today.totalVolume));
    this.#figure($('ever-beers'), ever.beers);
    write($('ever-volume'), litres(ever.totalVolume));
    for (const [at, type] of [...ever.types.keys()].entries()) {
      const row = this.#rows.get(type) ?? this.#row(type, at);
      write(row.today, number(today.types.get(type) ?? 0));
      write(row.ever, number(ever.types.get(type)));
    }
  }

  // As large as its digits let it be.
  #figure(element, count) {
    const text = number(count);
    if (element.textContent.length !== text.length) element.style.setProperty('--signs', text.length);
    write(element, text);
  }

  #row(type, size) {
    const head = make('th', '', glass(size), type);
    head.scope = 'row';
    const row = { today: make('td'), ever: make('td') };
    $('glasses').append(make('tr', '', head, row.today, row.ever));
    this.#rows.set(type, row);
    this.#more();
    return row;
  }
}
