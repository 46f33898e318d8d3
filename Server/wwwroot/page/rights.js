// What the reader may do, as the hub says of the key that the page has, or of none: what would be refused is not offered.
import { Refused, get } from './api.js';
import { $ } from './draw.js';
import { key, showRole } from './keys.js';

let turn = 0;

function show({ role, may }) {
  $('open-pour').hidden = !may.includes('pour');
  $('beer-delete').hidden = !may.includes('delete');
  showRole(role);
}

/** Asks anew: keys are made and revoked meanwhile. @throws Refused when the reader may not read */
export async function askRights() {
  const mine = ++turn;
  const caller = await get('api/me');
  if (mine === turn) show(caller);
  if (!caller.may.includes('read')) throw new Refused(key() ? 403 : 401, { title: 'The key may not read.' });
}
