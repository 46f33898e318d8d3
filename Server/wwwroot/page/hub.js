// Which hub the page talks to: the one it came from, or another that shares its log and that the first sent the page to when it went away. Only
// where the browser lets it: that is to origins in Security:Origins of both, which this hub's content security policy and the other's CORS say.
const patience = 3_000; // ms
const enough = 3; // tries that nobody answered, then the hub before is tried again

let now = '', before = null, misses = 0;

/** The address of a call. */
export const at = path => now + path;

/** Goes where a hub sends the page, unless that is no place for it. */
export async function follow(to) {
  try {
    const { origin, pathname, protocol } = new URL(to);
    if (!/^https?:$/.test(protocol)) return;
    const place = origin === location.origin ? '' : origin + pathname.replace(/\/?$/, '/');

    // Without the key: first it must be a hub that the browser lets the page read.
    if (place && !(await fetch(`${place}health/live`, { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(patience) })).ok) return;
    if (place !== now) [now, before, misses] = [place, now, 0];
  } catch {
    // Not there, or the browser forbids it: the page stays where it is.
  }
}

export function reached() { misses = 0; }

/** Nobody answered. */
export function missed() {
  if (before !== null && ++misses >= enough) [now, before, misses] = [before, now, 0];
}
