// Local replies: how they are built, who sees them, when they win, and what callbacks may answer.

import { encodePairs, type Pair } from '../../../../envoyfilter/src/host/wire.js';
import type { Probe, ProbeRequest } from '../probe.js';
import { Guest, word } from '../wat.js';

const REQUEST = 0;
const RESPONSE = 2;
const PLAIN: ProbeRequest = {};
const HEAD: ProbeRequest = { method: 'HEAD' };
const OPTIONS: ProbeRequest = { method: 'OPTIONS' };
const grpc = (type = 'application/grpc'): ProbeRequest => ({
  method: 'POST',
  headers: [['content-type', type]],
});

interface Reply {
  readonly status: number;
  readonly body?: string;
  readonly headers?: readonly Pair[];
  readonly grpc?: number;
}

function sends(g: Guest, { status, body = '', headers = [], grpc = -1 }: Reply): string {
  const list = headers.length === 0 ? '' : encodePairs(headers);
  const parts = [g.text('some details'), g.text(body), g.text(list)];
  return g.try('reply', 'send_local_response', status, ...parts, grpc);
}

/** A reply, and what the response callback sees of it. */
function reply(name: string, sent: Reply, requests: readonly ProbeRequest[]): Probe {
  const g = new Guest(name);
  g.on('proxy_on_request_headers', sends(g, sent));
  g.on(
    'proxy_on_response_headers',
    g.note('count', '(local.get $1)') +
      g.note('end', '(local.get $2)') +
      g.header('path', REQUEST, ':path') +
      g.header('status', RESPONSE, ':status') +
      g.try('add', 'add_header_map_value', RESPONSE, g.text('x-seen'), g.text('1')),
  );
  return { guest: g, requests };
}

function twice(): Probe {
  const g = new Guest('reply-twice');
  g.on(
    'proxy_on_request_headers',
    sends(g, { status: 401, body: 'one' }) +
      sends(g, { status: 402, body: 'two' }) +
      g.header('path', REQUEST, ':path'),
  );
  g.on(
    'proxy_on_log',
    g.header('path', REQUEST, ':path') + g.header('status', RESPONSE, ':status'),
  );
  return { guest: g };
}

function inResponse(): Probe {
  const g = new Guest('reply-in-response');
  g.on(
    'proxy_on_response_headers',
    g.header('status', RESPONSE, ':status') + sends(g, { status: 410, body: 'gone' }),
  );
  g.on('proxy_on_log', g.header('status', RESPONSE, ':status'));
  return { guest: g, requests: [PLAIN, HEAD] };
}

function overReply(): Probe {
  const g = new Guest('reply-over-reply');
  g.on('proxy_on_request_headers', sends(g, { status: 401, body: 'one' }));
  g.on(
    'proxy_on_response_headers',
    g.header('status', RESPONSE, ':status') + sends(g, { status: 410, body: 'gone' }),
  );
  return { guest: g };
}

/** A reply that its own response callback holds back. */
function held(): Probe {
  const g = new Guest('reply-held');
  g.on('proxy_on_request_headers', sends(g, { status: 401 }));
  g.on('proxy_on_response_headers', g.say('held'), 1);
  return { guest: g };
}

/** What a request looks like when it arrives decides, not what the filter made of it. */
function changed(): Probe {
  const g = new Guest('reply-changed');
  const set = (name: string, value: string) =>
    g.try(name, 'replace_header_map_value', REQUEST, g.text(name), g.text(value));
  g.on(
    'proxy_on_request_headers',
    set(':method', 'HEAD') +
      set('content-type', 'text/html') +
      sends(g, { status: 429, body: 'x' }),
  );
  return { guest: g, requests: [PLAIN, grpc()] };
}

function badPointers(): Probe {
  const g = new Guest('reply-pointers');
  const beyond = '(i32.const 65530) (i32.const 7)';
  const none = '(i32.const 0) (i32.const 0)';
  const bad = (label: string, ...parts: string[]) =>
    g.try(label, 'send_local_response', 401, ...parts, -1);
  g.on(
    'proxy_on_request_headers',
    bad('details', beyond, none, none) +
      bad('body', none, beyond, none) +
      bad('headers', none, none, beyond),
  );
  return { guest: g };
}

