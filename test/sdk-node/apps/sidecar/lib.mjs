// lib: what the applications of these tests share.

import http from 'node:http';
import { networkInterfaces } from 'node:os';

/** Tells the test something: a line of JSON. */
export function say(is, more = {}) {
  process.stdout.write(`${JSON.stringify({ is, ...more })}\n`);
}

/**
 * An address of this machine other than loopback, where connections wait for the sidecar.
 * @throws Error there is none
 */
export function ownAddress() {
  const all = Object.values(networkInterfaces()).flat();
  const found =
    all.find(({ internal, family }) => !internal && family === 'IPv4') ??
    all.find(({ internal, scopeid }) => !internal && scopeid === 0);
  if (found === undefined) throw new Error('this machine has no address other than loopback');
  return found.address;
}

/** Listens on a port of the kernel's choice, on every address. */
export function listen(server, ...where) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(...(where.length > 0 ? where : [0]), () => resolve(server.address().port));
  });
}

/** A sidecar's probe that answers what `status` is; undefined: it is silent. */
export class Probe {
  status = 503;
  /** When it was asked, in ms. */
  asked = [];
  server = http.createServer((_, response) => {
    this.asked.push(performance.now());
    if (this.status !== undefined) response.writeHead(this.status).end();
  });

  async start() {
    this.port = await listen(this.server, 0, '127.0.0.1');
    this.server.unref();
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/healthz/ready`;
  }
}

/** Waits for a condition; throws after `ms`. */
export async function until(what, met, ms = 10_000) {
  const deadline = performance.now() + ms;
  while (!met()) {
    if (performance.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
