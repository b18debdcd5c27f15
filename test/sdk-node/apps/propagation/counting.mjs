// counting: notes what stands before `register` replaces it, and counts runs of AsyncLocalStorage.

import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import Module from 'node:module';
import net from 'node:net';
import tls from 'node:tls';

const places = {
  http,
  https,
  http2,
  net,
  tls,
  Module,
  'net.Server': net.Server.prototype,
  'net.Socket': net.Socket.prototype,
  'tls.TLSSocket': tls.TLSSocket.prototype,
  'http.Server': http.Server.prototype,
  'http.Agent': http.Agent.prototype,
  'http.IncomingMessage': http.IncomingMessage.prototype,
  'http.OutgoingMessage': http.OutgoingMessage.prototype,
  'http.ServerResponse': http.ServerResponse.prototype,
  'http.ClientRequest': http.ClientRequest.prototype,
};
const snapshot = () => {
  const all = new Map([['fetch', globalThis.fetch]]);
  for (const [name, place] of Object.entries(places)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(place))) {
      if (typeof value === 'function') all.set(`${name}.${key}`, value);
    }
  }
  return all;
};
const before = snapshot();
const counts = { runs: 0 };
const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function counted(...args) {
  counts.runs += 1;
  return run.apply(this, args);
};
globalThis.counted = {
  counts,
  replaced: () =>
    [...snapshot()].filter(([key, value]) => before.get(key) !== value).map(([k]) => k),
};
