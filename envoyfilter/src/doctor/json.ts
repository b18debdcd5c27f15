// json: reading JSON whose form is somebody else's: what is missing reads as empty.

export type Json = unknown;

export function record(value: Json): Record<string, Json> {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Record<string, Json>) : {};
}

export function list(value: Json): Json[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: Json): string {
  return typeof value === 'string' ? value : '';
}

/** A text as JSON; undefined where it is none. */
export function parsed(value: string): Json {
  try {
    return JSON.parse(value) as Json;
  } catch {
    return undefined;
  }
}

/** Paths at which two values differ, as `limits[0].rate`; at most `max` of them. */
export function differences(one: Json, other: Json, max: number, path = ''): string[] {
  if (Object.is(one, other)) return [];
  const isList = Array.isArray(one) && Array.isArray(other);
  const isBoth = [one, other].every((value) => typeof value === 'object' && value !== null);
  if (!isBoth || Array.isArray(one) !== Array.isArray(other)) return [path === '' ? 'all' : path];
  const [a, b] = [one, other] as [Record<string, Json>, Record<string, Json>];
  const found: string[] = [];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (found.length >= max) break;
    const place = isList ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    found.push(...differences(a[key], b[key], max - found.length, place));
  }
  return found;
}
