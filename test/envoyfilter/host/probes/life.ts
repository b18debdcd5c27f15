// Life of contexts: which callback comes when, with which numbers, and what it may read.

import type { Probe } from '../probe.js';
import { Guest, load, store, word } from '../wat.js';

const CALLBACKS = [
  'proxy_on_request_headers',
  'proxy_on_response_headers',
  'proxy_on_log',
  'proxy_on_done',
  'proxy_on_delete',
];

/** N + 2 runs on N workers: the canary, the main thread, the worker. */
function everything(): Probe {
  const g = new Guest('life');
  const bytes = (label: string, type: number) =>
    g.try(label, 'get_buffer_bytes', type, 0, 100, word(0), word(1)) +
    `(if ${load(word(1))} (then ${g.noteBytes('is')}))` +
    store(word(1), 0);
  const both = bytes('vm', 6) + bytes('plugin', 7);
  const ids = g.note('id', '(local.get $0)');
  g.on(
    'proxy_on_context_create',
    g.say('create') + ids + g.note('parent', '(local.get $1)') + both,
  );
  g.on('proxy_on_vm_start', g.say('start') + ids + g.note('size', '(local.get $1)') + both);
  g.on('proxy_on_configure', g.say('configure') + ids + g.note('size', '(local.get $1)') + both, 2);
  for (const callback of CALLBACKS) g.on(callback, g.say(callback.slice(9)) + ids);
  return { guest: g, requests: [{}, {}] };
}

/** Returning 0 from proxy_on_done keeps no stream. */
function undone(): Probe {
  const g = new Guest('undone');
  g.on('proxy_on_done', g.say('done') + g.try('proxy_done', 'done'), 0);
  g.on('proxy_on_delete', g.say('delete'));
  return { guest: g };
}

/** `main` comes after `_initialize`, `_start` only without one. In no plugin's name. */
function starts(name: string, ...exported: string[]): Probe {
  const g = new Guest(name);
  for (const one of exported)
    g.on(
      one,
      `(global.set $done (i32.add (i32.mul (global.get $done) (i32.const 10)) (i32.const ${exported.indexOf(one) + 1})))`,
      0,
    );
  g.raw('(global $done (mut i32) (i32.const 0))');
  g.on('proxy_on_request_headers', g.note('order', '(global.get $done)'));
  return { guest: g };
}

function effective(): Probe {
  const g = new Guest('effective');
  const path = g.header('path', 0, ':path');
  g.on(
    'proxy_on_request_headers',
    g.try('unknown', 'set_effective_context', 999) +
      path +
      g.try('root', 'set_effective_context', 1) +
      path +
      g.try('0', 'set_effective_context', 0) +
      path +
      g.try('root', 'set_effective_context', 1) +
      g.try('own', 'set_effective_context', '(local.get $0)') +
      path +
      g.try('root', 'set_effective_context', 1),
  );
  g.on('proxy_on_response_headers', g.header('status', 2, ':status'));
  return { guest: g };
}

/** Ticks until it has seen three, and a timer that is switched off again. */
function ticks(): Probe {
  const g = new Guest('ticks');
  const period = (ms: number) => g.try(`every ${ms}`, 'set_tick_period_milliseconds', ms);
  g.raw('(global $ticks (mut i32) (i32.const 0))');
  g.on(
    'proxy_on_request_headers',
    `(if (global.get $ticks) (then ${g.note('ticks', '(global.get $ticks)')}) (else ${period(10)}))`,
  );
  g.on(
    'proxy_on_tick',
    `(global.set $ticks (i32.add (global.get $ticks) (i32.const 1)))
     ${g.note('tick', '(local.get $0)')}
     (if (i32.eq (global.get $ticks) (i32.const 3)) (then ${period(0)}))`,
  );
  return { guest: g, requests: [{}, { afterMs: 200 }] };
}

/** Left out of the list: calls answer 10, WASI 76, callbacks do not run. */
function restricted(): Probe {
  const g = new Guest('restricted');
  g.on('_initialize', '');
  for (const one of ['proxy_on_context_create', 'proxy_on_vm_start', 'proxy_on_configure']) {
    g.on(one, g.say(one), 0);
  }
  g.on(
    'proxy_on_request_headers',
    store(word(0), 99) +
      g.try('get', 'get_header_map_value', 0, g.text(':path'), word(0), word(1)) +
      g.note('untouched', load(word(0))) +
      g.try('bad pointers', 'get_header_map_value', 9, 65_530, 10, word(0), word(1)) +
      g.try('metric', 'define_metric', 0, g.text('m'), word(0)) +
      g.try('random', 'wasi.random_get', word(0), 4) +
      g.try('clock', 'wasi.clock_res_get', 0, word(0)),
  );
  g.on('proxy_on_response_headers', g.say('never'));
  const capabilities = ['proxy_log', 'proxy_on_request_headers', 'clock_res_get'];
  return { guest: g, capabilities };
}

/** Names count only in full, and WASI's only bare. */
function misnamed(): Probe {
  const g = new Guest('misnamed');
  g.on(
    'proxy_on_request_headers',
    g.try('get', 'get_header_map_value', 0, g.text(':path'), word(0), word(1)) +
      g.try('random', 'wasi.random_get', word(0), 4),
  );
  g.on('proxy_on_response_headers', g.say('never'));
  const wrong = [
    'get_header_map_value',
    'wasi_snapshot_preview1.random_get',
    'on_response_headers',
  ];
  return { guest: g, capabilities: ['proxy_log', 'proxy_on_request_headers', ...wrong] };
}

export const lifeProbes: readonly Probe[] = [
  everything(),
  undone(),
  starts('starts-main', '_start', 'main', '_initialize'),
  starts('starts-start', '_start', 'main'),
  effective(),
  ticks(),
  restricted(),
  misnamed(),
];
