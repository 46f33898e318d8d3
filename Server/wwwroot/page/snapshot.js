// A part of what the page knows: read from the hub as it stood at one position, and carried on by the events behind that. Whatever order answers and
// events come in, each event counts once.
import { parse } from './feed.js';

export class Snapshot {
  #seq = Infinity; // until it was read, no event means anything to it
  #heard = null; // events that came while it is being read
  #turn = 0;

  /**
   * @param read gets the answer, which holds its position
   * @param take puts the answer in the place of what was known
   * @param apply carries on by one event and its number
   */
  constructor(read, take, apply) {
    Object.assign(this, { read, take, apply });
  }

  hear(event, seq) {
    this.#heard?.push([event, seq]);
    if (seq <= this.#seq) return;
    this.#seq = seq;
    this.apply(event, seq);
  }

  /** Reads it; of two at a time the later one holds. */
  async refresh() {
    const turn = ++this.#turn;
    const heard = this.#heard = [];
    try {
      const answer = await this.read();
      if (turn !== this.#turn) return null;
      this.#seq = parse(answer.position).seq;
      this.take(answer);
      for (const [event, seq] of heard) {
        if (seq > this.#seq) [this.#seq] = [seq, this.apply(event, seq)];
      }
      return answer;
    } finally {
      if (this.#heard === heard) this.#heard = null;
    }
  }

  /** What is known is of another log. */
  forget() { this.#seq = Infinity; }
}
