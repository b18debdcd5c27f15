// The other calls: buffers, shared data, metrics, foreign functions, calls out.

import type { Probe } from '../probe.js';
import { Guest, i64, load, SCRATCH, store, word } from '../wat.js';

const BEYOND = '(i32.const 65530) (i32.const 7)';
const NONE = '(i32.const 0) (i32.const 0)';

function buffers(): Probe {
  const g = new Guest('buffers');
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1];
  const part = (label: string, type: number, start: number, length: number) =>
    store(word(1), 99) +
    g.try(label, 'get_buffer_bytes', type, start, length, word(0), word(1)) +
    g.note('size', load(word(1)));
  g.on(
    'proxy_on_request_headers',
    part('from 3', 6, 3, 100) +
      part('up to 3', 6, 0, 3) +
      part('none', 6, 3, 0) +
      part('at the end', 6, 9, 5) +
      part('beyond', 6, 10, 5) +
      part('all of it', 6, 2, -1) +
      part('from -1', 6, -1, -1) +
      all.map((type) => part(`type ${type}`, type, 0, 100)).join('') +
      all
        .map(
          (type) =>
            g.try(`status ${type}`, 'get_buffer_status', type, word(0), word(1)) +
            g.note('length', load(word(0))),
        )
        .join('') +
      all
        .map((type) => g.try(`set ${type}`, 'set_buffer_bytes', type, 0, 0, g.text('x')))
        .join('') +
      g.try('out', 'get_buffer_bytes', 6, 0, 5, 65_534, word(1)) +
      g.try('out of none', 'get_buffer_bytes', 6, 0, 0, 65_534, word(1)) +
      g.try('out status', 'get_buffer_status', 6, 65_534, word(1)) +
      g.try('in', 'set_buffer_bytes', 6, 0, 0, BEYOND),
  );
  return { guest: g };
}

function sharedData(): Probe {
  const g = new Guest('shared');
  const key = g.text('k');
  const set = (label: string, value: string, cas: number | string) =>
    g.try(label, 'set_shared_data', key, g.text(value), cas);
  g.on(
    'proxy_on_request_headers',
    g.try('absent', 'get_shared_data', key, word(0), word(1), word(2)) +
      set('create if absent', 'v1', 77) +
      set('again', 'v1', 77) +
      g.try('get', 'get_shared_data', key, word(0), word(1), word(2)) +
      g.noteBytes('is') +
      store(word(3), load(word(2))) +
      set('that cas', 'v2', load(word(3))) +
      set('old cas', 'v3', load(word(3))) +
      set('no cas', '', 0) +
      g.try('empty', 'get_shared_data', key, word(0), word(1), word(2)) +
      g.note('pointer', load(word(0))) +
      g.note('more than before', `(i32.gt_u ${load(word(2))} ${load(word(3))})`) +
      g.try('empty key', 'set_shared_data', NONE, g.text('e'), 0) +
      g.try('is there', 'get_shared_data', NONE, word(0), word(1), word(2)) +
      g.noteBytes('is') +
      g.try('key', 'set_shared_data', BEYOND, g.text('v'), 0) +
      g.try('value', 'set_shared_data', key, BEYOND, 0) +
      g.try('get key', 'get_shared_data', BEYOND, word(0), word(1), word(2)) +
      g.try('get cas', 'get_shared_data', key, word(0), word(1), 65_534),
  );
  return { guest: g };
}

