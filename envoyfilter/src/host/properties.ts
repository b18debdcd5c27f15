// properties: what proxy_get_property answers, and what proxy_set_property stored.
// The embedder gives values per stream under dotted or NUL-separated paths; the host adds those it
// knows itself (plugin names, the request's own attributes, address, direction). Absent: NotFound.
// Numbers cross as eight bytes, little-endian, text as its bytes. Spec: Envoy's attribute list.

import { byteString, type HeaderMap } from './header-map.js';

/** A value as the embedder writes it; a bigint crosses as eight bytes, little-endian. */
export type PropertyValue = string | Uint8Array | bigint;

/** Directions of xds.listener_direction. */
export const DIRECTIONS = { unspecified: 0n, inbound: 1n, outbound: 2n } as const;
export type Direction = keyof typeof DIRECTIONS;

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
  // Dotted path -> text, filled at the first look-up of a stream that has given properties.
  #byPath: Map<string, string> | undefined;
  #state: Map<string, string> | undefined;

  constructor(
    given: Readonly<Record<string, PropertyValue>> | undefined,
    sourceAddress: string | undefined,
    direction: Direction,
  ) {
    this.#given = given;
    this.#sourceAddress = sourceAddress;
    this.#direction = direction;
  }

  /** @param path NUL-separated; one NUL at the end is allowed, as Envoy's parser allows it */
  get(path: string, request: HeaderMap | undefined): string | undefined {
    const dotted = (path.endsWith('\0') ? path.slice(0, -1) : path).replaceAll('\0', '.');
    return (
      this.#givenValues()?.get(dotted) ??
      this.#own(dotted) ??
      requestAttribute(dotted, request) ??
      this.#state?.get(dotted)
    );
  }

  /** Filter state, readable afterwards under the same path where no attribute hides it. */
  set(path: string, value: string): void {
    this.#state ??= new Map();
    this.#state.set(path, value);
  }

  #givenValues(): Map<string, string> | undefined {
    if (this.#given === undefined || this.#byPath !== undefined) return this.#byPath;
    this.#byPath = new Map();
    for (const [path, value] of Object.entries(this.#given)) {
      const text = typeof value === 'bigint' ? int64Text(value) : byteString(value);
      this.#byPath.set(path.replaceAll('\0', '.'), text);
    }
    return this.#byPath;
  }

  #own(path: string): string | undefined {
    if (path === 'source.address') return this.#sourceAddress;
    if (path === 'xds.listener_direction') return DIRECTION_TEXT[this.#direction];
    if (path === 'source.port' && this.#sourceAddress !== undefined) {
      const port = this.#sourceAddress.slice(this.#sourceAddress.lastIndexOf(':') + 1);
      return /^\d{1,5}$/.test(port) ? int64Text(BigInt(port)) : undefined;
    }
    return undefined;
  }
}

const REQUEST_HEADER_OF: Readonly<Record<string, string>> = {
  'request.path': ':path',
  'request.host': ':authority',
  'request.scheme': ':scheme',
  'request.method': ':method',
  'request.id': 'x-request-id',
  'request.referer': 'referer',
  'request.useragent': 'user-agent',
};

// Envoy reads these from the request headers, so they exist as long as the filter has them.
function requestAttribute(path: string, request: HeaderMap | undefined): string | undefined {
  if (request === undefined || !path.startsWith('request.')) return undefined;
  const header = REQUEST_HEADER_OF[path];
  if (header !== undefined) return request.get(header);
  if (path.startsWith('request.headers.')) return request.get(path.slice(16));
  if (path !== 'request.url_path' && path !== 'request.query') return undefined;
  const full = request.get(':path');
  if (full === undefined) return undefined;
  const mark = full.indexOf('?');
  if (path === 'request.url_path') return mark < 0 ? full : full.slice(0, mark);
  return mark < 0 ? '' : full.slice(mark + 1);
}
