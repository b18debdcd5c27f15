// wat: small guest modules in WebAssembly text, assembled in the test that needs them.
// A guest is its callbacks, each a few host calls whose answers it logs as `NAME LABEL=ANSWER`: the
// same lines come from this host and from Envoy.
// Memory: 0 results of calls, 1 KiB scratch, 2 KiB text being logged, 16 KiB data, 48 KiB heap.

import createWabt from 'wabt';
import { CALLBACKS, PARAMS } from './signatures.js';

/** Where calls may leave results: eight words that `word(0)` … `word(7)` name. */
export const word = (index: number): number => 4 * index;
/** 1,000 bytes that a guest may use as it likes. */
export const SCRATCH = 1024;
const LINE = 2048;
const DATA = 16_384;
export const HEAP = 49_152;
export const PAGE = 65_536;

const assembler = createWabt();

/** An operand: a number, or text that `text()` and `word()` made. */
export type Operand = number | string;

export interface GuestOptions {
  /** Body of the allocator; default: memory from a heap that starts anew when it is full. */
  readonly allocate?: string;
  /** Name of the allocator; default proxy_on_memory_allocate; '' = none. */
  readonly allocator?: string;
  /** Default proxy_abi_version_0_2_1; '' = none. */
  readonly abi?: string;
  /** Initial memory in pages of 64 KiB; default 1; 0 = none is exported. */
  readonly pages?: number;
}

/** Builds one module. Its methods return WebAssembly text for the bodies of callbacks. */
export class Guest {
  readonly name: string;
  readonly #options: GuestOptions;
  readonly #imports = new Map<string, string>();
  readonly #first: string[] = [];
  readonly #functions: string[] = [];
  #data = '';
  #end = DATA;

