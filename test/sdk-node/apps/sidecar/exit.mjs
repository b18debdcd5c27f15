// exit: a process that comes to its end in the manner of argument 1, after it was refused by the
// address in argument 2: by then the sidecar, if there is any, is in the state that is tested.

import http from 'node:http';
import net from 'node:net';
import { say } from './lib.mjs';

const [manner, refusing] = process.argv.slice(2);
const SETTLE_MS = 250;
/** Nothing is imported: the same application runs without the SDK. */
const life = () => globalThis[Symbol.for('tagalong.node.1')]?.once.get('life');

const server = http.createServer((_, response) => setTimeout(() => response.end('hello'), 200));

function listen() {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

const manners = {
  /** Nothing more to do. */
  natural: () => {},
  timer: () => setTimeout(() => {}, 300),
  exit: () => process.exit(3),
  uncaught: () => setTimeout(() => nowhere(), 50),
  rejection: () => void Promise.reject(new Error('nobody cares')),
  SIGTERM: listen,
  'SIGTERM, handled': async () => {
    await listen();
    process.on('SIGTERM', () => server.close());
  },
  /** Of a server whose request is under way, on a connection that the client keeps. */
  close: async () => {
    await listen();
    server.once('request', () => server.close());
  },
};

const pause = () => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
await pause();
const { hostname, port } = new URL(refusing);
net.connect(port, hostname).on('error', () => {});
await pause();
process.on('exit', (code) => say('exit', { code }));
const before = manner === 'exit' || manner === 'rejection' ? undefined : await manners[manner]();
// What keeps the process alive; not what it writes to.
const alive = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
say('runs', { port: server.address()?.port, state: life()?.state, alive });
if (before === undefined && /^(exit|rejection)$/.test(manner)) manners[manner]();
