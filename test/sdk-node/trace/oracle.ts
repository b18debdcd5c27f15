// oracle: what the specifications of trace headers say, a second time and plainly, character by
// character. Knows nothing of the code under test.

const HEX = '0123456789abcdef';
const KEY_START = 'abcdefghijklmnopqrstuvwxyz0123456789';
const KEY = `${KEY_START}_-*/@`;

/** Name → value, of the headers that came. */
export type Came = Readonly<Record<string, string | undefined>>;

const all = (text: string, alphabet: string): boolean =>
  [...text].every((character) => alphabet.includes(character));

export const isId = (text: string | undefined, ...lengths: readonly number[]): text is string =>
  text !== undefined && lengths.includes(text.length) && all(text, HEX) && !all(text, '0');

/** W3C Trace Context level 2, 3.2: [trace id, parent id, flags byte]. */
export function traceparent(value: string | undefined): [string, string, number] | undefined {
  if (value === undefined || value.length < 55) return undefined;
  const version = value.slice(0, 2);
  const flags = value.slice(53, 55);
  if (!all(version, HEX) || version === 'ff' || !all(flags, HEX)) return undefined;
  for (const dash of [2, 35, 52]) if (value[dash] !== '-') return undefined;
  if (value.length > 55 && (version === '00' || value[55] !== '-')) return undefined;
  const [traceId, parentId] = [value.slice(3, 35), value.slice(36, 52)];
  if (!isId(traceId, 32) || !isId(parentId, 16)) return undefined;
  return [traceId, parentId, HEX.indexOf(flags[0]!) * 16 + HEX.indexOf(flags[1]!)];
}

export function unblank(text: string): string {
  let result = text;
  while (' \t'.includes(result[0] ?? 'x')) result = result.slice(1);
  while (' \t'.includes(result.at(-1) ?? 'x')) result = result.slice(0, -1);
  return result;
}

/** W3C Trace Context level 2, 3.3: keys and values; undefined: malformed. */
export function tracestate(value: string): [string, string][] | undefined {
  const members: [string, string][] = [];
  for (const part of value.split(',')) {
    const member = unblank(part);
    if (member === '') continue;
    const equals = member.indexOf('=');
    if (equals < 1) return undefined;
    const [key, state] = [member.slice(0, equals), member.slice(equals + 1)];
    if (key.length > 256 || !KEY_START.includes(key[0]!) || !all(key, KEY)) return undefined;
    if (state.length < 1 || state.length > 256) return undefined;
    for (const character of state) {
      const code = character.codePointAt(0)!;
      if (code < 0x20 || code > 0x7e || character === '=') return undefined;
    }
    members.push([key, state]);
  }
  return members.length > 32 ? undefined : members;
}

/** The same with a key once, as a list. */
export function latest(members: readonly [string, string][]): string[] {
  const seen: string[] = [];
  return members
    .filter(([key]) => !seen.includes(key) && seen.push(key) > 0)
    .map(([key, state]) => `${key}=${state}`);
}

export interface B3 {
  trace: string;
  span: string;
  parent: string | undefined;
}

/** B3 in one header: a place, a sampling state, or both. */
export function b3(value: string): { place?: B3; state?: string } | undefined {
  const states = ['0', '1', 'd'];
  const fields = value.split('-');
  if (fields.length === 1) return states.includes(value) ? { state: value } : undefined;
  const [trace, span] = fields;
  if (!isId(trace, 16, 32) || !isId(span, 16)) return undefined;
  const rest = fields.slice(2);
  const state = states.includes(rest[0] ?? '') ? rest.shift() : undefined;
  const parent = rest.shift();
  if (rest.length > 0 || (parent !== undefined && !isId(parent, 16))) return undefined;
  return { place: { trace, span, parent }, ...(state === undefined ? {} : { state }) };
}

/** What mode sanitize lets through, tracestate as members. */
export function sanitized(came: Came): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  const parent = traceparent(came.traceparent);
  if (came.traceparent !== undefined && parent) kept.traceparent = came.traceparent;
  if (came.tracestate !== undefined && parent) {
    const members = tracestate(came.tracestate);
    if (members && members.length > 0) kept.tracestate = latest(members);
  }
  if (came.b3 !== undefined && b3(came.b3)) kept.b3 = came.b3;
  const trace = came['x-b3-traceid'];
  const span = came['x-b3-spanid'];
  const above = came['x-b3-parentspanid'];
  if (isId(trace, 16, 32) && isId(span, 16)) {
    kept['x-b3-traceid'] = trace;
    kept['x-b3-spanid'] = span;
    if (isId(above, 16)) kept['x-b3-parentspanid'] = above;
  }
  Object.assign(kept, sampling(came));
  return kept;
}

/** The state of sampling in several headers. */
export function sampling(came: Came): Record<string, string> {
  const kept: Record<string, string> = {};
  const flags = came['x-b3-flags'];
  if (flags === '0' || flags === '1') kept['x-b3-flags'] = flags;
  const sampled = came['x-b3-sampled'] ?? '';
  const accept = sampled === '1' || sampled === 'true';
  const deny = sampled === '0' || sampled === 'false';
  if (accept || (deny && flags !== '1')) kept['x-b3-sampled'] = sampled;
  return kept;
}
