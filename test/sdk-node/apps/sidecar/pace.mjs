// pace: how often the sidecar is asked, at an address where connections are held.

import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import net from 'node:net';
import { configure, sidecar } from '@tagalong/node';
import { listen, ownAddress, say, until } from './lib.mjs';

const host = ownAddress();
let asked = [];
let status = 503;
const probe = http.createServer((_, response) => {
  asked.push(performance.now());
  response.writeHead(status).end();
});
const port = await listen(probe);
const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
const storage = new AsyncLocalStorage();
const contexts = [];
subscribe('tagalong:sidecar', ({ from }) => {
  // By `configure`, where it is called.
  if (from !== 'none') contexts.push(storage.getStore() ?? 'none');
});
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const refuse = () => storage.run('a request', () => net.connect(1, host).on('error', () => {}));

storage.run('a request', () => {
  configure({ sidecar: { expect: 'expect', probe: `http://${authority}/`, holdMs: 0 } });
});
await pause(1_000);
const starting = asked.length;
status = 200;
await until('ready', () => sidecar.state === 'ready');
asked = [];
await pause(3_000);
const ready = asked.length;
for (let i = 0; i < 200; i++) {
  refuse();
  await pause(5);
}
const gaps = asked.slice(1).map((ms, i) => Math.round(ms - asked[i]));
const refused = asked.length;
status = 503;
refuse();
await until('draining', () => sidecar.state === 'draining');
say('paces', { starting, ready, refused, gaps, contexts });
