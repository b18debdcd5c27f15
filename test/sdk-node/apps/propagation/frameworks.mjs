// frameworks: the same application in each framework: whatever it is asked, it calls on.

import 'reflect-metadata';
import http from 'node:http';
import { serve } from '@hono/node-server';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { ask, askH2, bodyOf, listen } from './lib.mjs';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Ways of asking: headers → what the next service got. */
const get = (port) => (headers) => ask(port, { headers });
const post = (port, path) => (headers) =>
  ask(port, { path, headers, method: 'POST', body: 'hello' });
const postJson = (port) => (headers) =>
  ask(port, { headers: { ...headers, ...JSON_TYPE }, method: 'POST', body: '{"a":1}' });
const postH2 = (port) => (headers) => askH2(port, { ...headers, ...JSON_TYPE }, '{"a":1}');

/** By name, ways of asking all of them. `use`: a middleware that comes first. */
export async function frameworks(callOn, use) {
  const all = [inExpress, inFastify, inKoa, inHono, inNest].map((make) => make(callOn, use));
  return Object.assign({}, ...(await Promise.all(all)));
}

async function inExpress(callOn, use) {
  const answer = async (_request, response) => response.json(await callOn());
  const app = express();
  if (use) app.use(use);
  app.post('/unparsed', (request, response) => {
    request.on('end', () => void answer(request, response)).resume();
  });
  app.use(express.json());
  app.get('/', answer);
  app.post('/', answer);
  const port = await listen(http.createServer(app));
  return {
    express: get(port),
    'express, end listener': post(port, '/unparsed'),
    'express with a body parser': postJson(port),
  };
}

async function inFastify(callOn, use) {
  const listening = async (options) => {
    const app = fastify(options);
    if (use) app.addHook('onRequest', use);
    app.addContentTypeParser('*', (_request, payload, done) => {
      payload.on('end', () => done(null, {})).resume();
    });
    app.get('/', callOn);
    app.post('/', callOn);
    await app.listen({ port: 0, host: '127.0.0.1' });
    return app.server.address().port;
  };
  const port = await listening({});
  return {
    fastify: get(port),
    'fastify with a parser of ours': post(port),
    'fastify POST': postJson(port),
    'fastify http2 POST': postH2(await listening({ http2: true })),
  };
}

async function inKoa(callOn, use) {
  const app = new Koa();
  if (use) app.use(use);
  app.use(async (context) => {
    await bodyOf(context.req);
    context.body = await callOn();
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  return {
    koa: get(server.address().port),
    'koa POST': post(await listen(http.createServer(app.callback()))),
  };
}

async function inHono(callOn, use) {
  const app = new Hono();
  if (use) app.use(use);
  app.get('/', async (context) => context.json(await callOn()));
  app.post('/', async (context) => {
    await context.req.text();
    return context.json(await callOn());
  });
  const port = await new Promise((resolve) => {
    serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port));
  });
  return { hono: get(port), 'hono POST': post(port) };
}

async function inNest(callOn, use) {
  class Cats {
    all() {
      return callOn();
    }
    add() {
      return callOn();
    }
  }
  Get()(Cats.prototype, 'all', Object.getOwnPropertyDescriptor(Cats.prototype, 'all'));
  Post()(Cats.prototype, 'add', Object.getOwnPropertyDescriptor(Cats.prototype, 'add'));
  Controller('/')(Cats);
  class App {}
  Module({ controllers: [Cats] })(App);
  const app = await NestFactory.create(App, { logger: false });
  if (use) app.use(use);
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address();
  return { nest: get(port), 'nest POST': postJson(port) };
}
