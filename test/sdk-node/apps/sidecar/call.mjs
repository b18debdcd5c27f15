// call: one connection to the address in argument 2, in the manner of argument 1; argument 3 are
// options for `configure`. Tells every decision, and ends when Node finds that there is no more to do.

import { subscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import net from 'node:net';
import { configure, sidecar } from '@tagalong/node';
import { Agent } from '@tagalong/node/http';
import { say } from './lib.mjs';

const [manner, address, options] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const host = hostname.replace(/^\[|\]$/g, '');
for (const name of ['tagalong:hold', 'tagalong:sidecar']) {
  subscribe(name, (message) => say(name, message));
}
if (options !== undefined) configure(JSON.parse(options));
const startMs = performance.now();
const told = (more) => say('result', { ...more, ms: performance.now() - startMs });

function attempt(connect) {
  try {
    connect().on('error', ({ code }) => told({ error: code }));
  } catch ({ code }) {
    told({ thrown: code });
  }
}

const manners = {
  http: () =>
    http
      .get(address, (response) => {
        response.resume();
        response.on('end', () => told({ status: response.statusCode }));
      })
      .on('error', ({ code }) => told({ error: code })),
  /** As `http`, and stays alive for the messages to come. */
  watch: () => {
    setInterval(() => {}, 1_000);
    manners.http();
  },
  /** A connection that is not to keep the process alive. */
  unref: () => net.connect(port, host).unref(),
  'unref, ref': () => {
    const socket = net.connect(port, host).unref().ref();
    socket.on('connect', () => {
      told({});
      socket.destroy();
    });
  },
  'unref before': () => new net.Socket().unref().connect(port, host),
  destroy: () => {
    const socket = net.connect(port, host);
    socket.on('close', () => told({ pending: socket.connecting }));
    setTimeout(() => socket.destroy(), 100);
  },
  /** A socket's own timeout, of a name that is never resolved. */
  timeout: () => {
    setInterval(() => {}, 1_000);
    const socket = net.connect({ host: 'nowhere.test', port, lookup: () => {} });
    socket.setTimeout(1_000);
    socket.on('timeout', () => {
      told({});
      process.exit();
    });
  },
  /** As the agents of this package, which wait by themselves. */
  hold: () => {
    http.get(`http://${host}:${port}/`, { agent: new Agent() }, (res) => {
      res.resume();
      told({});
    });
  },
  /** What is wrong is told when it was: at once, if so. */
  'bad port': () => attempt(() => net.connect(65_536, host)),
  'no port': () => attempt(() => net.connect({ host })),
  'bad family': () => attempt(() => net.connect({ host, port, localAddress: 'nowhere' })),
  /** Nobody listens for the error: the process is to end of it. */
  unhandled: () => net.connect(port, host),
  state: () => say('state', { state: sidecar.state }),
};
say('begins', { state: sidecar.state });
manners[manner]();
