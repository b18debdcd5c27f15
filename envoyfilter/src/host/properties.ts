// properties: what proxy_get_property answers, and what proxy_set_property stored.
// The embedder gives values per stream; the host adds those it knows itself: the headers of request
// and response while the guest may read them, address, direction. Absent: NotFound.
// Numbers cross as eight bytes, little-endian, text as its bytes. Spec: Envoy's attribute list.
// A path is its parts with NUL between them: `request.path` as one part is another name.

import { byteString, type HeaderMap } from './header-map.js';
import { MapType } from './status.js';

/** A value as the embedder writes it; a bigint crosses as eight bytes, little-endian. */
export type PropertyValue = string | Uint8Array | bigint;

/** Directions of xds.listener_direction. */
export const DIRECTIONS = { unspecified: 0n, inbound: 1n, outbound: 2n } as const;
export type Direction = keyof typeof DIRECTIONS;

/** Whose headers are looked at. */
export interface Readable {
  readable(type: number): HeaderMap | undefined;
}

/** The bytes of a 64-bit number as Latin-1 text. */
export function int64Text(value: bigint): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.toString('latin1');
}

const DIRECTION_TEXT = {
  unspecified: int64Text(DIRECTIONS.unspecified),
  inbound: int64Text(DIRECTIONS.inbound),
  outbound: int64Text(DIRECTIONS.outbound),
} as const;

/** Values of one stream. */
export class StreamProperties {
  readonly #given: Readonly<Record<string, PropertyValue>> | undefined;
  readonly #sourceAddress: string | undefined;
  readonly #direction: Direction;
  // Path -> text, filled at the first look-up of a stream that has given properties.
  #byPath: Map<string, string> | undefined;
  #state: Map<string, string> | undefined;

  /** @param given by path, its parts joined with dots; with NULs where a part has a dot in it */
  constructor(
    given: Readonly<Record<string, PropertyValue>> | undefined,
    sourceAddress: string | undefined,
    direction: Direction,
  ) {
    this.#given = given;
    this.#sourceAddress = sourceAddress;
    this.#direction = direction;
  }

  /** @param path one NUL at its end counts for nothing, as in Envoy */
  get(path: string, stream: Readable): string | undefined {
    const plain = path.endsWith('\0') ? path.slice(0, -1) : path;
    return (
      this.#givenValues()?.get(plain) ??
      this.#own(plain) ??
      headerAttribute(plain, stream) ??
      this.#state?.get(plain)
    );
  }

  /** Filter state: readable afterwards where its name is a single part and no attribute's. */
  set(name: string, value: string): void {
    if (name.includes('\0')) return;
    this.#state ??= new Map();
    this.#state.set(name, value);
  }

  #givenValues(): Map<string, string> | undefined {
    if (this.#given === undefined || this.#byPath !== undefined) return this.#byPath;
    this.#byPath = new Map();
    for (const [path, value] of Object.entries(this.#given)) {
      const text = typeof value === 'bigint' ? int64Text(value) : byteString(value);
      this.#byPath.set(path.includes('\0') ? path : path.replaceAll('.', '\0'), text);
    }
    return this.#byPath;
  }

  #own(path: string): string | undefined {
    if (path === 'source\0address') return this.#sourceAddress;
    if (path === 'xds\0listener_direction') return DIRECTION_TEXT[this.#direction];
    if (path === 'source\0port' && this.#sourceAddress !== undefined) {
      const port = this.#sourceAddress.slice(this.#sourceAddress.lastIndexOf(':') + 1);
      return /^\d{1,5}$/.test(port) ? int64Text(BigInt(port)) : undefined;
    }
    return undefined;
  }
}

const REQUEST_HEADER_OF: Readonly<Record<string, string>> = {
  path: ':path',
  host: ':authority',
  scheme: ':scheme',
  method: ':method',
  id: 'x-request-id',
  referer: 'referer',
  useragent: 'user-agent',
};

// Envoy reads these from the headers, so they exist only while the filter has the map.
function headerAttribute(path: string, stream: Readable): string | undefined {
  const end = path.indexOf('\0');
  const group = path.slice(0, Math.max(end, 0));
  const name = path.slice(end + 1);
  if (group === 'request') {
    const map = stream.readable(MapType.RequestHeaders);
    return map && (joined(map, name) ?? requestAttribute(map, name));
  }
  if (group !== 'response') return undefined;
  const map = stream.readable(MapType.ResponseHeaders);
  if (map === undefined || name !== 'code') return map && joined(map, name);
  const status = map.get(':status');
  return status === undefined || !/^\d+$/.test(status) ? undefined : int64Text(BigInt(status));
}

/** A header by `headers\0NAME`: all its values, after commas. */
function joined(map: HeaderMap, name: string): string | undefined {
  if (!name.startsWith('headers\0')) return undefined;
  const values = map.getAll(name.slice(8));
  return values.length === 0 ? undefined : values.join(',');
}

function requestAttribute(map: HeaderMap, name: string): string | undefined {
  const header = REQUEST_HEADER_OF[name];
  if (header !== undefined) return map.get(header);
  if (name !== 'url_path' && name !== 'query') return undefined;
  const full = map.get(':path');
  if (full === undefined) return undefined;
  const mark = full.indexOf('?');
  if (name === 'url_path') return mark < 0 ? full : full.slice(0, mark);
  return mark < 0 ? '' : full.slice(mark + 1);
}
