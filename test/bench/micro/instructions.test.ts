// Instructions counted in modules of which the number is known, and that counting changes nothing.

import { describe, expect, it } from 'vitest';
import createWabt from 'wabt';
import { counting, READER, TOTAL } from '../../../bench/src/micro/instructions.js';
import { wasm } from '../../../envoyfilter/src/host/wasm-api.js';

const wabt = await createWabt();

type Run = (...args: number[]) => number;

function assembled(fields: string): Uint8Array {
  const module = wabt.parseWat('test.wat', `(module ${fields})`);
  const { buffer } = module.toBinary({ write_debug_names: true });
  module.destroy();
  return buffer;
}

/** A module whose export `run` is called; what each call of it has cost. */
async function counted(fields: string) {
  const { module, functions } = await counting(assembled(fields));
  const { exports } = new wasm.Instance(new wasm.Module(module), {});
  const read = exports[READER] as Run;
  const run = exports.run as Run;
  return {
    functions,
    read,
    run,
    cost: (...args: number[]) => {
      const before = read(TOTAL, 0);
      run(...args);
      return read(TOTAL, 0) - before;
    },
  };
}

const run = (params: string, body: string) => `(func $run (export "run") ${params} ${body})`;

describe('instructions', () => {
  it('are counted in a straight line', async () => {
    const { cost } = await counted(run('(result i32)', 'i32.const 1 i32.const 2 i32.add'));
    expect([cost(), cost()]).toEqual([3, 3]);
  });

  it('are none in a function that is empty', async () => {
    const { cost } = await counted(run('', ''));
    expect(cost()).toBe(0);
  });

  it('are not what only shapes the text', async () => {
    const { cost } = await counted(run('', 'block nop loop nop end end'));
    expect(cost()).toBe(0);
  });

  it('are counted in each round of a loop', async () => {
    const body = `loop $next
      local.get 0 i32.const 1 i32.sub local.tee 0 br_if $next
    end`;
    const { cost } = await counted(run('(param i32)', body));
    expect([1, 2, 100].map((n) => cost(n))).toEqual([5, 10, 500]);
  });

  it('are those of the branch that is taken', async () => {
    const body = `local.get 0
      if (result i32) i32.const 1 else i32.const 2 i32.eqz i32.eqz end
      drop`;
    const { cost } = await counted(run('(param i32)', body));
    // local.get, if and drop, beside those of the branch.
    expect([cost(1), cost(0)]).toEqual([4, 6]);
  });

  it('are those behind an if without else, too', async () => {
    const { cost } = await counted(run('(param i32)', 'local.get 0 if nop i32.const 1 drop end'));
    expect([cost(1), cost(0)]).toEqual([4, 2]);
  });

  it('are those behind a branch only where it is not taken', async () => {
    const body = 'block $out local.get 0 br_if $out i32.const 1 drop end i32.const 1 drop';
    const { cost } = await counted(run('(param i32)', body));
    expect([cost(1), cost(0)]).toEqual([4, 6]);
  });

  it('are those of the target of a table', async () => {
    const body = `
      block $c block $b block $a
        local.get 0 br_table $a $b $c
      end i32.const 1 drop br $c
      end i32.const 1 drop i32.const 1 drop
      end`;
    const { cost } = await counted(run('(param i32)', body));
    expect([0, 1, 2, 3].map((n) => cost(n))).toEqual([5, 6, 2, 2]);
  });

  it('are not those behind an early return', async () => {
    const { cost } = await counted(
      run('(param i32)', 'local.get 0 if return end i32.const 1 drop'),
    );
    expect([cost(1), cost(0)]).toEqual([3, 4]);
  });

  it.each([
    ['br $out', 1],
    ['i32.const 0 br_table $out', 2],
    ['return', 1],
    ['unreachable', 1],
  ])('are not those behind %s', async (leave, count) => {
    const { run: call, read } = await counted(run('', `block $out ${leave} i32.const 1 drop end`));
    if (leave === 'unreachable') expect(call).toThrow(wasm.RuntimeError);
    else call();
    expect(read(TOTAL, 0)).toBe(count);
  });

  it('are those of the functions that are called, by name or by table', async () => {
    const { cost, functions, read } = await counted(`
      (type $unary (func (param i32) (result i32)))
      (table 1 funcref) (elem (i32.const 0) $twice)
      (func $once (param i32) (result i32) local.get 0 i32.const 1 i32.add)
      (func $twice (param i32) (result i32) local.get 0 call $once call $once)
      ${run('', 'i32.const 1 call $twice i32.const 0 call_indirect (type $unary) drop')}`);
    expect(cost()).toBe(5 + 2 * (3 + 2 * 3));
    expect(functions).toEqual(['once', 'twice', 'run']);
    const [instructions, calls] = [0, 1].map((which) =>
      functions.map((_, index) => read(2 * index + which, 0)),
    );
    expect(instructions).toEqual([12, 6, 5]);
    expect(calls).toEqual([4, 2, 1]);
  });

  it('are those of a function that calls itself', async () => {
    const { cost } = await counted(
      run('(param i32)', 'local.get 0 if local.get 0 i32.const 1 i32.sub call $run end'),
    );
    expect([0, 1, 10].map((n) => cost(n))).toEqual([2, 8, 62]);
  });

  it('are one for a copy, whatever its size', async () => {
    const { cost } = await counted(`(memory 1)
      ${run('(param i32)', 'i32.const 0 i32.const 99 local.get 0 memory.copy')}`);
    expect([cost(1), cost(1000)]).toEqual([4, 4]);
  });

  it('are those of the start, before anything is called', async () => {
    const { read } = await counted(`(func $begin i32.const 1 drop) (start $begin)
      ${run('', '')}`);
    expect(read(TOTAL, 0)).toBe(2);
  });

  it('have the index of a function that has no name', async () => {
    const named = assembled(`(import "a" "b" (func)) (func) (func)`);
    const module = wabt.readWasm(named, { readDebugNames: false });
    const { buffer } = module.toBinary({});
    module.destroy();
    expect((await counting(buffer)).functions).toEqual(['function 1', 'function 2']);
  });

  it('leave memory, globals and exports as they were', async () => {
    const module = assembled(`(memory (export "memory") 1 2)
      (global (export "shown") i32 (i32.const 7)) (global $kept (mut i32) (i32.const 3))
      (data (i32.const 8) "a\\00\\ff\\"b")
      ${run('(result i32)', 'global.get $kept')}`);
    const before = new wasm.Instance(new wasm.Module(module), {}).exports;
    const after = new wasm.Instance(new wasm.Module((await counting(module)).module), {}).exports;
    expect(Object.keys(after)).toEqual([...Object.keys(before), READER]);
    const bytes = (of: typeof after) => Buffer.from((of.memory as { buffer: ArrayBuffer }).buffer);
    expect(bytes(after).equals(bytes(before))).toBe(true);
    expect((after.run as Run)()).toBe(3);
  });

  it('are no more than there are counters for', async () => {
    const { read } = await counted(run('', ''));
    expect(() => read(1, 0)).not.toThrow();
    expect(() => read(2, 0)).toThrow(wasm.RuntimeError);
  });

  it('are read in the place of an export of that name', async () => {
    const { read, cost } = await counted(`
      (func (export "${READER}") (param i32 i32) (result i32) i32.const 7)
      ${run('', 'i32.const 1 drop')}`);
    expect(cost()).toBe(2);
    expect(read(TOTAL, 0)).toBe(2);
  });

  it('are refused of what is no module', async () => {
    await expect(counting(new Uint8Array([1, 2, 3]))).rejects.toThrow('readWasm failed');
  });
});