function metrics(): Probe {
  const g = new Guest('metrics');
  const define = (label: string, type: number, at: number) =>
    g.try(label, 'define_metric', type, g.text(`probe.${label.slice(0, 1)}`), word(at)) +
    g.note('id', load(word(at)));
  const increment = (label: string, id: number | string, by: number) =>
    g.try(label, 'increment_metric', id, i64(by));
  const record = (label: string, id: number | string, value: number) =>
    g.try(label, 'record_metric', id, i64(value));
  const get = (label: string, id: number | string) => g.try(label, 'get_metric', id, word(6));
  const is = g.note('is', load(word(6)));
  const [counter, again, gauge, histogram] = [0, 1, 2, 3].map((at) => load(word(at))) as [
    string,
    string,
    string,
    string,
  ];
  g.on(
    'proxy_on_request_headers',
    define('counter', 0, 0) +
      define('counter again', 0, 1) +
      define('gauge', 1, 2) +
      define('histogram', 2, 3) +
      g.try('type 3', 'define_metric', 3, g.text('x'), word(4)) +
      g.try('name and type 3', 'define_metric', 3, BEYOND, word(4)) +
      g.try('out', 'define_metric', 0, g.text('x'), 65_533) +
      define('counter after a failure', 0, 4) +
      increment('up', counter, 2) +
      increment('by 0', counter, 0) +
      increment('down', counter, -1) +
      increment('other id', again, 3) +
      get('get', counter) +
      is +
      record('record adds', counter, 5) +
      get('get', counter) +
      is +
      increment('gauge up', gauge, 2) +
      increment('gauge by 0', gauge, 0) +
      increment('gauge below 0', gauge, -3) +
      get('get', gauge) +
      is +
      g.note('wraps', load(word(7))) +
      record('gauge set', gauge, 7) +
      get('get', gauge) +
      is +
      increment('histogram up', histogram, 1) +
      record('histogram', histogram, 1) +
      get('histogram get', histogram) +
      [0, 400, 401, 402, 403]
        .map(
          (id) =>
            increment(`up ${id}`, id, 1) +
            increment(`down ${id}`, id, -1) +
            record(`record ${id}`, id, 1) +
            get(`get ${id}`, id),
        )
        .join('') +
      g.try('get out', 'get_metric', counter, 65_530),
  );
  return { guest: g };
}

function foreign(): Probe {
  const g = new Guest('foreign');
  const [at, size] = [SCRATCH, SCRATCH + 4];
  const run = (name: string, argument: string, label = name) =>
    store(at, 99) +
    store(size, 99) +
    g.try(label, 'call_foreign_function', g.text(name), argument, at, size) +
    g.note('size', load(size));
  g.on(
    'proxy_on_request_headers',
    run('no_such', NONE) +
      g.note('untouched', load(at)) +
      run('clear_route_cache', NONE) +
      g.note('no result', load(at)) +
      run('compress', g.text('a'.repeat(26))) +
      g.try(
        'uncompress',
        'call_foreign_function',
        g.text('uncompress'),
        load(at),
        load(size),
        word(0),
        size,
      ) +
      g.note('size', load(size)) +
      run('uncompress', g.text('xx'), 'no zlib') +
      g.try('size only', 'call_foreign_function', g.text('compress'), g.text('aaa'), 0, size) +
      g.try('nothing', 'call_foreign_function', g.text('compress'), g.text('aaa'), NONE) +
      g.try('name', 'call_foreign_function', BEYOND, NONE, NONE) +
      g.try('argument', 'call_foreign_function', g.text('no_such'), BEYOND, NONE) +
      g.try('out', 'call_foreign_function', g.text('clear_route_cache'), NONE, 65_533, 0),
  );
  return { guest: g };
}

/** To a cluster that there is not. */
function callsOut(): Probe {
  const g = new Guest('calls-out');
  const cluster = g.text('nowhere');
  const rest = [NONE, NONE, NONE, 100] as const;
  const rpc = [g.text('s'), g.text('m'), NONE] as const;
  g.on(
    'proxy_on_request_headers',
    store(word(0), 99) +
      g.try('http', 'http_call', cluster, ...rest, word(0)) +
      g.note('token', load(word(0))) +
      g.try('http token', 'http_call', cluster, ...rest, 65_533) +
      g.try('http cluster', 'http_call', BEYOND, ...rest, 65_533) +
      g.try('grpc', 'grpc_call', cluster, ...rpc, NONE, 100, word(0)) +
      g.try('grpc service', 'grpc_call', BEYOND, ...rpc, NONE, 100, word(0)) +
      g.try('stream', 'grpc_stream', cluster, ...rpc, word(0)) +
      [0, 1, 2, 3]
        .map(
          (token) =>
            g.try(`cancel ${token}`, 'grpc_cancel', token) +
            g.try(`close ${token}`, 'grpc_close', token) +
            g.try(`send ${token}`, 'grpc_send', token, NONE, 0),
        )
        .join('') +
      g.try('send bytes', 'grpc_send', 0, BEYOND, 0),
  );
  return { guest: g };
}

export const callProbes: readonly Probe[] = [
  buffers(),
  sharedData(),
  metrics(),
  foreign(),
  callsOut(),
];
