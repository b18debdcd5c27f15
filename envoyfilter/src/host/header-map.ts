// header-map: Envoy's Http::HeaderMap. Ordered, names lower-cased, pseudo headers before the rest.
// Names and values are byte strings: Latin-1 text, one character a byte, so that any byte survives.
// A header that Envoy keeps inline exists once: adding to it appends after a comma; others may
// repeat. `set` removes all and adds at the end, as Envoy's setCopy does.

import { type HeaderKind, inlineHeaders } from './inline-headers.js';
import type { Pair } from './wire.js';

/** What callers may pass as headers. Characters above U+00FF are written as their UTF-8 bytes. */
export type HeaderPairs = Iterable<readonly [name: string, value: string | Uint8Array]>;

export class HeaderMap {
  /** Request maps know `host` as `:authority` and other inline headers than responses. */
  readonly kind: HeaderKind;
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  readonly #inline: ReadonlySet<string>;
  #pseudo = 0;

  constructor(kind: HeaderKind = 'request', pairs: HeaderPairs = []) {
    this.kind = kind;
    this.#inline = inlineHeaders[kind];
    for (const [name, value] of pairs) this.add(byteString(name), byteString(value));
  }

  /** A request as Envoy's codecs hand it to the filters: inline headers joined, no name changed. */
  static fromRequest(pairs: HeaderPairs): HeaderMap {
    return new HeaderMap('request', pairs);
  }

  /** A response as it comes from upstream. */
  static fromResponse(pairs: HeaderPairs): HeaderMap {
    return new HeaderMap('response', pairs);
  }

  /** Number of entries; a repeated header counts each time. */
  get size(): number {
    return this.#names.length;
  }

  /** Names in order. Not to be changed by the caller. */
  get names(): readonly string[] {
    return this.#names;
  }

  /** Values in the order of `names`. Not to be changed by the caller. */
  get values(): readonly string[] {
    return this.#values;
  }

  /** Bytes of all names and values, without separators: what proxy_get_header_map_size answers. */
  get byteSize(): number {
    let size = 0;
    for (let i = 0; i < this.#names.length; i += 1) {
      size += this.#names[i]!.length + this.#values[i]!.length;
    }
    return size;
  }

  /** The first value of `name`, which is what a guest gets; undefined if absent. */
  get(name: string): string | undefined {
    const at = this.#names.indexOf(this.#key(name));
    return at < 0 ? undefined : this.#values[at];
  }

  /** Every value of `name`, in order. */
  getAll(name: string): string[] {
    const key = this.#key(name);
    return this.#values.filter((_, i) => this.#names[i] === key);
  }

  has(name: string): boolean {
    return this.#names.indexOf(this.#key(name)) >= 0;
  }

  /** Adds one more entry, or appends to an inline header that is present. */
  add(name: string, value: string): void {
    const key = this.#key(name);
    if (this.#inline.has(key)) {
      const at = this.#names.indexOf(key);
      if (at >= 0) {
        this.#append(at, value);
        return;
      }
    }
    if (key.charCodeAt(0) === 0x3a) {
      this.#names.splice(this.#pseudo, 0, key);
      this.#values.splice(this.#pseudo, 0, value);
      this.#pseudo += 1;
    } else {
      this.#names.push(key);
      this.#values.push(value);
    }
  }

  /** Replaces all entries of `name` by one, which comes last; adds it if absent. */
  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  /** Sets an inline header where it stands; adds it if absent. */
  put(name: string, value: string): void {
    const at = this.#names.indexOf(this.#key(name));
    if (at < 0) this.add(name, value);
    else this.#values[at] = value;
  }

  /** Removes every entry of `name`; answers how many there were. */
  remove(name: string): number {
    const key = this.#key(name);
    let removed = 0;
    for (let at = this.#names.indexOf(key); at >= 0; at = this.#names.indexOf(key, at)) {
      this.#names.splice(at, 1);
      this.#values.splice(at, 1);
      if (at < this.#pseudo) this.#pseudo -= 1;
      removed += 1;
    }
    return removed;
  }

  clear(): void {
    this.#names.length = 0;
    this.#values.length = 0;
    this.#pseudo = 0;
  }

  clone(): HeaderMap {
    const copy = new HeaderMap(this.kind);
    copy.#names.push(...this.#names);
    copy.#values.push(...this.#values);
    copy.#pseudo = this.#pseudo;
    return copy;
  }

  /** The entries as pairs of Latin-1 text. */
  toPairs(): Pair[] {
    return this.#names.map((name, i) => [name, this.#values[i]!] as const);
  }

  [Symbol.iterator](): IterableIterator<Pair> {
    return this.toPairs()[Symbol.iterator]();
  }

  // Appending nothing changes nothing, and what is appended to an empty value stands alone.
  #append(at: number, value: string): void {
    const old = this.#values[at]!;
    if (value === '') return;
    this.#values[at] = old === '' ? value : `${old},${value}`;
  }

  #key(name: string): string {
    const key = asciiLower(name);
    return key === 'host' && this.kind === 'request' ? ':authority' : key;
  }
}

// String.prototype.toLowerCase would change bytes above 0x7f too.
function asciiLower(text: string): string {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a) {
      return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
    }
  }
  return text;
}

/** Latin-1 text for `value`: bytes as they are, text beyond U+00FF as UTF-8. */
export function byteString(value: string | Uint8Array): string {
  if (typeof value !== 'string') return Buffer.from(value).toString('latin1');
  for (let i = 0; i < value.length; i += 1) {
    if (value.charCodeAt(i) > 0xff) return Buffer.from(value, 'utf8').toString('latin1');
  }
  return value;
}
