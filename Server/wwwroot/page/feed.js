// Listens over SignalR. The page keeps the position it got to, and each new connection begins right behind it (?after=): nothing is missed and
// nothing comes twice, also when the hub was restarted meanwhile.
import { Refused, get } from './api.js';
import { at, follow, missed, reached } from './hub.js';
import { askForKey, key, onKey } from './keys.js';
import { askRights } from './rights.js';

const silence = 45_000; // ms; the hub says something every 15 s
const waits = { first: 500, most: 15_000 }; // ms between tries
const farBehind = 20_000; // events; beyond that the present is read anew, which is sooner there than the past
const notYetBehind = 1_000; // ms; what is on its way is not late

const kinds = ['welcome', 'reload', 'beerPoured', 'beerDeleted', 'shareReport', 'closing'];
const invocation = 1; // the message type of a call, in SignalR's protocol

// SignalR drops calls of methods that have no handler. Those of kinds of events that this page does not know go to one handler instead, which takes
// their positions: else the next event would look as if one were missing.
class EveryEvent extends signalR.JsonHubProtocol {
  parseMessages(input, logger) {
    return super.parseMessages(input, logger).map(message =>
      message.type === invocation && !kinds.includes(message.target) ? { ...message, target: 'event' } : message);
  }
}

export const parse = position => {
  const at = position.lastIndexOf('-');
  return { epoch: position.slice(0, at), seq: Number(position.slice(at + 1)) };
};

export class Feed {
  #last; // the position of the last event heard, and its parts
  #seq = 0;
  #epoch = '';
  #head = 0; // the newest position the page knows of
  #behindSince = 0;
  #connection;
  #retry;
  #to; // where a hub that goes away sends the page
  #welcomed = false;
  #wake = () => {};
  #tries = 0;
  #state = '';
  #atOnce = false;

  // A WebSocket without negotiation before it: one connection, so that any of several hubs may take it. Where no socket comes through, such as behind an
  // old proxy, the next try negotiates, and SignalR finds another way.
  #straight = true;

