// instructions: a module that counts what it executes, exactly, and the same on every machine.
// The disassembled text (wabt) is given an addition in front of each run of instructions that is
// executed whole or not at all, to a global of the function it stands in. Memory, tables, imports
// and all numbers stay, so that the module behaves as before. Not by binaryen, which asc brings: it
// reads a binary into a tree and writes another binary, whose instructions are not those that ship.
// Counted: every instruction as one, whatever it costs (memory.copy and host calls too), but for
// block, loop, else, end and nop, which only shape the text. One that traps counts its whole run.

import initWabt from 'wabt';

/**
 * The export that counters are read through: (counter: i32, 0) -> f64, in the place of the module's
 * own. It has the name of a callback of proxy-wasm, so that any host can call it; none does on its
 * own, as long as the module registers no shared queue.
 */
export const READER = 'proxy_on_queue_ready';
/** The counter of all instructions. */
export const TOTAL = -1;

export interface Counting {
  /** The module with its counters. */
  readonly module: Uint8Array;
  /**
   * The functions of the module, without imports, in its order: by the name section, else
   * `function INDEX`. Counter 2n has the instructions of function n, counter 2n + 1 its calls.
   */
  readonly functions: readonly string[];
}

/** What comes behind may be reached without what was before, or not be reached. */
const ENDS_RUN = new Set([
  'loop',
  'if',
  'else',
  'end',
  'br',
  'br_if',
  'br_table',
  'return',
  'unreachable',
]);
const OWN_READER = new RegExp(`^ {2}\\(export "${READER}" \\(func \\S+\\)\\)`, 'm');
const NOT_COUNTED = new Set(['block', 'loop', 'else', 'end', 'nop']);

/**
 * @param module of some 100 KB; the text of what Go compiles to (2.7 MB) has 70 MB, which is too much
 * @throws Error where wabt cannot read it
 */
export async function counting(module: Uint8Array): Promise<Counting> {
  const wabt = await initWabt();
  const text = disassembled(wabt, module);
  const functions: string[] = [];
  const lines = withAdditions(text, functions);
  const end = lines.lastIndexOf(')');
  const whole = `${lines.slice(0, end)}${countersOf(functions.length)})`;
  const parsed = wabt.parseWat('counting.wat', whole);
  try {
    return { module: parsed.toBinary({}).buffer, functions };
  } finally {
    parsed.destroy();
  }
}

function disassembled(wabt: Awaited<ReturnType<typeof initWabt>>, module: Uint8Array): string {
  // A copy: of a small Buffer, which shares its memory with others, wabt would read their bytes.
  const read = wabt.readWasm(new Uint8Array(module), { readDebugNames: true });
  try {
    read.applyNames();
    return read.toText({});
  } finally {
    read.destroy();
  }
}

/** Relies on wabt's layout: each instruction has a line, indented by four blanks or more. */
function withAdditions(text: string, functions: string[]): string {
  const out: string[] = [];
  let run: string[] = [];
  let length = 0;
  let entered = false;
  const endRun = () => {
    if (length > 0) out.push(addition(2 * (functions.length - 1), length));
    out.push(...run);
    run = [];
    length = 0;
  };
  for (const line of text.replace(OWN_READER, '').split('\n')) {
    const opcode = /^ {4,}([a-z][\w.]*)/.exec(line)?.[1];
    if (opcode === undefined) {
      endRun();
      const [, name, index] = /^ {2}\(func (?:\$(\S+)|\(;(\d+);\))/.exec(line) ?? [];
      if (name !== undefined || index !== undefined) {
        functions.push(name ?? `function ${index}`);
        entered = true;
      }
      out.push(line);
      continue;
    }
    if (entered) out.push(addition(2 * functions.length - 1, 1));
    entered = false;
    run.push(line);
    if (!NOT_COUNTED.has(opcode)) length += 1;
    if (ENDS_RUN.has(opcode)) endRun();
  }
  endRun();
  return out.join('\n');
}

function addition(counter: number, amount: number): string {
  const name = counterName(counter);
  return `global.get ${name} i64.const ${amount} i64.add global.set ${name}`;
}

const counterName = (counter: number) => `$tagalong-counter-${counter}`;

/** The globals, behind those of the module, and READER; of a counter that is none it traps. */
function countersOf(functions: number): string {
  const counters = Array.from({ length: 2 * functions }, (_, counter) => counter);
  const globals = counters.map((one) => `(global ${counterName(one)} (mut i64) (i64.const 0))`);
  const answer = (counter: number, value: string) =>
    `local.get 0 i32.const ${counter} i32.eq if ${value} f64.convert_i64_u return end`;
  const sum = counters
    .filter((counter) => counter % 2 === 0)
    .map((counter) => `global.get ${counterName(counter)} i64.add`);
  return [
    ...globals,
    `(func (export "${READER}") (param i32 i32) (result f64)`,
    answer(TOTAL, ['i64.const 0', ...sum].join(' ')),
    ...counters.map((counter) => answer(counter, `global.get ${counterName(counter)}`)),
    'unreachable)',
  ].join('\n');
}
