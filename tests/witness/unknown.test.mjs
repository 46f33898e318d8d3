// The page goes on where a hub of a later version sends events and fields that it does not know.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { WebSocketServer } from 'ws';
import { pageFeed } from './page-feed.mjs';

const SEPARATOR = '\u001e';
const call = (event) => JSON.stringify({ type: 1, target: event.event, arguments: [event] }) + SEPARATOR;

/** A stream as a later hub may send it. */
const recorded = [
  { event: 'welcome', position: 'made-0', epoch: 'made', module: 'beers' },
  { event: 'beerPoured', position: 'made-1', beer: { id: 1, type: 'pint', volume: 500, timestamp: '2026-11-30T10:00:00Z', tapId: 1, celsius: 6 }, by: 'ann' },
  { event: 'kegChanged', position: 'made-2', beer: 'lager', id: 'keg-7' },
  { event: 'presence', members: [] },
  { event: 'presence', position: 'made-2', members: [] },
  { event: 'beerDeleted', position: 'made-3', id: 1 },
  { event: 'kegChanged', position: 'made-4' },
];

test('the page passes over events of unknown kinds and counts their positions', { timeout: 60_000 }, async () => {
  const asked = [];
  const server = createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(request.url.startsWith('/api/me') ? { may: ['read'] } : { events: [], position: 'made-4' }));
  });
  const sockets = new WebSocketServer({ server, path: '/hubs/taps' });
  let again;
  const cameBack = new Promise((resolve) => { again = resolve; });
  sockets.on('connection', (socket, request) => {
    asked.push(new URL(request.url, 'http://hub').searchParams.get('after'));
    socket.once('message', () => {
      if (asked.length > 1) return again();
      socket.send(`{}${SEPARATOR}${recorded.map(call).join('')}`);

      // The end of the connection: the page comes back behind the last event, which it does not know.
      return socket.send(`{"type":7,"allowReconnect":true}${SEPARATOR}`);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const told = await pageFeed(`http://127.0.0.1:${server.address().port}/`);
  await cameBack;
  assert.deepEqual(told, ['begin', 'beerPoured 1', 'beerDeleted 3']);
  assert.deepEqual(asked, [null, 'made-4']);
  sockets.close();
  server.closeAllConnections();
  server.close();

  // The page listens for as long as it is open.
  setImmediate(() => process.exit());
});
