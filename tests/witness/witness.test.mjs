// Clients that BeerTap's makers did not write listen to a running hub and say what they heard.
//   BASE_URL=http://localhost:8338 node --test witness.test.mjs
// Every test pours at a tap of its own, so it may run on a hub that holds beers and hears other taps.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { BASE_URL, listeners, plainText, refusedUpgrade } from './listeners.mjs';

const TIMEOUT = { timeout: 60_000 };
const open = new Set();

/** Every connection ends with its test, also with one that fails. */
const listening = async (listen, ...args) => {
  const listener = await listen(...args);
  open.add(listener);
  return listener;
};

const leave = async (listener) => {
  open.delete(listener);
  await listener.close();
};

after(() => Promise.allSettled([...open].map((listener) => listener.close())));

let taps = 100_000 + Math.floor(Math.random() * 2_000_000_000);
const newTap = () => taps++;

const api = async (method, path, body) => {
  const answer = await fetch(BASE_URL + path, {
    method,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) };
};

const pour = async (tapId, volume) => {
  const { status, body } = await api('POST', '/api/beers', { tapId, volume });
  assert.equal(status, 201, JSON.stringify(body));
  return body.beer;
};

const remove = async (id) => assert.equal((await api('DELETE', `/api/beers/${id}`)).status, 204);

const epochOf = (position) => position.split('-')[0];
const seqOf = (position) => Number(position.split('-')[1]);

// Kinds of events that are not known here have positions too: which these are, the log itself says.
const assertUnbroken = async (events, from) => {
  const { body } = await api('GET', `/api/events?limit=1000&after=${from}`);
  const last = seqOf(events.at(-1).position);
  assert.deepEqual(body.events.map((event) => seqOf(event.position)), body.events.map((_, i) => seqOf(from) + 1 + i), 'positions go on by one');
  assert.deepEqual(
    events.map((event) => event.position),
    body.events.filter((event) => ['beerPoured', 'beerDeleted'].includes(event.event) && seqOf(event.position) <= last).map((event) => event.position),
    'every pour and deletion since the welcome is heard once');
};

