// The feed's listeners, each over a client that BeerTap's makers did not write. All are alike to the tests: what was heard, in order.
import * as signalR from '@microsoft/signalr';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';

export const BASE_URL = (process.env.BASE_URL ?? 'http://localhost:8338').replace(/\/$/, '');

/** Longer than a share report may take (Reports:Interval, 10 s) on a busy machine. */
const PATIENCE_MS = 20_000;

const INVOCATION = 1; // SignalR's message type of a call

/** SignalR drops calls of methods without a handler: those of unknown kinds of events go to the handler of `event`, so that no position is missing. */
class EveryEvent extends signalR.JsonHubProtocol {
  parseMessages(input, logger) {
    return super.parseMessages(input, logger).map((message) =>
      message.type === INVOCATION && !NAMES.includes(message.target) ? { ...message, target: 'event' } : message);
  }
}

const NAMES = ['welcome', 'beerPoured', 'beerDeleted', 'shareReport', 'reload', 'closing'];

/** What one listener has heard, in order; waits for what it is to hear. */
export class Listener {
  heard = [];
  #waiting = [];
  #failure;

  constructor(name) {
    this.name = name;
  }

  /** Ends the connection; returns when it is ended. */
  close = async () => {};

  hear(event) {
    this.heard.push(event);
    this.#waiting = this.#waiting.filter((look) => !look());
  }

  /** The connection is over: nobody waits any longer. */
  fail(reason) {
    this.#failure ??= reason;
    this.#waiting = this.#waiting.filter((look) => !look());
  }

  /** The first event, heard already or yet to come, that is as asked. */
  first(what, isIt) {
    return new Promise((resolve, reject) => {
      const tell = () => `${this.name} waited for ${what} and heard ${JSON.stringify(this.heard)}`;
      const timer = setTimeout(() => reject(new Error(`${tell()} in ${PATIENCE_MS} ms`)), PATIENCE_MS);
      const look = () => {
        const found = this.heard.find(isIt);
        if (found === undefined && this.#failure === undefined) return false;
        clearTimeout(timer);
        if (found !== undefined) resolve(found);
        else reject(new Error(`${tell()}, then its connection ended: ${this.#failure}`));
        return true;
      };
      if (!look()) this.#waiting.push(look);
    });
  }

  named(name) {
    return this.first(name, (event) => event.event === name);
  }

  poured(id) {
    return this.first(`beer ${id}`, (event) => event.event === 'beerPoured' && event.beer.id === id);
  }

  deleted(id) {
    return this.first(`the deletion of beer ${id}`, (event) => event.event === 'beerDeleted' && event.id === id);
  }

  /** The events of the log that these tests are about; reports, which come between them, and kinds that are not known here are left out. */
  get log() {
    return this.heard.filter((event) => ['beerPoured', 'beerDeleted', 'reload'].includes(event.event));
  }
}

const address = (path, query) => {
  const url = new URL(BASE_URL + path);
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  return url.href;
};

const overSignalR = (name, options) => async (query) => {
  const listener = new Listener(name);
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(address('/hubs/taps', query), options)
    .configureLogging(signalR.LogLevel.None)
    .withHubProtocol(new EveryEvent())
    .build();
  connection.on('event', (event) => listener.hear(event));
  for (const event of NAMES) {
    connection.on(event, (...args) => {
      if (args.length !== 1 || args[0].event !== event) listener.fail(`${event} came with ${JSON.stringify(args)}`);
      else listener.hear(args[0]);
    });
  }
  connection.onclose((error) => listener.fail(error?.message ?? 'closed'));
  listener.close = () => connection.stop();
  await connection.start();
  return listener;
};

const overWebSocket = (name, subProtocols, read) => async (query) => {
  const listener = new Listener(name);
  const socket = new WebSocket(address('/sockets/beers', query).replace(/^http/, 'ws'), subProtocols);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  listener.close = async () => {
    socket.close();
    await closed;
  };
  socket.on('message', (data, isBinary) => {
    if (isBinary) listener.fail('a binary message came');
    else read(data.toString()).forEach((event) => listener.hear(event));
  });
  socket.on('close', (code, reason) => listener.fail(`closed with ${code} ${reason}`));
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  if (socket.protocol !== (subProtocols[0] ?? '')) throw new Error(`the hub chose the sub-protocol '${socket.protocol}'`);
  return listener;
};

const overSse = (name) => async (query, headers = {}) => {
  const listener = new Listener(name);
  const stream = new EventSource(address('/api/events/stream', query), {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
  });
  listener.close = async () => stream.close();
  for (const event of NAMES) {
    stream.addEventListener(event, (message) => {
      const data = JSON.parse(message.data);
      if (data.event !== event || (data.position !== undefined && data.position !== message.lastEventId)) {
        listener.fail(`${event} with id ${message.lastEventId} holds ${message.data}`);
      } else {
        listener.hear(data);
      }
    });
  }
  await new Promise((resolve, reject) => {
    stream.addEventListener('open', resolve);
    stream.addEventListener('error', (error) => {
      stream.close();
      listener.fail(error.message);
      reject(Object.assign(new Error(`SSE: ${error.message}`), { status: error.code }));
    });
  });
  return listener;
};

const { WebSockets, ServerSentEvents, LongPolling } = signalR.HttpTransportType;

/** Listeners that hear event objects, by the name of what carries them. */
export const listeners = {
  'SignalR, as it negotiates': overSignalR('SignalR', {}),
  'SignalR over WebSocket without negotiation': overSignalR('SignalR without negotiation', { transport: WebSockets, skipNegotiation: true }),
  'SignalR over ServerSentEvents': overSignalR('SignalR over ServerSentEvents', { transport: ServerSentEvents }),
  'SignalR over LongPolling': overSignalR('SignalR over LongPolling', { transport: LongPolling }),
  'WebSocket beertap.v1': overWebSocket('WebSocket', ['beertap.v1'], (text) => text.split('\n').map((line) => JSON.parse(line))),
  'Server-Sent Events': overSse('SSE'),
};

/** Hears the original system's words. */
export const plainText = overWebSocket('plain text', [], (text) => [text]);

/** A WebSocket's answer when it is not let in: the HTTP status. */
export const refusedUpgrade = (path, query, subProtocols) => new Promise((resolve, reject) => {
  const socket = new WebSocket(address(path, query).replace(/^http/, 'ws'), subProtocols);
  socket.on('unexpected-response', (request, response) => {
    response.resume();
    request.destroy();
    resolve(response.statusCode);
  });
  socket.on('open', () => {
    socket.terminate();
    reject(new Error('the hub let it in'));
  });
  socket.on('error', reject);
});
