// probe: compiles test/filter/probe.ts and gives its exports to the property tests, bytes in and
// bytes out. A text ends where the module's memory ends: whoever reads behind it traps.

import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

/** The part of the WebAssembly interface that is used here; only browsers' types know it. */
interface Wasm {
  compile(binary: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ readonly exports: unknown }>;
  readonly Module: {
    imports(module: object): { readonly module: string; readonly name: string }[];
  };
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;

/** As in filter/assembly/bytes/gcra.ts; numbers of 64 bits are signed, bools are 0 or 1. */
interface GcraExports {
  unitsFloor(ns: bigint, shift: number): bigint;
  unitsCeil(ns: bigint, shift: number): bigint;
  rateInterval(count: number, periodNs: bigint, shift: number): bigint;
  rateShift(count: number, periodNs: bigint, burst: number): number;
  tokensFree(word: bigint, now: bigint, interval: bigint, tolerance: bigint): bigint;
  charge(word: bigint, nowCeil: bigint, interval: bigint, tokens: number): bigint;
  unitsUntilFree(
    word: bigint,
    now: bigint,
    interval: bigint,
    tolerance: bigint,
    tokens: number,
  ): bigint;
  isFull(word: bigint, now: bigint): number;
}

interface Exports extends GcraExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  textAt(size: number): number;
  secondAt(): number;
  outputAt(): number;
  sameBytes(a: number, b: number, size: number): number;
  sameFolded(a: number, b: number, size: number): number;
  fold(size: number): void;
  hexWord(): bigint;
  hexDigits(value: number): bigint;
  json(size: number): number;
  holds(textSize: number, patternSize: number, fold: boolean): number;
  isPathTemplate(size: number): number;
  matches(templateSize: number, pathSize: number, fold: boolean): number;
  hasVariable(templateSize: number, nameSize: number): number;
  variable(templateSize: number, nameSize: number, pathSize: number, fold: boolean): number;
  targetPath(size: number): number;
  isNormal(size: number): number;
  normalPath(size: number): number;
  forwarded(size: number): number;
  forwardedEntries(size: number): number;
  address(size: number): number;
  addressAndPort(size: number): number;
  networkOf(size: number): number;
  networkHolds(networkSize: number, addressSize: number): number;
  decode(size: number): number;
  encoded(size: number): number;
  cookies(size: number): number;
  query(size: number): number;
  headerPairs(size: number, shapes: bigint): number;
  addressText(): number;
  mask(bits4: number, bits6: number): void;
  b3(size: number): number;
  traceparent(size: number): number;
  b3Sampled(size: number): number;
  b3Flags(size: number): number;
  baggage(size: number): number;
  baggageDecoded(size: number): number;
  baggageEncoded(size: number): number;
  baggageWith(size: number, keySize: number, valueSize: number): number;
  hash(size: number): bigint;
  keyed(tweak: bigint, size: number): bigint;
  keyed128(tweak: bigint, size: number): void;
  decimal(value: bigint): number;
  regex(size: number, fold: boolean): number;
  regexMatches(size: number): number;
  bucket(size: number): number;
}

export type Bytes = Uint8Array;
export type Pair = readonly [name: Bytes, value: Bytes];
export type Member = readonly [key: Bytes, value: Bytes, whole: Bytes];
/** What a trace context says, and how it is written. */
export interface Trace {
  readonly traceId: bigint;
  readonly spanId: bigint;
  readonly parentId: bigint;
  readonly sampling: number;
  readonly flags: number;
  readonly wide: boolean;
  readonly b3: string;
  readonly traceparent: string;
}
/** The functions of gcra.ts by their names, numbers of 64 bits unsigned. */
export type Gcra = Omit<GcraExports, 'isFull'> & { isFull(word: bigint, now: bigint): boolean };
const KINDS = ['null', 'false', 'true', 'number', 'string', 'array', 'object'] as const;

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** What a module gives as a signed number of 64 bits. */
const unsigned = (value: bigint): bigint => BigInt.asUintN(64, value);

async function compile(): Promise<Uint8Array> {
  const top = fileURLToPath(new URL('../..', import.meta.url));
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ['test/filter/probe.ts', '--outFile', 'probe.wasm', '--runtime', 'stub', '--baseDir', top],
    {
      writeFile(name, contents) {
        if (name.endsWith('probe.wasm')) binary = contents as Uint8Array;
      },
    },
  );
  if (error !== null) throw new Error(`probe.ts does not compile: ${stderr.toString()}`);
  if (binary === undefined) throw new Error('asc wrote no module');
  return binary;
}

