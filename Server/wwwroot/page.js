// The page listens like any other screen and comes back with the position it stopped at (Last-Event-ID). Not by an EventSource: that can send no
// header, so the key would have to stand in the address.
const most = 50, atFirst = 10; // events shown; beers shown at first
const silence = 45_000; // ms; the hub says something every 15 s
const waits = { first: 500, most: 15_000 }; // ms between tries
const $ = id => document.getElementById(id);
const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const number = new Intl.NumberFormat();

function item(text) {
  const li = document.createElement('li');
  li.textContent = text;
  return li;
}

function show(text) {
  $('events').prepend(item(text));
  while ($('events').childElementCount > most) $('events').lastElementChild.remove();
}

function report({ totalBeers, taps }) {
  $('total').textContent = totalBeers ? `${number.format(totalBeers)} beers` : 'No beers yet.';
  $('shares').replaceChildren(...taps.map(tap => {
    const li = item(`Tap ${tap.tapId}: ${tap.share.toFixed(2)} % (${number.format(tap.beers)} beers, ${number.format(tap.totalVolume / 1000)} l)`);
    const meter = document.createElement('meter');
    Object.assign(meter, { min: 0, max: 100, value: tap.share });
    meter.setAttribute('aria-hidden', 'true'); // the text says the same
    li.append(meter);
    return li;
  }));
}

const keyField = $('pour').elements.key;
const keyHeader = () => keyField.value.trim() && { 'X-Api-Key': keyField.value.trim() };
const poured = beer => `${time.format(new Date(beer.timestamp))} Tap ${beer.tapId} poured a ${beer.type} (${number.format(beer.volume)} ml), beer ${beer.id}`;

async function get(path) {
  const answer = await fetch(path, { headers: { ...keyHeader() } });
  return answer.ok ? answer.json() : {};
}

async function showReport() {
  const shares = (await get('api/reports/share')).report;
  if (shares) report(shares);
}

// Later ones are heard.
async function showLatest(position) {
  const head = Number(position.split('-')[1]);
  const { beers = [] } = await get(`api/beers?order=desc&page_size=${atFirst}`);
  $('events').append(...beers.filter(beer => beer.id <= head).map(beer => item(poured(beer))));
}

let last, retry, tries = 0, wake;
const hear = {
  welcome({ position }) {
    $('state').textContent = 'live';
    showReport();
    if (!last) showLatest(position);
  },
  beerPoured: ({ beer }) => show(poured(beer)),
  beerDeleted: ({ id }) => show(`Beer ${id} was deleted`),
  shareReport: ({ report: shares }) => report(shares),
  reload({ position }) {
    $('events').replaceChildren();
    showReport();
    showLatest(position);
  },
  closing({ retryAfterMs }) { retry = retryAfterMs; },
};

// An event is lines of 'name: value'; a comment has no name and is a sign of life.
function take(lines) {
  const { event, id, data } = Object.fromEntries(lines.split('\n').map(line => line.split(/: ?(.*)/s)));
  if (!data) return;
  hear[event]?.(JSON.parse(data));
  last = id ?? last;
}

// Until the connection ends; tells why there was none.
async function listen() {
  const headers = { ...keyHeader(), ...(last && { 'Last-Event-ID': last }) };
  const answer = await fetch('api/events/stream', { headers, cache: 'no-store', signal: wake.signal });
  if (!answer.ok) return answer.status === 401 || answer.status === 403 ? 'this hub asks for a key' : `the hub answers ${answer.status}`;
  const text = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ''; ;) {
    const alarm = setTimeout(() => wake.abort(), silence);
    const { done, value } = await text.read().finally(() => clearTimeout(alarm));
    if (done) return null;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    events.forEach(take);
  }
}

$('pour').addEventListener('submit', async submitted => {
  submitted.preventDefault();
  const fields = new FormData($('pour'));
  const headers = { 'Content-Type': 'application/json', ...keyHeader() };
  const pour = { tapId: Number(fields.get('tapId')), volume: Number(fields.get('volume')) };
  try {
    const answer = await fetch('api/beers', { method: 'POST', headers, body: JSON.stringify(pour) });
    const said = await answer.json();
    $('answer').textContent = answer.ok
      ? `A ${said.beer.type}, beer ${said.beer.id}.`
      : Object.entries(said.errors ?? { '': [said.title] }).map(([field, faults]) => `${field} ${faults.join(' ')}`).join('; ');
  } catch {
    $('answer').textContent = 'The hub does not answer.';
  }
});

keyField.addEventListener('change', () => {
  tries = 0;
  wake.abort();
});

for (; ;) {
  const began = performance.now();
  wake = new AbortController();
  retry = undefined;
  const why = await listen().catch(() => null);
  $('state').textContent = why ?? 'offline, coming back…';
  if (performance.now() - began > waits.most) tries = 0;
  wake = new AbortController();

  // At random, so that not all pages come back together.
  const pause = retry ?? Math.min(waits.first * 2 ** tries++, waits.most) * Math.random();
  await new Promise(done => {
    wake.signal.addEventListener('abort', done);
    setTimeout(done, pause);
  });
}
