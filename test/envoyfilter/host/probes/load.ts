// What loads and what does not. A module that is refused answers 500 through config discovery.

import type { Probe } from '../probe.js';
import { Guest, type GuestOptions, i64, word } from '../wat.js';

function load(name: string, build: (g: Guest) => void, options: GuestOptions = {}): Probe {
  const guest = new Guest(`load-${name}`, options);
  build(guest);
  return { guest, discovered: true };
}

const imports = (module: string, name: string, params: string, result = 'i32') =>
  `(import "${module}" "${name}" (func (param ${params}) (result ${result})))`;
const callback = (name: string, params: string) =>
  `(func (export "${name}") (param ${params}) (result i32) (i32.const 0))`;
const request = (g: Guest) => void g.on('proxy_on_request_headers', g.say('request'));

export const loadProbes: readonly Probe[] = [
  load('no-allocator', request, { allocator: '' }),
  load('no-abi', request, { abi: '' }),
  load('abi-0-3', request, { abi: 'proxy_abi_version_0_3_0' }),
  load('abi-0-2-0', request, { abi: 'proxy_abi_version_0_2_0' }),
  load(
    'abi-0-2-0-level',
    (g) => void g.on('proxy_on_vm_start', g.try('level', 'get_log_level', 0)),
    {
      abi: 'proxy_abi_version_0_2_0',
    },
  ),
  load('import', (g) => void g.first(imports('env', 'proxy_no', 'i32'))),
  load('import-0-1', (g) => void g.first(imports('env', 'proxy_clear_route_cache', ''))),
  load('import-module', (g) => void g.first(imports('wasi', 'fd_write', 'i32'))),
  load('import-global', (g) => void g.first('(import "env" "g" (global i32))')),
  load('import-extra', (g) => {
    g.first(imports('env', 'pthread_equal', 'i32 i32'));
    g.first(imports('env', 'envoy_resolve_dns', 'i32 i32 i32'));
    g.first('(import "env" "emscripten_notify_memory_growth" (func (param i32)))');
    g.first(imports('wasi_unstable', 'sock_recv', 'i32 i32 i32 i32 i32 i32'));
    request(g);
  }),
  load('callback', (g) => void g.raw(callback('proxy_on_request_headers', 'i32 i32'))),
  load('callback-extra', (g) => {
    g.raw(callback('proxy_on_nothing', 'i32'));
    request(g);
  }),
  load('malloc', (g) => void g.raw(callback('malloc', 'i32 i32'))),
  load('start-section', (g) => {
    g.raw('(global $started (mut i32) (i32.const 0)) (start $start)');
    g.raw('(func $start (global.set $started (i32.const 7)))');
    g.on('proxy_on_request_headers', g.note('started', '(global.get $started)'));
  }),
  load('start-section-traps', (g) => void g.raw('(func $s (unreachable)) (start $s)')),
  load('init-traps', (g) => void g.on('_initialize', 'unreachable')),
  load('start-traps', (g) => void g.on('_start', 'unreachable')),
  load(
    'init-defines',
    (g) => void g.on('_initialize', g.try('metric', 'define_metric', 0, g.text('m'), word(0))),
  ),
  load('init-level', (g) => void g.on('_initialize', g.try('level', 'get_log_level', 0))),
  load('init-wasi', (g) => {
    const all =
      g.call('wasi.random_get', word(0), 4) + g.call('wasi.clock_time_get', 0, i64(0), word(0));
    g.on('_initialize', `(drop (i32.add ${all}))`);
    request(g);
  }),
  load('vm-start', (g) => {
    g.on('proxy_on_vm_start', '', 0);
    g.on('proxy_on_configure', g.say('never'));
  }),
  load('vm-start-traps', (g) => void g.on('proxy_on_vm_start', 'unreachable')),
  load('configure-traps', (g) => void g.on('proxy_on_configure', 'unreachable')),
  // The canary accepts, the other VMs refuse: that is no refusal, and their requests pass.
  load('configure-late', (g) => {
    const first = g.call('set_shared_data', g.text('k'), g.text('v'), 77);
    g.on('proxy_on_configure', g.say('configure'), `(i32.eqz ${first})`);
    g.on('proxy_on_request_headers', g.say('never'));
  }),
  load('configure', (g) => {
    g.on('proxy_on_configure', g.say('once'), 0);
    g.on('proxy_on_done', g.say('never'));
    g.on('proxy_on_delete', g.say('never'));
  }),
];
