// The page listens like any other screen: an EventSource comes back by itself with the position it stopped at (Last-Event-ID).
const most = 50; // events shown
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

async function snapshot() {
  const answer = await fetch('api/reports/share');
  if (answer.ok) report((await answer.json()).report);
}

const feed = new EventSource('api/events/stream');
const on = (name, then) => feed.addEventListener(name, message => then(JSON.parse(message.data)));
feed.onopen = () => { $('state').textContent = 'live'; snapshot(); };
feed.onerror = () => { $('state').textContent = 'offline, coming back…'; };
on('beerPoured', ({ beer }) => show(`${time.format(new Date(beer.timestamp))} Tap ${beer.tapId} poured a ${beer.type} (${number.format(beer.volume)} ml), beer ${beer.id}`));
on('beerDeleted', ({ id }) => show(`Beer ${id} was deleted`));
on('shareReport', ({ report: shares }) => report(shares));
on('reload', () => { $('events').replaceChildren(); snapshot(); });

$('pour').addEventListener('submit', async submitted => {
  submitted.preventDefault();
  const fields = new FormData($('pour'));
  const key = fields.get('key').trim();
  const headers = { 'Content-Type': 'application/json', ...(key && { 'X-Api-Key': key }) };
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
