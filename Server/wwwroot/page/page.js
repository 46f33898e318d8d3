// The page: what it knows (house), what it hears (feed), and what it shows.
import { Beers } from './beers.js';
import { beerGone, openBeer, startBeer } from './beer.js';
import { $, changed, write } from './draw.js';
import { Feed, parse } from './feed.js';
import { House } from './house.js';
import { startKeys } from './keys.js';
import { Minutes } from './minutes.js';
import { startPour } from './pour.js';
import { Glasses, Shares } from './shares.js';
import { Taps } from './taps.js';
import { beers, clock, date, number } from './words.js';
import { Refused, get } from './api.js';

const saidFor = 6_000; // ms a word to the reader stays
const readAgain = 2_000; // ms until the hub is asked again for what it refused
const newsEvery = 15_000; // ms between two words to a screen reader of what was poured

const house = new House({
  taps: id => taps.changed(id),
  totals: () => glasses.changed(),
  minutes: () => minutes.changed(),
  position: position => feed.knowsOf(position),
  failed: fault => {
    if (fault instanceof Refused) setTimeout(() => house.back(), fault.retryAfter ?? readAgain);
    else feed.doubt();
  },
});
const types = () => [...house.ever.types.keys()];
const list = new Beers(types, openBeer);
const taps = new Taps(house, id => list.choose(id));
const shares = new Shares();
const glasses = new Glasses(house, () => list.offer());
const minutes = new Minutes(house);

const feed = new Feed({
  async begin() {
    shares.forget();
    await Promise.all([house.begin(), list.anew(), readShares()]);
  },
  back() {
    house.back();
    list.back();
  },
  event(event, seq) {
    house.hear(event, seq);
    list.hear(event);
    if (event.beer) poured(event.beer);
    else beerGone(event.id);
  },
  report: ({ report, position }) => shares.take(report, parse(position).seq),
  state,
});

async function readShares() {
  try {
    const { report, position } = await get('api/reports/share');
    shares.take(report, parse(position).seq);
  } catch {
    // The next report comes by itself.
  }
}

let away = null;

function state(now, behind) {
  if (now === 'offline' || now === 'locked') away ??= new Date();
  else if (now !== 'connecting') away = null;
  $('state').dataset.state = now;
  document.body.classList.toggle('away', away !== null);
  write($('state'), {
    connecting: 'Connecting…',
    live: 'Live',
    behind: `Behind by ${number(behind)}, catching up`,
    offline: `Offline since ${clock(away ?? new Date())}, trying again`,
    locked: 'Asks for a key',
  }[now]);
  document.title = now === 'live' ? 'BeerTap' : `${$('state').textContent} · BeerTap`;
}

let lately = 0, latest, news;

function poured(beer) {
  lately++;
  latest = beer;
  news ??= setTimeout(() => {
    write($('news'), `${beers(lately)} poured, the last a ${latest.type} from tap ${latest.tapId}.`);
    lately = 0;
    news = undefined;
  }, newsEvery);
}

let silence;

function say(text) {
  write($('said'), text);
  clearTimeout(silence);
  silence = setTimeout(() => write($('said'), ''), saidFor);
}

function tick() {
  changed(showTime);
  setTimeout(tick, 1_000 - Date.now() % 1_000);
}

function showTime() {
  write($('clock'), `${date(new Date())}, ${clock(new Date())}`);
}

startKeys();
startPour();
startBeer(say);
tick();
feed.run();
