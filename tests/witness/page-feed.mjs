// The page's feed, as the hub serves it to browsers, on SignalR's client for Node.js: what it needs of a browser is made up here.
import * as signalR from '@microsoft/signalr';

/** Listens to a hub with the page's own code. @returns what the page was told: 'begin', 'back', states, and events */
export const pageFeed = async (base) => {
  const element = { addEventListener() {}, textContent: '', hidden: false };
  const { fetch } = globalThis;
  Object.assign(globalThis, {
    addEventListener() {},
    document: { getElementById: () => element, querySelector: () => element },
    location: new URL(base),
    sessionStorage: { getItem: () => null, setItem() {}, removeItem() {} },
    fetch: (path, options) => fetch(new URL(path, base), options),
    signalR: {
      ...signalR,
      HubConnectionBuilder: class extends signalR.HubConnectionBuilder {
        withUrl(path, options) { return super.withUrl(new URL(path, base).href, options); }
      },
    },
  });
  const { Feed } = await import('../../Server/wwwroot/page/feed.js');
  const told = [];
  const feed = new Feed({
    begin: () => told.push('begin'),
    back: () => told.push('back'),
    event: (event, seq) => told.push(`${event.event} ${seq}`),
    report: () => {},
    state: () => {},
  });
  feed.run();
  return told;
};
