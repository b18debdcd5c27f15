// neighbours: what applications and other libraries do around the patches; nothing of it may turn
// out otherwise than in bare Node. Each check is [what came out, what is wanted].

const domain = require('node:domain');
const { EventEmitter } = require('node:events');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const found = {};
function is(name, got, want) {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  found[name] = a === b ? 'right' : `${a}, want ${b}`;
}

// --- events of the names of ours, on servers of somebody else's
for (const [event, ...args] of [
  ['request'],
  ['request', {}],
  ['request', null, null],
  ['connect', { id: 1 }],
  ['upgrade', 'text'],
  ['stream', { id: 1 }, { a: 1 }],
  ['stream', null],
]) {
  const server = new net.Server();
  let heard = 0;
  server.on(event, (...got) => {
    heard++;
    is(`arguments of ${event} ${JSON.stringify(args)}`, got, args);
    throw new Error('listener');
  });
  let thrown;
  try {
    server.emit(event, ...args);
  } catch (error) {
    thrown = error.message;
  }
  is(`listener of ${event} ${JSON.stringify(args)}`, [heard, thrown], [1, 'listener']);
}
{
  const before = EventEmitter.prototype.emit;
  new net.Server().emit('stream', {}, { ':method': 'GET' });
  new net.Server().emit('stream', new EventEmitter(), { ':method': 'GET' });
  const { middleware } = require('@tagalong/node/http');
  const request = { headers: { 'x-request-id': '1' }, emit() {} };
  middleware()(request, new EventEmitter(), () => {});
  is(
    'prototypes of everybody',
    [Object.hasOwn(Object.prototype, 'emit'), EventEmitter.prototype.emit === before],
    [false, true],
  );
}

// --- node:http that somebody has replaced; see stub.cjs
{
  let got;
  try {
    got = https.request('https://reviews') ?? null;
  } catch (error) {
    got = error.message;
  }
  is('a stub of https.request', got, null);
}

async function main() {
  const { ask, incoming, listen, report } = await import('./lib.mjs');

  // --- node:domain, loaded after us, replaces `emit` of all emitters
  {
    const server = http.createServer((request, response) => {
      const mine = domain.create();
      mine.on('error', (error) => response.end(JSON.stringify(`caught: ${error.message}`)));
      mine.add(request);
      request.emit('error', new Error('of the request'));
    });
    const port = await listen(server);
    is('domain of a request', await ask(port, { headers: incoming(1) }), 'caught: of the request');
    const failing = new http.Server();
    const caught = new Promise((resolve) => {
      const mine = domain.create();
      mine.on('error', (error) => resolve(error.message));
      mine.add(failing);
    });
    failing.on('request', (_request, response) => {
      response.end();
      throw new Error('of the handler');
    });
    await ask(await listen(failing), { headers: incoming(1) }).catch(() => {});
    is('domain of a server', await caught, 'of the handler');
  }

  // --- modules that require each other, of names that ours have: asking for an export that is not
  // there yet would earn a warning
  {
    const folder = mkdtempSync(join(tmpdir(), 'tagalong-'));
    const warnings = [];
    const listener = ({ message }) => warnings.push(message);
    process.on('warning', listener);
    for (const name of ['agent', 'channel', 'dispatcher', 'proxy-agent']) {
      writeFileSync(join(folder, `${name}.js`), `require('./of-${name}'); exports.made = 1;`);
      writeFileSync(join(folder, `of-${name}.js`), `require('./${name}');`);
      require(join(folder, name));
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    rmSync(folder, { recursive: true });
    is('modules in a circle', warnings, []);
  }

  // --- hooks of the application's run once for each module
  {
    const { registerHooks } = require('node:module');
    const folder = mkdtempSync(join(tmpdir(), 'tagalong-'));
    writeFileSync(join(folder, 'hooked.cjs'), 'module.exports = 1;');
    let resolved = 0;
    const hooks = registerHooks?.({
      resolve(specifier, context, next) {
        if (specifier.includes('hooked.cjs')) resolved++;
        return next(specifier, context);
      },
    });
    await import(`file://${join(folder, 'hooked.cjs')}`);
    hooks?.deregister();
    rmSync(folder, { recursive: true });
    is('hooks of modules', resolved, registerHooks === undefined ? 0 : 1);
  }

  // --- a request that is emitted again keeps its context: what was made for it is not made anew
  {
    const { current } = require('@tagalong/node');
    const contexts = [];
    const server = http.createServer((_request, response) => {
      contexts.push(current());
      response.end('""');
    });
    server.on('checkContinue', (request, response) => {
      contexts.push(current());
      response.writeContinue();
      server.emit('request', request, response);
    });
    const headers = { ...incoming(1), expect: '100-continue' };
    await ask(await listen(server), { method: 'POST', headers, body: 'x' });
    is('emitted again', [contexts.length, contexts[0] === contexts[1]], [2, true]);
  }

  // --- a handler that throws is run once
  {
    let runs = 0;
    const server = http.createServer((request) => {
      runs++;
      request.socket.destroy();
      throw new Error('of the handler');
    });
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    await ask(await listen(server), { headers: incoming(1) }).catch(() => {});
    is('a handler that throws', [(await uncaught).message, runs], ['of the handler', 1]);
  }
  report(found);
}
main();