  /**
   * @param on.begin what was known is void: read it anew
   * @param on.back it goes on where it stopped
   * @param on.event one event of the log, each once and in order
   * @param on.report the newest share report
   * @param on.state ('connecting' | 'live' | 'behind' | 'offline' | 'locked', how many events behind)
   */
  constructor(on) {
    this.on = on;
    onKey(() => this.again());
    addEventListener('online', () => this.again());
    addEventListener('offline', () => this.#connection?.stop());
    setInterval(() => this.#tell(), notYetBehind);
  }

  /** Another answer of the hub tells how far the log is. */
  knowsOf(position) {
    const { epoch, seq } = parse(position);
    if (epoch === this.#epoch && seq > this.#head) this.#head = seq;
    this.#tell();
  }

  /** The hub did not answer elsewhere: the connection may be dead without knowing. */
  doubt() { if (this.#state !== 'offline') this.#connection?.stop(); }

  /** Comes back at once. */
  again() {
    this.#tries = 0;
    this.#atOnce = true;
    this.#connection?.stop();
    this.#wake();
  }

  async run() {
    for (; ;) {
      const began = performance.now();
      let letIn = true;
      this.#retry = this.#to = undefined;
      this.#atOnce = this.#welcomed = false;
      try {
        await this.#listen();
      } catch (fault) {
        if (fault instanceof Refused) {
          this.#retry = fault.retryAfter;
          // Another key may have been given meanwhile: then the answer is about the one before.
          if (fault.wantsKey && !this.#atOnce) {
            this.#say('locked');
            letIn = await askForKey(!key() ? 'The hub asks for a key to read.' : fault.status === 403 ? fault.message : 'The hub does not take this key.') !== '';
          }
        }
      }
      if (this.#to) await follow(this.#to);
      else if (!this.#welcomed && letIn) missed();
      if (this.#atOnce) {
        this.#say('connecting');
        continue;
      }
      if (performance.now() - began > waits.most) this.#tries = 0;
      if (letIn) this.#say('offline');
      await this.#pause(letIn);
    }
  }

  // Until the connection ends. What the hub answers first tells whether it lets the page in, and how far its log is.
  async #listen() {
    await askRights();
    const { position } = await get('api/events');
    const head = parse(position);
    if (this.#last && head.epoch === this.#epoch && head.seq - this.#seq > farBehind) this.#last = undefined;
    this.#head = head.seq;

    const after = this.#last ? `?after=${encodeURIComponent(this.#last)}` : '';
    const connection = new signalR.HubConnectionBuilder()
      .withUrl(at(`hubs/taps${after}`), { accessTokenFactory: () => key(), ...(this.#straight ? { skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets } : {}) })
      .configureLogging(signalR.LogLevel.None)
      .withHubProtocol(new EveryEvent())
      .build();
    connection.serverTimeoutInMilliseconds = silence;
    connection.on('welcome', welcome => this.#begin(welcome.position, !this.#last));
    connection.on('reload', reload => this.#begin(reload.position, true));
    connection.on('beerPoured', event => this.#hear(event, connection));
    connection.on('beerDeleted', event => this.#hear(event, connection));
    connection.on('shareReport', event => this.on.report(event));
    connection.on('event', event => this.#pass(event, connection));
    connection.on('closing', ({ retryAfterMs, to }) => { [this.#retry, this.#to] = [retryAfterMs ?? undefined, to]; });
    const closed = new Promise(done => connection.onclose(done));
    this.#connection = connection;
    try {
      await connection.start().catch(fault => {
        this.#straight = !this.#straight;
        throw fault;
      });
      await closed;
    } finally {
      this.#connection = undefined;
    }
  }

  #begin(position, anew) {
    this.#welcomed = true;
    reached();
    this.#last = position;
    ({ epoch: this.#epoch, seq: this.#seq } = parse(position));
    this.#head = anew ? this.#seq : Math.max(this.#head, this.#seq);
    this.#behindSince = 0;
    this.#state = 'connecting';
    if (anew) this.on.begin();
    else this.on.back();
    this.#tell();
  }

  #hear(event, connection) {
    if (!this.#move(event.position, connection)) return;
    this.on.event(event, this.#seq);
    if (this.#state === 'behind') this.#tell();
  }

  // An event of a kind that the page does not know. It is of the log when its position goes on.
  #pass(event, connection) {
    if (typeof event?.position !== 'string' || parse(event.position).epoch !== this.#epoch) return;
    if (this.#move(event.position, connection) && this.#state === 'behind') this.#tell();
  }

  // Whether an event is the next one of the log. Positions are contiguous; were one missing, the page would ask for it again.
  #move(position, connection) {
    const { seq } = parse(position);
    if (seq <= this.#seq) return false;
    if (seq !== this.#seq + 1) {
      connection.stop();
      return false;
    }
    [this.#seq, this.#last] = [seq, position];
    if (seq > this.#head) this.#head = seq;
    return true;
  }

  #tell() {
    if (!this.#connection || !this.#last || ['offline', 'locked', ''].includes(this.#state)) return;
    const behind = this.#head - this.#seq;
    if (behind <= 0) this.#behindSince = 0;
    else this.#behindSince ||= performance.now();
    const late = this.#behindSince && (performance.now() - this.#behindSince >= notYetBehind || behind > 1_000);
    this.#say(late ? 'behind' : 'live', behind);
  }

  #say(state, behind = 0) {
    if (state === this.#state && state !== 'behind') return;
    this.#state = state;
    this.on.state(state, behind);
  }

  // As the hub says, or at random, so that not all pages come back together; without a key until there is one.
  #pause(letIn) {
    const time = this.#retry ?? Math.min(waits.first * 2 ** this.#tries++, waits.most) * (0.5 + Math.random() / 2);
    return new Promise(done => {
      this.#wake = done;
      if (letIn) setTimeout(done, time);
    });
  }
}
