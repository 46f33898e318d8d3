// Clients that BeerTap's makers did not write, while the hub is stopped and started again: the hub is the test's own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as signalR from '@microsoft/signalr';
import { EventSource } from 'eventsource';
import WebSocket from 'ws';
import { Hub, until } from '../browser/hub.mjs';

const SOURCES = 20;

test('EventSource and SignalR clients come back after a restart whose drain they fall into', { timeout: 180_000 }, async () => {
  const hub = await Hub.start('--Live:DrainSpread=00:00:02', '--Live:DrainTimeout=00:00:03');
  const sources = Array.from({ length: SOURCES }, () => {
    const source = new EventSource(`${hub.url}/api/events/stream`);
    const heard = { source, positions: [], welcomes: 0 };
    source.addEventListener('welcome', () => heard.welcomes++);
    source.addEventListener('beerPoured', ({ lastEventId }) => heard.positions.push(Number(lastEventId.split('-')[1])));
    return heard;
  });
  const connection = new signalR.HubConnectionBuilder()
    .withUrl(`${hub.url}/hubs/taps`)
    .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 500 })
    .configureLogging(signalR.LogLevel.None)
    .build();
  let welcomes = 0;
  connection.on('welcome', () => welcomes++);
  try {
    await connection.start();
    await until('all to listen', () => welcomes === 1 && sources.every((heard) => heard.welcomes === 1));

    // A WebSocket that does not close its side makes the drain last as long as the longest time to come back.
    const stuck = new WebSocket(`${hub.url.replace('http', 'ws')}/sockets/beers`, ['beertap.v1']);
    stuck.on('error', () => {});
    await new Promise((resolve) => stuck.once('message', resolve));
    stuck.pause();
    await hub.curl(1, 500);
    await hub.stop();
    await hub.start();
    await hub.curl(1, 501);
    await until('all to come back', () => {
      const dead = sources.filter(({ source }) => source.readyState === EventSource.CLOSED).length;
      assert.equal(dead, 0, `${dead} of ${SOURCES} EventSources are over for good`);
      return welcomes === 2 && sources.every((heard) => heard.positions.length === 2);
    }, 60_000);
    for (const { positions } of sources) assert.deepEqual(positions, [1, 2]);
  } finally {
    for (const { source } of sources) source.close();
    await connection.stop();
    await hub.end();
  }
});
