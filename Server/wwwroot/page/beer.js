// One beer, and taking it out.
import { callAsking, faultOf } from './api.js';
import { askRights } from './rights.js';
import { find } from './beers.js';
import { $, make, write } from './draw.js';
import { millilitres, moment, number } from './words.js';

let shown = null;

export function startBeer(say) {
  const look = asking => {
    $('beer-ask').hidden = !asking;
    $('beer-look').hidden = asking;
  };

  $('beer-close').addEventListener('click', () => $('beer').close());
  $('beer').addEventListener('close', () => {
    shown = null;
    look(false);
  });
  $('beer-keep').addEventListener('click', () => {
    look(false);
    $('beer-delete').focus();
  });
  $('beer-delete').addEventListener('click', () => {
    write($('beer-question'), `Take beer ${number(shown)} out of the collection? It no longer counts, and this cannot be undone.`);
    look(true);
    $('beer-keep').focus();
  });
  $('beer-really').addEventListener('click', async () => {
    const id = shown;
    write($('beer-fault'), '');
    try {
      const answer = await callAsking(`api/beers/${id}`, { method: 'DELETE' });
      if (!answer) return;
      $('beer').close();
      say(`Beer ${number(id)} was deleted.`);
    } catch (fault) {
      look(false);
      write($('beer-fault'), faultOf(fault));
    }
  });
}

export async function openBeer(beer) {
  shown = beer.id;
  write($('beer-title'), `Beer ${number(beer.id)}`);
  write($('beer-fault'), '');
  $('beer-delete').disabled = false;
  describe(beer);
  $('beer').showModal();
  try {
    const [found] = await Promise.all([find(beer.id), askRights()]);
    if (shown === beer.id) describe(found);
  } catch (fault) {
    if (shown !== beer.id) return;
    write($('beer-fault'), fault.status === 404 ? 'It was deleted.' : faultOf(fault));
    $('beer-delete').disabled = fault.status === 404;
  }
}

/** Somebody took a beer out. */
export function beerGone(id) {
  if (shown !== id) return;
  write($('beer-fault'), 'It was deleted.');
  $('beer-delete').disabled = true;
}

function describe({ type, volume, tapId, timestamp }) {
  const facts = type ? [['Poured', moment(new Date(timestamp))], ['Tap', number(tapId)], ['Glass', type], ['Volume', millilitres(volume)]] : [];
  $('beer-facts').replaceChildren(...facts.flatMap(([name, fact]) => [make('dt', '', name), make('dd', '', fact)]));
}
