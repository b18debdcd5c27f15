// carrier: reading and copying headers in the shapes that Node and fetch use. Pure.

/** `Headers`, an object as of node:http, or a flat list of names and values as `rawHeaders`. */
export type Carrier =
  | Headers
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | readonly string[];

/** Name, in lower case, and value of each header; several values come one by one. */
export function* entriesOf(carrier: Carrier): Generator<[string, string]> {
  if (isFlat(carrier)) {
    for (let i = 0; i + 1 < carrier.length; i += 2) {
      yield [String(carrier[i]).toLowerCase(), String(carrier[i + 1])];
    }
  } else if (isHeaders(carrier)) {
    yield* carrier.entries();
  } else {
    for (const [name, value] of Object.entries(carrier)) {
      if (value === undefined) continue;
      for (const one of Array.isArray(value) ? value : [value]) {
        yield [name.toLowerCase(), String(one)];
      }
    }
  }
}

/** A new carrier of the same shape with more headers; the given one is not touched. */
export function withHeaders<C extends Carrier>(carrier: C, more: readonly string[]): C {
  // In front: what is left over at the end of a list that is cut short stays left over.
  if (isFlat(carrier)) return [...more, ...carrier] as unknown as C;
  if (isHeaders(carrier)) {
    // Of its own class: naming the global one would load all of fetch.
    const copy = new (carrier.constructor as typeof Headers)(carrier);
    for (let i = 0; i < more.length; i += 2) copy.set(more[i]!, more[i + 1]!);
    return copy as C;
  }
  const copy: Record<string, unknown> = { ...carrier };
  for (let i = 0; i < more.length; i += 2) copy[more[i]!] = more[i + 1]!;
  return copy as C;
}

function isFlat(carrier: Carrier): carrier is readonly string[] {
  return Array.isArray(carrier);
}

function isHeaders(carrier: Carrier): carrier is Headers {
  return typeof (carrier as Headers).entries === 'function';
}