/** One instance of the module; a property calls it thousands of times. */
export class Probe {
  private readonly exports: Exports;

  private constructor(exports: Exports) {
    this.exports = exports;
  }

  static async load(): Promise<Probe> {
    const module = await wasm.compile(await compile());
    // No algorithm calls the host.
    const imports: Record<string, Record<string, () => number>> = {};
    for (const { module: from, name } of wasm.Module.imports(module)) {
      imports[from] = { ...imports[from], [name]: () => Number.NaN };
    }
    const abort = () => {
      throw new Error('the module aborted');
    };
    const env = { ...imports.env, abort };
    const instance = await wasm.instantiate(module, { ...imports, env });
    return new Probe(instance.exports as Exports);
  }

  private put(ptr: number, bytes: Bytes): number {
    new Uint8Array(this.exports.memory.buffer).set(bytes, ptr);
    return bytes.length;
  }

  private text(bytes: Bytes): number {
    return this.put(this.exports.textAt(bytes.length), bytes);
  }

  private second(bytes: Bytes): number {
    return this.put(this.exports.secondAt(), bytes);
  }

  private output(size: number): Bytes {
    const at = this.exports.outputAt();
    return new Uint8Array(this.exports.memory.buffer).slice(at, at + size);
  }

  private pairs(size: number): Pair[] {
    const reader = new Reader(this.output(size));
    const found: Pair[] = [];
    while (!reader.atEnd()) found.push([reader.bytes(), reader.bytes()]);
    return found;
  }

  /**
   * Of two texts of one size: one ends where memory ends, the other begins `shift` bytes behind a
   * word. Either way round they are alike or not.
   */
  same(a: Bytes, b: Bytes, shift: number, fold = false): boolean {
    const { sameBytes, sameFolded, textAt, secondAt } = this.exports;
    const [left, right] = [textAt(a.length), secondAt() + shift];
    this.put(left, a);
    this.put(right, b);
    const compare = fold ? sameFolded : sameBytes;
    const same = compare(left, right, a.length);
    if (compare(right, left, a.length) !== same) throw new Error('not the same, or the same');
    return same !== 0;
  }

  folded(text: Bytes): Bytes {
    const size = this.text(text);
    this.exports.fold(size);
    const at = this.exports.textAt(size);
    return new Uint8Array(this.exports.memory.buffer).slice(at, at + size);
  }

  /** Of eight digits; undefined where one is none. */
  hexNumber(text: Bytes): number | undefined {
    this.text(text);
    const number = this.exports.hexWord();
    return number === 1n << 32n ? undefined : Number(number);
  }

  hexDigits(value: number): string {
    const bytes = new DataView(new ArrayBuffer(8));
    bytes.setBigInt64(0, this.exports.hexDigits(value), true);
    return latin1.decode(bytes);
  }

  /** The value, as JSON.parse would build it; undefined where the text is refused. */
  json(text: Bytes): { value: unknown } | undefined {
    const size = this.exports.json(this.text(text));
    if (size < 0) throw new Error('a refusal without a fault, or a fault without a refusal');
    return size === 0 ? undefined : { value: new Reader(this.output(size)).value() };
  }

  contains(text: Bytes, pattern: Bytes, fold: boolean): boolean {
    return this.exports.holds(this.text(text), this.second(pattern), fold) !== 0;
  }

  isTemplate(template: Bytes): boolean {
    return this.exports.isPathTemplate(this.text(template)) !== 0;
  }

  matchesTemplate(template: Bytes, path: Bytes, fold: boolean): boolean {
    return this.exports.matches(this.second(template), this.text(path), fold) !== 0;
  }

  templateHas(template: Bytes, name: Bytes): boolean {
    this.second(Uint8Array.of(...template, ...name));
    return this.exports.hasVariable(template.length, name.length) !== 0;
  }

  /** What stands for a name, undefined where nothing does. */
  templateVariable(template: Bytes, name: Bytes, path: Bytes, fold: boolean): Bytes | undefined {
    this.second(Uint8Array.of(...template, ...name));
    const sizes = [template.length, name.length, this.text(path)] as const;
    const size = this.exports.variable(...sizes, fold);
    return size === 0 ? undefined : this.output(size);
  }

