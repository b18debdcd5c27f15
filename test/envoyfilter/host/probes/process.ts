// Log, time, status, and WASI.

import type { Probe } from '../probe.js';
import { Guest, i64, load, SCRATCH, store, word } from '../wat.js';

const BEYOND = '(i32.const 65530) (i32.const 7)';

function process(): Probe {
  const g = new Guest('process');
  g.on(
    'proxy_on_request_headers',
    g.try('level', 'get_log_level', word(0)) +
      g.note('is', load(word(0))) +
      g.try('level out', 'get_log_level', 65_533) +
      g.try('trace', 'log', 0, g.text(`${g.name} unseen`)) +
      g.try('warn', 'log', 3, g.text(`${g.name} seen`)) +
      g.try('level 6', 'log', 6, BEYOND) +
      g.try('level -1', 'log', -1, g.text('x')) +
      g.try('text', 'log', 0, BEYOND) +
      g.try('time', 'get_current_time_nanoseconds', word(0)) +
      g.try('time out', 'get_current_time_nanoseconds', 65_530) +
      g.try('status', 'get_status', word(0), word(1), word(2)) +
      g.note('code', load(word(0))) +
      g.note('message', load(word(2))) +
      g.try('done', 'done'),
  );
  return { guest: g };
}

function wasi(): Probe {
  const g = new Guest('wasi');
  const vectors = SCRATCH;
  const text = SCRATCH + 64;
  g.on(
    'proxy_on_request_headers',
    g.try('random', 'wasi.random_get', word(0), 4) +
      g.try('random none', 'wasi.random_get', -1, 0) +
      g.try('random out', 'wasi.random_get', 65_534, 4) +
      g.try('random 64 KiB', 'wasi.random_get', 1, 65_536) +
      g.try('random more', 'wasi.random_get', 0, 65_537) +
      g.try('wall', 'wasi.clock_time_get', 0, i64(0), word(0)) +
      g.try('monotonic', 'wasi.clock_time_get', 1, i64(0), word(0)) +
      g.try('clock 2', 'wasi.clock_time_get', 2, i64(0), 65_530) +
      g.try('clock -1', 'wasi.clock_time_get', -1, i64(0), word(0)) +
      g.try('clock out', 'wasi.clock_time_get', 1, i64(0), 65_530) +
      g.try('resolution', 'wasi.clock_res_get', 1, word(0)) +
      g.note('is', load(word(0))) +
      g.try('resolution 2', 'wasi.clock_res_get', 2, word(0)) +
      g.try('read', 'wasi.fd_read', 0, 0, 0, word(0)) +
      g.try('seek', 'wasi.fd_seek', 1, i64(0), 0, word(0)) +
      g.try('close', 'wasi.fd_close', 1) +
      g.try('stat', 'wasi.fd_fdstat_get', 1, word(0)) +
      g.note('rights', load(word(2))) +
      g.try('stat 0', 'wasi.fd_fdstat_get', 0, word(0)) +
      g.try('stat out', 'wasi.fd_fdstat_get', 1, 65_530) +
      g.try('environment', 'wasi.environ_sizes_get', word(0), word(1)) +
      g.note('count', load(word(0))) +
      g.try('environment out', 'wasi.environ_sizes_get', 65_533, word(1)) +
      g.try('environment get', 'wasi.environ_get', 0, 0) +
      g.try('arguments', 'wasi.args_sizes_get', word(0), word(1)) +
      g.try('yield', 'wasi.sched_yield') +
      g.try('poll', 'wasi.poll_oneoff', 0, 0, 0, word(0)) +
      // Two vectors: a line, and one of no size at a pointer that is bad.
      store(vectors, text) +
      store(vectors + 4, 10) +
      store(vectors + 8, -1) +
      store(vectors + 12, 0) +
      `(i64.store (i32.const ${text}) (i64.const 0x73_20_69_73_61_77))` +
      `(i32.store (i32.const ${text + 6}) (i32.const 0x0a746578))` +
      store(text, 0x69_73_61_77) +
      store(text + 4, 0x69_61_73_20) +
      store(text + 8, 0x0a_64) +
      g.try('write', 'wasi.fd_write', 1, vectors, 2, word(0)) +
      g.note('written', load(word(0))) +
      g.try('write error', 'wasi.fd_write', 2, vectors, 1, word(0)) +
      g.try('write 0', 'wasi.fd_write', 0, vectors, 1, word(0)) +
      g.try('write none', 'wasi.fd_write', 1, vectors, 0, word(0)) +
      g.try('write from', 'wasi.fd_write', 1, 65_532, 1, word(0)) +
      g.try('write out', 'wasi.fd_write', 1, vectors, 0, 65_533) +
      `${g.call('wasi.proc_exit', 3)} ${g.say('still here')}`,
  );
  return { guest: g };
}

export const processProbes: readonly Probe[] = [process(), wasi()];
