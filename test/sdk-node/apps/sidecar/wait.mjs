// wait: what `sidecar.wait` and `sidecar.quit` do in each state. Argument 1 is where nobody listens.

import http from 'node:http';
import net from 'node:net';
import { configure, sidecar } from '@tagalong/node';
import { listen, ownAddress, Probe, say, until } from './lib.mjs';

const refusing = process.argv[2];

/** How a promise settled, and when. */
async function outcome(promise) {
  const startMs = performance.now();
  const ms = () => Math.round(performance.now() - startMs);
  return promise.then(
    (value) => ({ value, ms: ms() }),
    (error) => ({ error: error.code ?? error.message, sent: error.sent, ms: ms() }),
  );
}

/** A refused connection has the sidecar asked at once. */
const refuse = () => net.connect(1, ownAddress()).on('error', () => {});

const found = {};
// As long as nothing is asked of the sidecar, options may change.
configure({ sidecar: 'none' });
found.none = await outcome(sidecar.wait());
found.quitNone = await outcome(sidecar.quit({ url: `${refusing}/quitquitquit` }));

const probe = await new Probe().start();
configure({ sidecar: { expect: 'expect', probe: probe.url } });
found.late = await outcome(sidecar.wait({ timeoutMs: 300 }));
found.atOnce = await outcome(sidecar.wait({ timeoutMs: 0 }));
const reason = new Error('mine');
found.aborted = await outcome(sidecar.wait({ signal: AbortSignal.abort(reason) }));
const controller = new AbortController();
const aborting = outcome(sidecar.wait({ signal: controller.signal }));
setTimeout(() => controller.abort(reason), 100);
found.abort = await aborting;
const waiting = outcome(sidecar.wait());
setTimeout(() => {
  probe.status = 200;
}, 100);
found.ready = await waiting;
found.readyAlready = await outcome(sidecar.wait({ timeoutMs: 0 }));

probe.status = 503;
refuse();
await until('it drains', () => sidecar.state === 'draining');
found.draining = await outcome(sidecar.wait());

// Gone, and another in its place.
probe.server.close();
probe.server.closeAllConnections();
await until('it is dead', () => sidecar.state === 'dead');
found.dead = await outcome(sidecar.wait({ timeoutMs: 300 }));
const again = outcome(sidecar.wait());
const second = http.createServer((_, response) => response.end());
await listen(second, probe.port, '127.0.0.1');
found.again = await again;

const asked = [];
const agent = http.createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.writeHead(request.url === '/quitquitquit' ? 200 : 404).end();
});
const agentUrl = `http://127.0.0.1:${await listen(agent, 0, '127.0.0.1')}`;
found.quit = await outcome(sidecar.quit({ url: `${agentUrl}/quitquitquit` }));
found.quitUnknown = await outcome(sidecar.quit({ url: `${agentUrl}/other` }));
found.quitRefused = await outcome(sidecar.quit({ url: `${refusing}/quitquitquit` }));
found.quitAborted = await outcome(sidecar.quit({ signal: AbortSignal.abort(reason) }));
found.quitWrong = await outcome(sidecar.quit({ url: 'ftp://a/' }));
const silent = net.createServer(() => {});
const silentUrl = `http://127.0.0.1:${await listen(silent, 0, '127.0.0.1')}/`;
found.quitAbort = await outcome(sidecar.quit({ url: silentUrl, signal: AbortSignal.timeout(100) }));
say('found', { found, asked });
process.exit(0);