  /** The target without its query and fragment. */
  pathOf(target: Bytes): Bytes {
    return target.slice(0, this.exports.targetPath(this.text(target)));
  }

  isNormalPath(path: Bytes): boolean {
    return this.exports.isNormal(this.text(path)) !== 0;
  }

  normalizePath(path: Bytes): Bytes {
    const size = this.exports.normalPath(this.text(path));
    if (size < 0) throw new Error('another path where it is written in its place');
    return this.output(size);
  }

  /** Sixteen bytes, undefined where the entry is no address. */
  forwarded(text: string): Bytes | undefined {
    return this.exports.forwarded(this.text(utf8(text))) !== 0 ? this.output(16) : undefined;
  }

  forwardedEntries(value: Bytes): Bytes[] {
    const reader = new Reader(this.output(this.exports.forwardedEntries(this.text(value))));
    const found: Bytes[] = [];
    while (!reader.atEnd()) found.push(reader.bytes());
    return found;
  }

  /** Sixteen bytes, undefined where the text is no address. */
  address(text: string): Bytes | undefined {
    return this.exports.address(this.text(utf8(text))) !== 0 ? this.output(16) : undefined;
  }

  addressAndPort(text: string): Bytes | undefined {
    return this.exports.addressAndPort(this.text(utf8(text))) !== 0 ? this.output(16) : undefined;
  }

  /** Sixteen bytes and the number of bits, little-endian. */
  network(text: string): Bytes | undefined {
    return this.exports.networkOf(this.text(utf8(text))) !== 0 ? this.output(20) : undefined;
  }

  networkContains(network: string, address: string): boolean | undefined {
    const found = this.exports.networkHolds(this.second(utf8(network)), this.text(utf8(address)));
    return found < 0 ? undefined : found === 1;
  }

  decodeQuery(text: Bytes): Bytes {
    return this.output(this.exports.decode(this.text(text)));
  }

  isEncoded(text: Bytes): boolean {
    return this.exports.encoded(this.text(text)) !== 0;
  }

  cookies(text: Bytes): Pair[] {
    return this.pairs(this.exports.cookies(this.text(text)));
  }

  query(target: Bytes): Pair[] {
    return this.pairs(this.exports.query(this.text(target)));
  }

  /** Pairs whose names have these shapes, bits of 64 (filter/assembly/shim/pairs.ts). */
  headerPairs(list: Bytes, shapes: bigint): Pair[] | undefined {
    const size = this.exports.headerPairs(this.text(list), shapes);
    return size < 0 ? undefined : this.pairs(size);
  }

  /** The text of sixteen bytes. */
  addressText(bytes: Bytes): string {
    this.text(bytes);
    return decoder.decode(this.output(this.exports.addressText()));
  }

  maskAddress(bytes: Bytes, bits4: number, bits6: number): Bytes {
    this.text(bytes);
    this.exports.mask(bits4, bits6);
    return this.output(16);
  }

  private trace(size: number): Trace | undefined {
    if (size < 0) throw new Error('a refused context that says something');
    if (size === 0) return undefined;
    const reader = new Reader(this.output(size));
    const { buffer } = reader.bytes();
    const view = new DataView(buffer);
    return {
      traceId: (view.getBigUint64(0, true) << 64n) | view.getBigUint64(8, true),
      spanId: view.getBigUint64(16, true),
      parentId: view.getBigUint64(24, true),
      sampling: view.getUint8(32),
      flags: view.getUint8(33),
      wide: view.getUint8(34) !== 0,
      b3: decoder.decode(reader.bytes()),
      traceparent: decoder.decode(reader.bytes()),
    };
  }

  b3(text: Bytes): Trace | undefined {
    return this.trace(this.exports.b3(this.text(text)));
  }

  traceparent(text: Bytes): Trace | undefined {
    return this.trace(this.exports.traceparent(this.text(text)));
  }

  b3Sampled(text: Bytes): number {
    return this.exports.b3Sampled(this.text(text));
  }

  b3Flags(text: Bytes): number {
    return this.exports.b3Flags(this.text(text));
  }

  baggage(list: Bytes): Member[] {
    const reader = new Reader(this.output(this.exports.baggage(this.text(list))));
    const found: Member[] = [];
    while (!reader.atEnd()) found.push([reader.bytes(), reader.bytes(), reader.bytes()]);
    return found;
  }

