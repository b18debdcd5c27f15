// carrier: reading and copying headers in the shapes that Node and fetch use. Pure.

/** `Headers`, an object as of node:http, or a flat list of names and values as `rawHeaders`. */
export type Carrier =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly string[];

/** Name, in lower case, and value of each header; several values come one by one. */
export function* entriesOf(carrier: Carrier): Generator<[string, string]> {
  if (carrier instanceof Headers) {
    yield* carrier.entries();
  } else if (isFlat(carrier)) {
    for (let i = 0; i + 1 < carrier.length; i += 2) {
      yield [String(carrier[i]).toLowerCase(), String(carrier[i + 1])];
    }
  } else {
    for (const [name, value] of Object.entries(carrier)) {
      if (value === undefined) continue;
      for (const one of typeof value === 'string' ? [value] : value) {
        yield [name.toLowerCase(), String(one)];
      }
    }
  }
}

/** A new carrier of the same shape with more headers; the given one is not touched. */
export function withHeaders<C extends Carrier>(carrier: C, more: Iterable<[string, string]>): C {
  if (carrier instanceof Headers) {
    const copy = new Headers(carrier);
    for (const [name, value] of more) copy.set(name, value);
    return copy as C;
  }
  if (isFlat(carrier)) return [...carrier, ...[...more].flat()] as unknown as C;
  return { ...carrier, ...Object.fromEntries(more) } as C;
}

function isFlat(carrier: Carrier): carrier is readonly string[] {
  return Array.isArray(carrier);
}
