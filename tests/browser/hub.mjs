// A hub of the test's own, as built: a process with a store in a temporary folder, which can be killed and started again.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const program = process.env.HUB_DLL ?? fileURLToPath(new URL('../../Server/bin/Debug/net10.0/BeerTap.Server.dll', import.meta.url));

const freePort = () => new Promise(done => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

/** Waits for what must become true, and says what it waited for when it does not. */
export async function until(what, holds, patience = 20_000) {
  for (const end = Date.now() + patience; ;) {
    const held = await holds();
    if (held) return held;
    if (Date.now() > end) throw new Error(`waited for: ${what}`);
    await new Promise(done => setTimeout(done, 50));
  }
}

export class Hub {
  #process;
  #said = '';
  #folders = [];

  constructor(port, settings) { Object.assign(this, { port, settings, url: `http://127.0.0.1:${port}` }); }

  static freePort = freePort;

  static async start(...settings) { return Hub.startAt(await freePort(), ...settings); }

  static async startAt(port, ...settings) {
    const hub = new Hub(port, settings);
    await hub.newStore();
    await hub.start();
    return hub;
  }

  async newStore() {
    this.folder = await mkdtemp(join(tmpdir(), 'beertap-browser-'));
    this.#folders.push(this.folder);
  }

  /** Makes a key; the hub asks for keys from then on. */
  async key(...options) {
    const { stdout } = await run('dotnet', [program, 'keys', 'add', ...options, `--Storage:Path=${this.folder}`]);
    return stdout.trim();
  }

  async start() {
    this.#process = spawn('dotnet', [program, `--urls=${this.url}`, `--Storage:Path=${this.folder}`, '--Logging:Level=Warning', ...this.settings]);
    for (const out of [this.#process.stdout, this.#process.stderr]) out.on('data', text => { this.#said += text; });
    await until('the hub to be ready', async () => {
      if (this.#process.exitCode !== null) throw new Error(`the hub ended: ${this.#said}`);
      return (await fetch(`${this.url}/health/ready`).catch(() => null))?.ok;
    });
  }

  async stop(signal = 'SIGTERM') {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode) return;
    const ended = new Promise(done => this.#process.once('exit', done));
    this.#process.kill(signal);
    await ended;
  }

  async end() {
    await this.stop('SIGKILL');
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async get(path) { return (await fetch(this.url + path)).json(); }

  /** Pours as a device does: with curl. */
  async curl(tapId, volume, key) {
    const { stdout } = await run('curl', ['-sf', `${this.url}/api/beers`, '-H', 'Content-Type: application/json', ...(key ? ['-H', `X-Api-Key: ${key}`] : []), '-d', JSON.stringify({ tapId, volume })]);
    return JSON.parse(stdout).beer;
  }

  async pourMany(beers) {
    for (let i = 0; i < beers.length; i += 500) {
      const answer = await fetch(`${this.url}/api/beers/batch`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ beers: beers.slice(i, i + 500) }) });
      if (!answer.ok) throw new Error(`a batch was answered ${answer.status}`);
    }
  }
}
