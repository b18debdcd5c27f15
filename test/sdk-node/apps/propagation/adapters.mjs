// adapters: without `register`: `middleware()`, `run` and `inject` in the frameworks.

import http from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { serve } from '@hono/node-server';
import { current, extract, inject, run } from '@tagalong/node';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { ask, bodyOf, echo, incoming, listen, report, verdict } from './lib.mjs';

const require = createRequire(import.meta.url);
const { middleware } = require('@tagalong/node/http');

const echoPort = await listen(http.createServer(echo));
const callOn = () => ask(echoPort, { headers: inject({}, `http://127.0.0.1:${echoPort}/`) });
const found = {};
async function check(name, port, options = {}) {
  found[name] = verdict(await ask(port, { ...options, headers: incoming(1) }), 1);
  const bare = verdict(await ask(port, options), 1);
  if (bare !== 'none') found[`${name}, nothing to carry`] = bare;
}
const POST = { method: 'POST', body: 'x' };
const answer = (response) => (pairs) => response.end(JSON.stringify(pairs));
{
  const app = express();
  app.use(middleware());
  app.get('/', (_request, response) => void callOn().then(answer(response)));
  app.post('/', (request, response) => {
    request.on('end', () => void callOn().then(answer(response)));
    request.resume();
  });
  const port = await listen(http.createServer(app));
  await check('express', port);
  await check('express, end listener', port, POST);
}
{
  const app = fastify();
  app.addHook('onRequest', middleware());
  app.addContentTypeParser('*', (_request, payload, done) => {
    payload.on('end', () => done(null, {})).resume();
  });
  app.get('/', callOn);
  app.post('/', callOn);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  await check('fastify', port);
  await check('fastify POST', port, POST);
}
{
  const app = new Koa();
  app.use(middleware());
  app.use(async (context) => {
    await new Promise((resolve) => context.req.on('end', resolve).resume());
    context.body = await callOn();
  });
  const port = await listen(http.createServer(app.callback()));
  await check('koa', port);
  await check('koa POST', port, POST);
}
{
  const app = new Hono();
  app.use(middleware());
  app.get('/', async (context) => context.json(await callOn()));
  app.post('/', async (context) => {
    await context.req.text();
    return context.json(await callOn());
  });
  const port = await new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port));
  });
  await check('hono', port);
  await check('hono POST', port, POST);
}
{
  await import('reflect-metadata');
  const { Controller, Module, Post } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  class Cats {
    add() {
      return callOn();
    }
  }
  Post()(Cats.prototype, 'add', Object.getOwnPropertyDescriptor(Cats.prototype, 'add'));
  Controller('/')(Cats);
  class App {}
  Module({ controllers: [Cats] })(App);
  const app = await NestFactory.create(App, { logger: false });
  app.use(middleware());
  await app.listen(0, '127.0.0.1');
  await check('nest POST', app.getHttpServer().address().port, POST);
}
{
  const use = middleware();
  const server = http2.createServer((request, response) =>
    use(request, response, () => {
      request.on('end', () => void callOn().then(answer(response)));
      request.resume();
    }),
  );
  const port = await listen(server);
  for (const [name, headers, want] of [
    ['http2 compat', incoming(1), 'right'],
    ['http2 compat, nothing to carry', {}, 'none'],
  ]) {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/', ...headers });
    stream.end('x');
    const got = verdict(await bodyOf(stream), 1);
    found[name] = got === want ? 'right' : got;
    session.close();
  }
}
{
  // With `register` in front, or twice, it does nothing more.
  const use = middleware();
  const seen = [];
  const server = http.createServer((request, response) =>
    use(request, response, () => {
      const first = current();
      use(request, response, () => {
        seen.push(first === current());
        void callOn().then(answer(response));
      });
    }),
  );
  await check('middleware twice', await listen(server));
  found['middleware twice: one context'] = seen.every(Boolean) ? 'right' : String(seen);
}
{
  const pairs = await run(extract(incoming(1)), callOn);
  found['run and inject'] = verdict(pairs, 1);
}
report(found);
