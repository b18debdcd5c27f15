// host-calls: a wasm that makes one call to the host for each request and does nothing else: what any
// filter pays for that call, in whatever language. What ours costs beyond its calls is its own.

import initWabt from 'wabt';
import { STABLE } from './answers.js';
import { wasmFilter } from './base.js';
import { STREAM } from './requests.js';
import type { Variant } from './variant.js';

const IMPORTS = `
  (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_set_shared_data" (func $share (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_shared_data" (func $shared (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))`;

// Bytes: 16 a header that is there, 32 one that is not, 64 one to write and its value, 128 cells
// for answers, 1024 what is shared; the host is given memory from 64 KiB on.
const MEMORY = `
  (memory (export "memory") 2)
  (data (i32.const 16) "x-user-group")
  (data (i32.const 32) "x-absent-name")
  (data (i32.const 64) "x-written-header")
  (data (i32.const 96) "canary")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 65536)`;

/** The metric that is counted, and the shared value that is read: 256 bytes under a header's name. */
const CONFIGURE = `
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 16) (i32.const 12) (i32.const 144)))
    (drop (call $share
      (i32.const 16) (i32.const 12) (i32.const 1024) (i32.const 256) (i32.const 0)))
    i32.const 1)`;

/** What a call must answer; anything else traps, and the run fails. */
const OK = 0;
const NOT_FOUND = 1;

const CALLS: readonly [name: string, title: string, call: string, status?: number][] = [
  [
    'host: all headers',
    'one read of all headers',
    'call $pairs (i32.const 0) (i32.const 128) (i32.const 132)',
  ],
  ['host: a header', 'one read of a header that is there', get(16, 12)],
  ['host: no header', 'one read of a header that is not there', get(32, 13), NOT_FOUND],
  [
    'host: write',
    'one header written, the route chosen anew',
    'call $replace (i32.const 0) (i32.const 64) (i32.const 16) (i32.const 96) (i32.const 6)',
  ],
  [
    'host: counter',
    'one counter incremented',
    'call $increment (i32.load (i32.const 144)) (i64.const 1)',
  ],
  ['host: clock', 'the clock read', 'call $clock (i32.const 1) (i64.const 0) (i32.const 136)'],
  [
    'host: shared write',
    '256 bytes of shared data written',
    'call $share (i32.const 16) (i32.const 12) (i32.const 1024) (i32.const 256) (i32.const 0)',
  ],
  [
    'host: shared read',
    '256 bytes of shared data read',
    'call $shared (i32.const 16) (i32.const 12) (i32.const 128) (i32.const 132) (i32.const 136)',
  ],
];

function get(name: number, size: number): string {
  return `call $get (i32.const 0) (i32.const ${name}) (i32.const ${size}) (i32.const 128) (i32.const 132)`;
}

const CONTEXT = '(func (export "proxy_on_context_create") (param i32 i32))';

export const HOST_CALLS: readonly Variant[] = [
  variant('host: context', 'one callback more, for each stream that begins', '', CONTEXT),
  ...CALLS.map(([name, title, call, status = OK]) =>
    variant(name, title, `(if (i32.ne (${call}) (i32.const ${status})) (then unreachable))`),
  ),
];

function variant(name: string, title: string, body: string, callback = ''): Variant {
  const text = `(module ${IMPORTS} ${MEMORY} ${CONFIGURE} ${callback}
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) ${body} i32.const 0))`;
  return {
    ...{ name, title, group: 'host' },
    listeners: async () => {
      const wabt = await initWabt();
      const { buffer } = wabt.parseWat('host-call.wat', text).toBinary({});
      return [{ name: 'bench', filters: [wasmFilter('host-call', buffer)] }];
    },
    load: { listener: 'bench', requests: STREAM, expect: STABLE },
  };
}
