// Pours a beer by hand. A pour that got no answer keeps its pourId, so that sent again it is the same beer.
import { callAsking, faultOf } from './api.js';
import { $, write } from './draw.js';
import { number } from './words.js';

let unanswered = null;

// crypto.randomUUID would need TLS.
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('');

export function startPour() {
  $('open-pour').addEventListener('click', () => {
    write($('pour-said'), '');
    write($('pour-fault'), '');
    $('pour').showModal();
  });
  $('pour-close').addEventListener('click', () => $('pour').close());
  $('pour-form').addEventListener('submit', async submitted => {
    submitted.preventDefault();
    const fields = new FormData($('pour-form'));
    const pour = { tapId: Number(fields.get('tapId')), volume: Number(fields.get('volume')) };
    const same = unanswered?.tapId === pour.tapId && unanswered.volume === pour.volume;
    const body = unanswered = { ...pour, pourId: same ? unanswered.pourId : newId() };
    const answered = () => { if (unanswered === body) unanswered = null; };
    write($('pour-said'), '');
    write($('pour-fault'), '');
    try {
      const answer = await callAsking('api/beers', { method: 'POST', body });
      answered();
      if (!answer) return;
      const { beer } = answer.json;
      write($('pour-said'), `Poured: a ${beer.type}, beer ${number(beer.id)}.`);
    } catch (fault) {
      // Above that it may be stored all the same: a proxy gave up on the hub.
      if (fault.status < 500) answered();
      write($('pour-fault'), faultOf(fault));
    }
  });
}