for (const [name, listen] of Object.entries(listeners)) {
  test(`${name}: hears a welcome first, then each pour and deletion at the next position`, TIMEOUT, async () => {
    const listener = await listening(listen, {});
    const welcome = await listener.named('welcome');
    assert.deepEqual(Object.keys(welcome).sort(), ['epoch', 'event', 'position']);
    assert.equal(welcome.epoch, epochOf(welcome.position));

    const tap = newTap();
    const beers = [await pour(tap, 200), await pour(tap, 500), await pour(tap, 900)];
    await remove(beers[1].id);
    await listener.deleted(beers[1].id);

    assert.equal(listener.heard[0], welcome, 'the welcome comes first');
    await assertUnbroken(listener.log, welcome.position);
    const ours = listener.log.filter((event) => event.beer?.tapId === tap || event.id === beers[1].id);
    assert.deepEqual(ours.slice(0, 3), beers.map((beer) => ({ event: 'beerPoured', position: `${welcome.epoch}-${beer.id}`, beer })));
    assert.deepEqual(ours.slice(3), [{ event: 'beerDeleted', position: ours[3].position, id: beers[1].id }]);
    await leave(listener);
  });

  test(`${name}: comes back with its position and hears exactly what it missed`, TIMEOUT, async () => {
    const tap = newTap();
    const before = await listening(listen, { tapId: tap });
    await before.named('welcome');
    const { position } = await before.poured((await pour(tap, 300)).id);
    await leave(before);

    const missed = [await pour(tap, 301), await pour(tap, 302)];
    await remove(missed[0].id);

    const back = await listening(listen, { tapId: tap, after: position });
    const welcome = await back.named('welcome');
    assert.equal(welcome.position, position, 'the welcome tells where it goes on');
    await back.deleted(missed[0].id);
    const live = await pour(tap, 303);
    await back.poured(live.id);

    assert.equal(back.heard[0], welcome, 'the welcome comes first');
    await assertUnbroken(back.log, position);
    assert.deepEqual(
      back.log.filter((event) => event.beer?.tapId === tap || event.id === missed[0].id).map((event) => event.beer ?? event.id),
      [...missed, missed[0].id, live]);
    await leave(back);
  });

  test(`${name}: is told to reload when its position is of another log, or from the future`, TIMEOUT, async () => {
    const { position } = (await api('GET', '/api/events')).body;
    for (const elsewhere of ['someotherlog-1', `${epochOf(position)}-999999999999`]) {
      const listener = await listening(listen, { after: elsewhere });
      const reload = await listener.named('reload');
      assert.deepEqual(listener.heard.slice(0, 2).map((event) => event.event), ['welcome', 'reload']);
      assert.deepEqual(reload, { event: 'reload', position: listener.heard[0].position });

      const beer = await pour(newTap(), 400);
      const poured = await listener.poured(beer.id);
      assert.ok(seqOf(poured.position) > seqOf(reload.position), 'it goes on from where it was told');
      await assertUnbroken(listener.log.slice(1), reload.position);
      await leave(listener);
    }
  });

  test(`${name}: is refused with 400 when its position is none`, TIMEOUT, async () => {
    // A WebSocket client is told the status by ws alone; the others put it into words.
    if (name.startsWith('WebSocket')) {
      assert.equal(await refusedUpgrade('/sockets/beers', { after: 'yesterday' }, ['beertap.v1']), 400);
      return;
    }

    const fault = await listen({ after: 'yesterday' }).then(() => assert.fail('it was let in'), (error) => error);
    if (name.includes('without negotiation')) assert.equal(await refusedUpgrade('/hubs/taps', { after: 'yesterday' }, []), 400);
    else assert.match(`${fault.status} ${fault.statusCode} ${fault.message}`, /\b400\b/);
  });
}

test('Server-Sent Events: Last-Event-ID is newer than the position in the address', TIMEOUT, async () => {
  const tap = newTap();
  const start = (await api('GET', '/api/events')).body.position;
  const [first, second] = [await pour(tap, 500), await pour(tap, 501)];
  const listener = await listening(listeners['Server-Sent Events'], { after: start }, { 'Last-Event-ID': `${epochOf(start)}-${first.id}` });
  await listener.poured(second.id);
  assert.ok(!listener.log.some((event) => event.beer?.id === first.id), 'what the Last-Event-ID says was heard is not told again');
  await leave(listener);
});

test('the journey: one post is seen by every listener at once, as the same object at the same position', TIMEOUT, async () => {
  const names = Object.keys(listeners);
  const all = await Promise.all(names.map((name) => listening(listeners[name], {})));
  const original = await listening(plainText, {});
  await Promise.all(all.map((listener) => listener.named('welcome')));

  // The plain text has no welcome: that it listens is known by what it hears.
  const tap = newTap();
  const warmUp = await pour(tap, 150);
  await original.first('the first pour', (words) => words.includes(`(id: ${warmUp.id})`));

  const beer = await pour(tap, 330.5);
  const seen = await Promise.all(all.map((listener) => listener.poured(beer.id)));
  const words = await original.first('the pour', (text) => text.includes(`(id: ${beer.id})`));

  const expected = { event: 'beerPoured', position: `${epochOf(seen[0].position)}-${beer.id}`, beer };
  seen.forEach((event, i) => assert.deepEqual(event, expected, names[i]));
  assert.equal(words, `Tap with id ${tap} posted a new beer (id: ${beer.id})!`);

  await remove(beer.id);
  const deletions = await Promise.all(all.map((listener) => listener.deleted(beer.id)));
  deletions.forEach((event, i) => assert.deepEqual(event, deletions[0], names[i]));
  await original.first('the deletion', (text) => text === `Beer ${beer.id} deleted from the collection`);

  for (const listener of all) {
    const told = listener.log.filter((event) => event.beer?.id === beer.id || event.id === beer.id);
    assert.equal(told.length, 2, `${listener.name} hears the pour and the deletion once`);
  }
  assert.equal(original.heard.filter((text) => text === words).length, 1, 'plain text hears the pour once');
  await Promise.all([...all, original].map(leave));
});

