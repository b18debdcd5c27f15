// headers: reading the headers of a call, in whatever form undici takes them. Pure.

type Value = string | Buffer | readonly (string | Buffer)[] | null | undefined;

/** Names and values; several values of one name come one by one. */
export function* pairsOf(headers: unknown): Generator<[string, string]> {
  if (headers === null || typeof headers !== 'object') return;
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    for (let i = 0; i + 1 < headers.length; i += 2) yield* values(headers[i], headers[i + 1]);
  } else if (typeof (headers as Iterable<unknown>)[Symbol.iterator] === 'function') {
    for (const [name, value] of headers as Iterable<[unknown, Value]>) yield* values(name, value);
  } else {
    for (const name of Object.keys(headers)) {
      yield* values(name, (headers as Record<string, Value>)[name]);
    }
  }
}

function* values(name: unknown, value: Value): Generator<[string, string]> {
  if (value === undefined || value === null) return;
  for (const one of Array.isArray(value) ? value : [value as string | Buffer]) {
    yield [text(name), text(one)];
  }
}

/** The first value of a header; `wanted` in lower case. */
export function headerOf(headers: unknown, wanted: string): string | undefined {
  for (const [name, value] of pairsOf(headers)) if (name.toLowerCase() === wanted) return value;
  return undefined;
}

/** Headers as undici parses them: names in lower case, repeated ones as a list. */
export function parsed(raw: readonly (string | Buffer)[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of pairsOf(raw)) {
    const key = name.toLowerCase();
    const before = headers[key];
    if (before === undefined) headers[key] = value;
    else if (Array.isArray(before)) before.push(value);
    else headers[key] = [before, value];
  }
  return headers;
}

/** The flat list of parsed headers, as undici 6 hands it on. */
export function raw(headers: unknown): Buffer[] {
  const list: Buffer[] = [];
  for (const [name, value] of pairsOf(headers)) {
    list.push(Buffer.from(name, 'latin1'), Buffer.from(value, 'latin1'));
  }
  return list;
}

function text(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
}
