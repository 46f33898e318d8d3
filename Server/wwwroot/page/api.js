// The hub's REST API.
import { at } from './hub.js';
import { askForKey, key } from './keys.js';

const patience = 15_000; // ms

/** The hub's refusal: status, and what the problem says. */
export class Refused extends Error {
  constructor(status, problem, retryAfter) {
    const faults = Object.entries(problem.errors ?? {}).map(([field, said]) => `${field} ${said.join(' ')}`);
    super(faults.join(' ') || problem.detail || problem.title || `The hub answers ${status}.`);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** It is about who asks. */
  get wantsKey() { return this.status === 401 || this.status === 403; }
}

/** @returns what the hub answers: the JSON, and the headers */
export async function call(path, { method = 'GET', body } = {}) {
  const headers = {};
  if (key()) headers.Authorization = `Bearer ${key()}`;
  if (body) headers['Content-Type'] = 'application/json';
  const answer = await fetch(at(path), { method, headers, body: body && JSON.stringify(body), cache: 'no-store', signal: AbortSignal.timeout(patience) });
  const text = await answer.text();
  let json = {};
  try { json = text ? JSON.parse(text) : {}; } catch { /* no problem details: the status says it */ }
  if (!answer.ok) throw new Refused(answer.status, json, Number(answer.headers.get('Retry-After')) * 1000 || undefined);
  return { json, headers: answer.headers };
}

export const get = async path => (await call(path)).json;

/** Does what may need another key, and asks for it. @returns the answer, or null when the reader gave none */
export async function callAsking(path, options) {
  for (; ;) {
    try {
      return await call(path, options);
    } catch (fault) {
      if (!fault.wantsKey) throw fault;
      const why = fault.status === 403 ? `The key may not do that. ${fault.message}` : key() ? 'The hub does not know this key.' : 'The hub asks for a key to do that.';
      if (await askForKey(why) !== 'given') return null;
    }
  }
}

/** What to tell of a call that failed. */
export const faultOf = fault => fault instanceof Refused ? fault.message : 'The hub does not answer.';