  constructor(name: string, options: GuestOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  /** Pointer and size of a constant; the bytes of Latin-1 text. */
  text(value: string | Uint8Array): string {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
    const ptr = this.#end;
    this.#end += bytes.length;
    const escaped = bytes.toString('hex').replace(/../g, '\\$&');
    this.#data += `  (data (i32.const ${ptr}) "${escaped}")\n`;
    return `(i32.const ${ptr}) (i32.const ${bytes.length})`;
  }

  /** A host call: `proxy_` may be left out; names of WASI functions come with `wasi.` before them. */
  call(name: string, ...operands: Operand[]): string {
    const wasi = name.startsWith('wasi.');
    const full = wasi ? name.slice(5) : name.startsWith('proxy_') ? name : `proxy_${name}`;
    const text = operands.map((one) => (typeof one === 'number' ? i32(one) : one)).join(' ');
    const given = PARAMS[full];
    if (given === undefined) throw new Error(`no host function ${full}`);
    const params = typeof given === 'number' ? 'i32 '.repeat(given).trim() : given;
    const module = wasi ? 'wasi_snapshot_preview1' : 'env';
    const param = params === '' ? '' : `(param ${params})`;
    const result = full === 'proc_exit' ? '' : '(result i32)';
    this.#imports.set(full, `(import "${module}" "${full}" (func $${full} ${param} ${result}))`);
    return `(call $${full} ${text})`;
  }

  /** Logs `NAME LABEL=NUMBER`, the number being an i32, signed. */
  note(label: string, value: string): string {
    this.call('log', 0, 0, 0);
    return `(call $note ${this.text(`${this.name} ${label}=`)} ${value})\n`;
  }

  /** Logs `NAME LABEL=BYTES`, pointer and size being words that a call has filled. */
  noteBytes(label: string, ptrWord = 0, sizeWord = 1): string {
    this.call('log', 0, 0, 0);
    return `(call $noteBytes ${this.text(`${this.name} ${label}=`)} ${load(word(ptrWord))} ${load(word(sizeWord))})\n`;
  }

  /** Logs `NAME TEXT`. */
  say(text: string): string {
    return `(drop ${this.call('log', 2, this.text(`${this.name} ${text}`))})\n`;
  }

  /** Logs the status of a call, and leaves its results in words. */
  try(label: string, name: string, ...operands: Operand[]): string {
    return this.note(label, this.call(name, ...operands));
  }

  /** Status and, where it is 0, the bytes of a header as the guest gets them. */
  header(label: string, map: number, name: string): string {
    const get = this.call('get_header_map_value', map, this.text(name), word(0), word(1));
    return `(if (i32.eqz (local.tee $s ${get}))
      (then ${this.noteBytes(label)}) (else ${this.note(`${label}?`, '(local.get $s)')}))\n`;
  }

  /** Adds a callback. A body that leaves no value answers `answer`: default 1, headers 0. */
  on(callback: string, body: string, answer?: Operand): this {
    const signature = CALLBACKS[callback];
    if (signature === undefined) throw new Error(`no callback ${callback}`);
    const [params, result] = signature;
    const given = answer ?? (/headers$/.test(callback) ? 0 : 1);
    const value = typeof given === 'number' ? i32(given) : given;
    const param = Array.from({ length: params }, (_, i) => `(param $${i} i32)`).join(' ');
    this.#functions.push(`  (func (export "${callback}") ${param} ${result ? '(result i32)' : ''}
    (local $s i32)
    ${body}
    ${result ? value : ''})\n`);
    return this;
  }

  /** Adds an import as it stands. */
  first(text: string): this {
    this.#first.push(text);
    return this;
  }

  /** Adds a function, global or export as it stands. */
  raw(text: string): this {
    this.#functions.push(`${text}\n`);
    return this;
  }

  /** The module as text. */
  wat(): string {
    const { allocate, allocator = 'proxy_on_memory_allocate' } = this.#options;
    const { abi = 'proxy_abi_version_0_2_1', pages = 1 } = this.#options;
    const imports = [...this.#first, ...this.#imports.values()];
    const parts = imports.map((line) => `  ${line}\n`);
    if (pages > 0) parts.push(`  (memory (export "memory") ${pages})\n`, this.#data);
    if (abi !== '') parts.push(`  (func (export "${abi}"))\n`);
    if (allocator !== '') {
      parts.push(`  (global $heap (mut i32) (i32.const ${HEAP}))
  (func (export "${allocator}") (param $size i32) (result i32) (local $s i32)
    ${allocate ?? HEAP_BODY})\n`);
    }
    if (this.#imports.has('proxy_log')) parts.push(NOTES);
    return `(module\n${parts.join('')}${this.#functions.join('')})\n`;
  }

  /** The module's bytes. */
  async assemble(): Promise<Uint8Array> {
    const module = (await assembler).parseWat(`${this.name}.wat`, this.wat());
    try {
      module.validate();
      return module.toBinary({}).buffer;
    } finally {
      module.destroy();
    }
  }
}

/** A constant. */
export const i32 = (value: number): string => `(i32.const ${value})`;
export const i64 = (value: number | bigint): string => `(i64.const ${value})`;
/** What is at an address. */
export const load = (address: number): string => `(i32.load (i32.const ${address}))`;
export const store = (address: number, value: Operand): string =>
  `(i32.store (i32.const ${address}) ${typeof value === 'number' ? i32(value) : value})`;

const HEAP_BODY = `(if (i32.gt_u (i32.add (global.get $heap) (local.get $size)) (i32.const ${PAGE}))
      (then (global.set $heap (i32.const ${HEAP}))))
    (global.get $heap)
    (global.set $heap (i32.add (global.get $heap) (local.get $size)))`;

// $noteBytes copies label and bytes to LINE and logs them; $note writes a number behind the label.
const NOTES = `  (func $copy (param $to i32) (param $from i32) (param $size i32)
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $size)))
      (i32.store8 (local.get $to) (i32.load8_u (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      (local.set $size (i32.sub (local.get $size) (i32.const 1)))
      (br $next))))
  (func $noteBytes (param $label i32) (param $length i32) (param $ptr i32) (param $size i32)
    (call $copy (i32.const ${LINE}) (local.get $label) (local.get $length))
    (call $copy (i32.add (i32.const ${LINE}) (local.get $length)) (local.get $ptr) (local.get $size))
    (drop (call $proxy_log (i32.const 2) (i32.const ${LINE})
      (i32.add (local.get $length) (local.get $size)))))
  (func $note (param $label i32) (param $length i32) (param $value i32)
    (local $at i32) (local $n i32)
    (local.set $at (i32.const ${LINE - 4}))
    (local.set $n (local.get $value))
    (if (i32.lt_s (local.get $n) (i32.const 0))
      (then (local.set $n (i32.sub (i32.const 0) (local.get $n)))))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at)
        (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
      (local.set $n (i32.div_u (local.get $n) (i32.const 10)))
      (br_if $digit (local.get $n)))
    (if (i32.lt_s (local.get $value) (i32.const 0)) (then
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.const 45))))
    (call $noteBytes (local.get $label) (local.get $length)
      (local.get $at) (i32.sub (i32.const ${LINE - 4}) (local.get $at))))
`;
