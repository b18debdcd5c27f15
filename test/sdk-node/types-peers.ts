// types-peers: that the SDK fits the types of the clients that it is for. Checked with all types of
// the project; never run.

import { Client, credentials } from '@grpc/grpc-js';
import axios from 'axios';
import got from 'got';
import { Pool, Agent as Undici } from 'undici';
import { Agent as Undici6 } from 'undici6';
import { channelOptions } from '../../sdk-node/src/grpc.js';
import { Agent, HttpsAgent } from '../../sdk-node/src/http.js';
import { createFetch } from '../../sdk-node/src/index.js';
import { interceptor } from '../../sdk-node/src/undici.js';

export const dispatchers = [
  new Undici().compose(interceptor()),
  new Pool('http://reviews').compose(interceptor({ retry: false })),
  new Undici6().compose(interceptor()),
];

export const clients = [
  axios.create({ httpAgent: new Agent(), httpsAgent: new HttpsAgent() }),
  got.extend({ agent: { http: new Agent(), https: new HttpsAgent() } }),
];

export const answer: Promise<Response> = createFetch()('http://reviews/', { method: 'POST' });

const insecure = credentials.createInsecure();
export const client = new Client(
  'reviews:9080',
  insecure,
  channelOptions('reviews:9080', insecure, {
    retry: false,
    channel: { 'grpc.max_send_message_length': 1 },
  }),
);
