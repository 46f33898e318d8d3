// The reader's key: for this tab only (sessionStorage), never in the page's own address.
import { $ } from './draw.js';

const place = 'beertap.key';
const changes = new EventTarget();
let asking = null;

export const key = () => sessionStorage.getItem(place) ?? '';
export const onKey = heard => changes.addEventListener('key', heard);

function keep(text) {
  if (text) sessionStorage.setItem(place, text);
  else sessionStorage.removeItem(place);
  showRole();
  changes.dispatchEvent(new Event('key'));
}

/** @param role of the key, as far as the hub has said */
export function showRole(role) {
  $('open-key').textContent = key() ? `Key: ${role ?? 'set'}` : 'Key';
}

/** Asks for a key. One question at a time: who asks meanwhile gets the same answer. @returns 'given', 'forgotten', or '' for neither */
export function askForKey(why) {
  asking ??= new Promise(answer => {
    $('key-why').textContent = why;
    $('key-forget').hidden = !key();
    $('key-form').reset();
    $('key').returnValue = '';
    $('key').showModal();
    $('key').addEventListener('close', () => {
      asking = null;
      answer($('key').returnValue);
    }, { once: true });
  });
  return asking;
}

const end = how => $('key').close(how);

export function startKeys() {
  showRole();
  $('open-key').addEventListener('click', () => askForKey('With a key the page offers what its role may do: an operator\'s key pours and deletes.'));
  $('key').addEventListener('cancel', () => { $('key').returnValue = ''; });
  $('key-cancel').addEventListener('click', () => end(''));
  $('key-forget').addEventListener('click', () => {
    keep('');
    end('forgotten');
  });
  $('key-form').addEventListener('submit', submitted => {
    submitted.preventDefault();
    keep(new FormData($('key-form')).get('key').trim());
    end('given');
  });
}