test('a share report reaches every listener, and the plain text in the original system\'s words', TIMEOUT, async () => {
  const names = Object.keys(listeners);
  const all = await Promise.all(names.map((name) => listening(listeners[name], {})));
  const original = await listening(plainText, {});
  await Promise.all(all.map((listener) => listener.named('welcome')));

  const tap = newTap();
  // So many that the tap is among the leading ones, which a report names.
  const pours = 500;
  const batch = await api('POST', '/api/beers/batch', { beers: Array.from({ length: pours }, () => ({ tapId: tap, volume: 500 })) });
  assert.deepEqual(batch.body.results.map((result) => result.status), Array(pours).fill(201));
  const last = batch.body.results.at(-1).beer.id;

  const isOurs = (event) => event.event === 'shareReport' && seqOf(event.position) >= last;
  const reports = await Promise.all(all.map((listener) => listener.first('a share report of these pours', isOurs)));
  for (const { report } of reports) {
    assert.equal(report.taps.reduce((sum, share) => sum + share.beers, report.others?.beers ?? 0), report.totalBeers);
    const ours = report.taps.find((share) => share.tapId === tap);
    assert.deepEqual(ours, { tapId: tap, beers: pours, share: ours.share, totalVolume: pours * 500 });
    assert.ok(Math.abs(ours.share - (100 * pours) / report.totalBeers) < 0.00501, `${ours.share} % of ${report.totalBeers}`);
  }

  const text = await original.first('the share report', (words) => words.startsWith('{') && `tap ${tap}` in JSON.parse(words));
  const shares = JSON.parse(text);
  assert.ok(shares['total beers'] >= 10);
  assert.match(shares[`tap ${tap}`], /^\d+\.\d%$/);
  await Promise.all([...all, original].map(leave));
});

test('a tap is connected while it listens under its id', TIMEOUT, async () => {
  const tap = newTap();
  const connected = async () => (await api('GET', `/api/taps/${tap}`)).body.tap?.connected ?? false;
  assert.equal(await connected(), false);
  const listener = await listening(listeners['SignalR, as it negotiates'], { tapId: tap });
  await listener.named('welcome');
  assert.equal(await connected(), true);
  await leave(listener);

  // The hub learns of the end a moment after the client: asked until it says so, at most for the test's time.
  while (await connected()) await new Promise(setImmediate);
});

test('plain text comes back with a position too', TIMEOUT, async () => {
  const tap = newTap();
  const { position } = (await api('GET', '/api/events')).body;
  const beers = [await pour(tap, 250), await pour(tap, 251)];
  const listener = await listening(plainText, { after: position });
  const lines = beers.map((beer) => `Tap with id ${tap} posted a new beer (id: ${beer.id})!`);
  await listener.first('the second pour', (words) => words === lines[1]);
  assert.deepEqual(listener.heard.filter((words) => words.includes(`id ${tap} `)), lines);
  await leave(listener);
});

test('a sub-protocol nobody speaks is refused with 400, a bad tap id as well', TIMEOUT, async () => {
  assert.equal(await refusedUpgrade('/sockets/beers', {}, ['beertap.v99']), 400);
  assert.equal(await refusedUpgrade('/sockets/beers', { tapId: '0' }, []), 400);
  assert.equal(await refusedUpgrade('/sockets/beers', { after: 'yesterday' }, []), 400);
});

test('a refused negotiation names the field', TIMEOUT, async () => {
  const { status, body } = await api('POST', '/hubs/taps/negotiate?negotiateVersion=1&after=yesterday');
  assert.equal(status, 400);
  assert.equal(body.type, 'urn:beertap:problem:invalid-fields');
  assert.ok(body.errors.after.length > 0);
});