  private foretold(size: number): Bytes {
    if (size < 0) throw new Error('more or fewer bytes than foretold');
    return this.output(size);
  }

  decodeBaggage(value: Bytes): Bytes {
    return this.foretold(this.exports.baggageDecoded(this.text(value)));
  }

  encodeBaggage(value: Bytes): Bytes {
    return this.foretold(this.exports.baggageEncoded(this.text(value)));
  }

  /** The list with another value of the key, and whether there was a place for it. */
  baggageWith(list: Bytes, key: Bytes, value: Bytes): { added: boolean; list: Bytes } {
    this.second(Uint8Array.of(...key, ...value));
    const size = this.exports.baggageWith(this.text(list), key.length, value.length);
    const found = this.output(size);
    return { added: found[0] === 1, list: found.subarray(8) };
  }

  /** The fault of a pattern; undefined where it is accepted, and `regexMatches` runs it. */
  regex(pattern: Bytes, fold: boolean): string | undefined {
    const size = this.exports.regex(this.text(pattern), fold);
    if (size < 0) throw new Error('a refusal without a fault, or a fault without a refusal');
    return size === 0 ? undefined : decoder.decode(this.output(size));
  }

  regexMatches(text: Bytes): boolean {
    return this.exports.regexMatches(this.text(text)) !== 0;
  }

  xxh64(text: Bytes): bigint {
    return unsigned(this.exports.hash(this.text(text)));
  }

  sipHash(key: Bytes, tweak: bigint, text: Bytes): bigint {
    this.second(key);
    return unsigned(this.exports.keyed(tweak, this.text(text)));
  }

  sipHash128(key: Bytes, tweak: bigint, text: Bytes): Bytes {
    this.second(key);
    this.exports.keyed128(tweak, this.text(text));
    return this.output(16);
  }

  decimal(value: bigint): string {
    return decoder.decode(this.output(this.exports.decimal(value)));
  }

  get gcra(): Gcra {
    const { exports } = this;
    return {
      unitsFloor: (...args) => unsigned(exports.unitsFloor(...args)),
      unitsCeil: (...args) => unsigned(exports.unitsCeil(...args)),
      rateInterval: (...args) => unsigned(exports.rateInterval(...args)),
      rateShift: (...args) => exports.rateShift(...args),
      tokensFree: (...args) => unsigned(exports.tokensFree(...args)),
      charge: (...args) => unsigned(exports.charge(...args)),
      unitsUntilFree: (...args) => unsigned(exports.unitsUntilFree(...args)),
      isFull: (...args) => exports.isFull(...args) !== 0,
    };
  }

  bucket(salt: Bytes, identity: Bytes): number {
    const size = salt.length + 1 + identity.length;
    const at = this.exports.textAt(size);
    const text = new Uint8Array(this.exports.memory.buffer, at, size);
    text.set(salt);
    text[salt.length] = 0;
    text.set(identity, salt.length + 1);
    return this.exports.bucket(size);
  }
}

/** What probe.ts wrote: numbers of four bytes, texts behind their size. */
class Reader {
  private at = 0;
  private readonly all: Bytes;
  private readonly view: DataView;

  constructor(all: Bytes) {
    this.all = all;
    this.view = new DataView(all.buffer, all.byteOffset, all.byteLength);
  }

  atEnd(): boolean {
    return this.at === this.all.length;
  }

  private number(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4, true);
  }

  bytes(): Bytes {
    const size = this.number();
    this.at += size;
    return this.all.slice(this.at - size, this.at);
  }

  value(): unknown {
    const kind = KINDS[this.view.getUint8(this.at++)];
    if (kind === 'array') {
      return Array.from({ length: this.number() }, () => this.value());
    }
    if (kind === 'object') {
      const object = {};
      for (let left = this.number(); left > 0; left--) {
        // As JSON.parse: the last of equal keys wins, and __proto__ is a key like any other.
        const key = decoder.decode(this.bytes());
        const value = this.value();
        const how = { value, enumerable: true, configurable: true, writable: true };
        Object.defineProperty(object, key, how);
      }
      return object;
    }
    const text = decoder.decode(this.bytes());
    if (kind === 'string') return text;
    if (kind === 'number') return Number(text);
    if (text !== kind) throw new Error(`a ${kind} of the text ${text}`);
    return kind === 'null' ? null : kind === 'true';
  }
}
