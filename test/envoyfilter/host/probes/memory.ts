// The guest's allocator: none left, nonsense, a trap, calls that it must not make; and memory that
// grows while the host is at work.

import type { Probe } from '../probe.js';
import { Guest, HEAP, i64, load, store, word } from '../wat.js';

const REQUEST = 0;

function answersNothing(): Probe {
  const g = new Guest('alloc-0', { allocate: '(i32.const 0)' });
  g.on(
    'proxy_on_request_headers',
    store(word(0), 99) +
      g.try('get', 'get_header_map_value', REQUEST, g.text(':path'), word(0), word(1)) +
      g.note('untouched', load(word(0))) +
      g.try('pairs', 'get_header_map_pairs', REQUEST, word(0), word(1)) +
      g.try('property', 'get_property', g.text('plugin_name'), word(0), word(1)) +
      g.try('buffer', 'get_buffer_bytes', 6, 0, 5, word(0), word(1)) +
      g.try('set', 'set_shared_data', g.text('k'), g.text('v'), 0) +
      g.try('shared', 'get_shared_data', g.text('k'), word(0), word(1), word(2)) +
      g.note('untouched', load(word(0))) +
      // An empty value needs no memory.
      g.try('get empty', 'get_header_map_value', REQUEST, g.text('x-empty'), word(0), word(1)) +
      g.note('pointer', load(word(0))),
  );
  const headers = [['x-empty', '']] as const;
  return { guest: g, requests: [{ headers }] };
}

function answersTheEnd(): Probe {
  const g = new Guest('alloc-end', { allocate: '(i32.const 65530)' });
  const get = (label: string, name: string) =>
    g.try(label, 'get_header_map_value', REQUEST, g.text(name), word(0), word(1));
  g.on(
    'proxy_on_request_headers',
    get('six fit', 'x-six') +
      get('seven do not', 'x-seven') +
      g.try('pairs', 'get_header_map_pairs', REQUEST, word(0), word(1)),
  );
  const headers = [
    ['x-six', '123456'],
    ['x-seven', '1234567'],
  ] as const;
  return { guest: g, requests: [{ headers }] };
}

/** An allocator named malloc, in which something is called. */
function calling(name: string, body: (g: Guest) => string): Probe {
  const g = new Guest(name, { allocator: '' });
  g.raw(`(func (export "malloc") (param i32) (result i32) ${body(g)} (i32.const ${HEAP}))`);
  g.on(
    'proxy_on_request_headers',
    g.try('get', 'get_header_map_value', REQUEST, g.text(':path'), word(0), word(1)) +
      g.try('after', 'add_header_map_value', REQUEST, g.text('x-after'), g.text('v')),
  );
  return { guest: g, requests: [{}, {}] };
}

/** Malloc comes before proxy_on_memory_allocate. */
function two(): Probe {
  const g = new Guest('alloc-two');
  g.raw(`(func (export "malloc") (param i32) (result i32) ${g.say('malloc')} (i32.const ${HEAP}))`);
  g.on('proxy_on_request_headers', g.header('path', REQUEST, ':path'));
  return { guest: g };
}

function growing(): Probe {
  const g = new Guest('grow');
  g.on(
    'proxy_on_request_headers',
    `(drop (memory.grow (i32.const 1)))
     ${store(70_000, 0x64_63_62_61)}
     ${g.try('set', 'set_shared_data', g.text('k'), 70_000, 4, 0)}
     ${g.try('get', 'get_shared_data', g.text('k'), 70_008, 70_012, 70_016)}
     ${g.note('size', load(70_012))}
     ${g.try('end', 'get_shared_data', g.text('k'), 131_069, word(0), word(0))}`,
  );
  return { guest: g };
}

const drop = (call: string) => `(drop ${call})`;

export const memoryProbes: readonly Probe[] = [
  answersNothing(),
  answersTheEnd(),
  two(),
  calling('alloc-logs', (g) => g.say('within')),
  calling('alloc-clock', (g) => drop(g.call('wasi.clock_time_get', 1, i64(0), word(2)))),
  calling('alloc-grows', () => '(drop (memory.grow (i32.const 1)))'),
  calling('alloc-traps', () => 'unreachable'),
  calling('alloc-defines', (g) => drop(g.call('define_metric', 0, g.text('m'), word(2)))),
  calling('alloc-random', (g) => drop(g.call('wasi.random_get', word(2), 4))),
  calling('alloc-time', (g) => drop(g.call('get_current_time_nanoseconds', word(2)))),
  growing(),
];