/** Accepted, and without effect but for a pause: no request hangs on a root context. */
function onRoot(): Probe {
  const g = new Guest('reply-on-root');
  g.on('proxy_on_configure', sends(g, { status: 401 }));
  g.on(
    'proxy_on_request_headers',
    g.try('other', 'set_effective_context', 1) + sends(g, { status: 401 }),
  );
  return { guest: g };
}

function answering(action: number): Probe {
  const g = new Guest(`answer${action}`);
  g.on('proxy_on_request_headers', g.say('request'), action);
  return { guest: g };
}

function continuing(): Probe {
  const g = new Guest('continue');
  g.on(
    'proxy_on_request_headers',
    g.try('upstream', 'continue_stream', 3) +
      g.try('downstream', 'continue_stream', 2) +
      g.try('unknown', 'continue_stream', 4) +
      g.header('path', REQUEST, ':path') +
      g.try('request', 'continue_stream', 0) +
      g.header('path', REQUEST, ':path'),
    1,
  );
  g.on('proxy_on_response_headers', g.header('path', REQUEST, ':path'));
  return { guest: g };
}

function closing(name: string, callback: string, type: number): Probe {
  const g = new Guest(name);
  g.on(
    callback,
    g.try('unknown', 'close_stream', 4) + g.try('close', 'close_stream', type) + g.say('after'),
  );
  g.on('proxy_on_log', g.say('log'));
  return { guest: g };
}

/** A tick that takes up a stream that was paused. */
function later(name: string, act: (g: Guest) => string): Probe {
  const g = new Guest(name);
  g.raw('(global $stream (mut i32) (i32.const 0))');
  g.on('proxy_on_configure', `(drop ${g.call('set_tick_period_milliseconds', 20)})`);
  g.on('proxy_on_request_headers', '(global.set $stream (local.get $0))', 1);
  g.on('proxy_on_response_headers', g.header('path', REQUEST, ':path'));
  g.on(
    'proxy_on_tick',
    `(if (global.get $stream) (then
      ${g.try('other', 'set_effective_context', '(global.get $stream)')}
      ${g.header('path', REQUEST, ':path')}
      ${act(g)}
      (global.set $stream (i32.const 0))))`,
  );
  return { guest: g };
}

const sameTwice: readonly Pair[] = [
  ['x-a', '1'],
  ['X-A', '2'],
  ['location', 'l1'],
  ['location', 'l2'],
];
const typed: readonly Pair[] = [
  ['content-type', 'application/json'],
  ['content-length', '99'],
  ['x-a', '1'],
];

export const replyProbes: readonly Probe[] = [
  reply('reply', { status: 429, body: 'slow down', headers: sameTwice }, [
    PLAIN,
    HEAD,
    OPTIONS,
    grpc(),
    grpc('application/grpc+proto'),
    grpc('application/grpc-web'),
    grpc('application/grpc;x'),
  ]),
  reply('reply-typed', { status: 403, body: 'json', headers: typed, grpc: 7 }, [PLAIN, grpc()]),
  reply('reply-empty', { status: 404, headers: typed, grpc: 16 }, [PLAIN, grpc()]),
  reply(
    'reply-grpc',
    {
      status: 418,
      body: 'a%b~\n\xe9 "q"',
      headers: [
        ['grpc-status', '3'],
        ['grpc-message', 'no'],
      ],
      grpc: 17,
    },
    [grpc()],
  ),
  reply('reply-status', { status: 400, headers: [[':status', '201']] }, [PLAIN, grpc()]),
  twice(),
  inResponse(),
  overReply(),
  held(),
  changed(),
  badPointers(),
  onRoot(),
  ...[1, 2, 3, 4, 5, -1].map(answering),
  continuing(),
  closing('close', 'proxy_on_request_headers', 0),
  closing('close-response', 'proxy_on_response_headers', 1),
  closing('close-downstream', 'proxy_on_request_headers', 2),
  later(
    'later-continue',
    (g) =>
      g.try('add', 'add_header_map_value', REQUEST, g.text('x-late'), g.text('1')) +
      g.try('continue', 'continue_stream', 0),
  ),
  later('later-reply', (g) => sends(g, { status: 418, body: 'late' })),
  later('later-nothing', (g) => g.try('size', 'get_header_map_size', REQUEST, word(0))),
];
