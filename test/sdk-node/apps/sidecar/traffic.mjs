// traffic: calls through the proxy at TAGALONG_PROXY, each on a connection of its own, one every
// 40 ms; a call that takes 4 s begins whenever the sidecar is ready. Tells how each ended.

import { subscribe } from 'node:diagnostics_channel';
import http from 'node:http';
import { sidecar } from '@tagalong/node';
import { say } from './lib.mjs';

const proxy = new URL(process.env.TAGALONG_PROXY);
const PACE_MS = 40;

function call(path, is) {
  const startMs = performance.now();
  const told = (more) => say(is, { startMs, endMs: performance.now(), ...more });
  const options = { host: proxy.hostname, port: proxy.port, path, agent: false };
  http
    .get(options, (response) => {
      response.resume();
      response.on('end', () => told({ status: response.statusCode }));
      response.on('error', ({ code }) => told({ error: code }));
    })
    .on('error', ({ code }) => told({ error: code }));
}

subscribe('tagalong:sidecar', (message) => {
  say('state', { ...message, atMs: performance.now() });
  if (message.to === 'ready') call('/slow', 'slow');
});
say('begins', { state: sidecar.state });
setInterval(() => call('/', 'call'), PACE_MS);
