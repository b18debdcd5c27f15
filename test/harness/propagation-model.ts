// propagation-model: what becomes of the headers of requests and of the calls that an application
// makes for them, as the policy's description says it. An oracle for the filter: written from the
// semantics alone, slow and plain. A store without bounds: nothing is evicted.

export type Values = Readonly<Record<string, readonly string[]>>;
export type Format = 'b3' | 'b3multi' | 'w3c';
export type Key = 'x-request-id' | 'traceparent' | 'b3';

export interface PropagationSpec {
  readonly key: readonly Key[];
  /** Carried headers; the first is a tag that is trusted. */
  readonly tag: string;
  readonly others: readonly string[];
  readonly read: readonly Format[];
  readonly write: readonly Format[];
  readonly ttlNs: bigint;
}

interface Trace {
  readonly ids?: { readonly trace: bigint; readonly span: bigint; readonly wide: boolean };
  readonly parent?: bigint | undefined;
  readonly decision?: '0' | '1' | 'd' | undefined;
  /** What a format without ids says beside them: for readers of B3. */
  readonly aside?: '0' | '1' | 'd' | undefined;
  readonly flags?: number | undefined;
}

interface Entry {
  readonly expiry: bigint;
  readonly digest: string;
  readonly conflict: boolean;
  readonly trace: Trace;
  readonly fields: Readonly<Record<string, string>>;
}

const MULTI = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'];
const HEADERS: Readonly<Record<Format, readonly string[]>> = {
  b3: ['b3'],
  b3multi: MULTI,
  w3c: ['traceparent', 'tracestate'],
};

export class PropagationModel {
  readonly counts = { stored: 0, restored: 0, missed: 0, conflict: 0, malformed: 0 };
  readonly #spec: PropagationSpec;
  readonly #store = new Map<string, Entry>();

  constructor(spec: PropagationSpec) {
    this.#spec = spec;
  }

  /** What the application sees. */
  receive(request: Values, now: bigint): Values {
    const headers = this.#tagged(this.#cleaned(request), undefined);
    const trace = this.#traceOf(headers);
    const carried = [this.#spec.tag, ...this.#spec.others];
    const w3c = readW3c(headers);
    const ofTrace = w3c.ids !== undefined && w3c.ids.trace === trace.ids?.trace;
    const spoken = [...carried, ...(ofTrace ? ['tracestate'] : []), 'x-ot-span-context'];
    const fields = Object.fromEntries(
      spoken.map((name) => [name, joined(headers[name])]).filter(([, value]) => value !== ''),
    );
    const digest = JSON.stringify([trace, fields], (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    const id = joined(headers['x-request-id']);
    if (id !== '') fields['x-request-id'] = id;
    const keys = this.#keysOf(headers);
    if (keys.length > 0) this.counts.stored += 1;
    let conflict = false;
    for (const [, key] of keys) {
      const before = this.#live(key, now);
      const disagrees = before !== undefined && (before.conflict || before.digest !== digest);
      conflict ||= disagrees;
      const expiry = now + this.#spec.ttlNs;
      this.#store.set(key, { expiry, digest, conflict: disagrees, trace, fields });
    }
    if (conflict) this.counts.conflict += 1;
    return headers;
  }

  /** What leaves the proxy. */
  call(request: Values, now: bigint): Values {
    const cleaned = this.#cleaned(request);
    const keys = this.#keysOf(cleaned);
    const entry = keys.map(([, key]) => this.#live(key, now)).find((one) => one !== undefined);
    const headers: Record<string, readonly string[]> = { ...this.#tagged(cleaned, entry) };
    if (entry === undefined) {
      this.counts.missed += 1;
      return headers;
    }
    this.counts.restored += 1;
    const fill = (name: string) => {
      const value = entry.fields[name];
      if (headers[name] === undefined && value !== undefined) headers[name] = [value];
    };
    const idKey = keys.find(([kind]) => kind === 'x-request-id')?.[1];
    if (idKey === undefined || this.#live(idKey, now) === undefined) {
      const value = entry.fields['x-request-id'];
      const sent = joined(headers['x-request-id']);
      const stays = sent !== '' && (entry.conflict || masked(sent) === masked(value ?? ''));
      if (value !== undefined && !stays) headers['x-request-id'] = [value];
    }
    for (const name of this.#spec.others) fill(name);

    const own = this.#traceOf(headers);
    const came = entry.conflict ? undefined : entry.trace;
    let trace = own;
    let same = false;
    if (came !== undefined && own.ids !== undefined) {
      same = sameSpan(own, came);
      if (same) trace = completed(own, came);
    } else if (came !== undefined && own.ids === undefined) {
      same = own.decision === undefined || own.decision === (came.aside ?? came.decision);
      if (same) trace = came;
    }
    for (const format of this.#spec.write) Object.assign(headers, written(format, trace, headers));
    const w3c = readW3c(headers);
    if (came?.ids !== undefined && w3c.ids?.trace === came.ids.trace) {
      if (trace.ids?.trace === came.ids.trace) fill('tracestate');
    }
    if (same) fill('x-ot-span-context');
    return headers;
  }

  #live(key: string, now: bigint): Entry | undefined {
    const entry = this.#store.get(key);
    return entry !== undefined && entry.expiry > now ? entry : undefined;
  }

  /** The tag is kept where all its values are one, else what is remembered is it. */
  #tagged(headers: Values, entry: Entry | undefined): Values {
    const { [this.#spec.tag]: values = [], ...others } = headers;
    const [first = ''] = values;
    const kept = first !== '' && values.every((value) => value === first) ? first : undefined;
    const value = kept ?? entry?.fields[this.#spec.tag];
    return value === undefined ? others : { ...others, [this.#spec.tag]: [value] };
  }

  /** Without the trace headers that say nothing, as far as the policy knows their formats. */
  #cleaned(request: Values): Values {
    const { key, read, write } = this.#spec;
    const found = key.flatMap((one): Format[] =>
      one === 'b3' ? ['b3', 'b3multi'] : one === 'traceparent' ? ['w3c'] : [],
    );
    const known = new Set([...read, ...write, ...found]);
    const headers: Record<string, readonly string[]> = { ...request };
    const drop = (name: string, format?: Format) => {
      if (headers[name] === undefined || (format !== undefined && !known.has(format))) return;
      delete headers[name];
      this.counts.malformed += 1;
    };
    for (const format of ['b3', 'b3multi', 'w3c'] as const) {
      for (const name of HEADERS[format]) {
        const values = headers[name];
        if (values === undefined) continue;
        const single = new Set(values).size === 1 && values[0] !== '';
        const nothing = values.every((value) => value === '');
        if (name === 'tracestate' ? nothing : !single) drop(name, format);
      }
    }
    if (headers.b3 !== undefined && parseB3(headers.b3[0]!) === undefined) drop('b3', 'b3');
    const traceparent = headers.traceparent?.[0];
    if (traceparent !== undefined && !parseTraceparent(traceparent)) drop('traceparent', 'w3c');
    if (request.traceparent !== undefined && headers.traceparent === undefined) {
      drop('tracestate', 'w3c');
    }
    const first = (name: string) => headers[name]?.[0] ?? '';
    const ids = isTraceId(first('x-b3-traceid')) && isSpanId(first('x-b3-spanid'));
    if (!ids) drop('x-b3-traceid', 'b3multi');
    if (!ids) drop('x-b3-spanid', 'b3multi');
    if (!ids || !isSpanId(first('x-b3-parentspanid'))) drop('x-b3-parentspanid', 'b3multi');
    if (!/^([01]|true|false)$/i.test(first('x-b3-sampled'))) drop('x-b3-sampled', 'b3multi');
    if (!/^[01]$/.test(first('x-b3-flags'))) drop('x-b3-flags', 'b3multi');
    const single = readB3(headers).ids;
    const multi = readMulti(headers).ids;
    if (known.has('b3') && single && multi && single.trace !== multi.trace) {
      for (const name of MULTI.slice(0, 3)) drop(name, 'b3multi');
    }
    const ot = headers['x-ot-span-context'];
    if (ot?.every((value) => value === '')) drop('x-ot-span-context');
    return headers;
  }

  /** In the policy's order; two spellings of one trace are one key. */
  #keysOf(headers: Values): [Key, string][] {
    const id = joined(headers['x-request-id']);
    const single = readB3(headers);
    const b3 = single.ids === undefined ? readMulti(headers) : single;
    const all: Readonly<Record<Key, string | undefined>> = {
      'x-request-id': id === '' || id.length > 128 ? undefined : `r ${masked(id)}`,
      traceparent: traceKey(readW3c(headers)),
      b3: traceKey(b3),
    };
    const seen = new Set<string>();
    return this.#spec.key.flatMap((kind): [Key, string][] => {
      const key = all[kind];
      if (key === undefined || seen.has(key)) return [];
      seen.add(key);
      return [[kind, key]];
    });
  }

  /** The one trace of a request: the first format that has ids, else the first decision. */
  #traceOf(headers: Values): Trace {
    const all = this.#spec.read.map((format) => READ[format](headers));
    const first = all.find(({ ids }) => ids !== undefined);
    const alone = all.find(({ ids, decision }) => ids === undefined && decision !== undefined);
    if (first === undefined) return alone ?? {};
    const whole = all
      .slice(all.indexOf(first) + 1)
      .filter((one) => sameSpan(one, first))
      .reduce(completed, first);
    return { ...whole, aside: alone?.decision };
  }
}

const READ: Readonly<Record<Format, (headers: Values) => Trace>> = {
  b3: readB3,
  b3multi: readMulti,
  w3c: readW3c,
};

function sameSpan(one: Trace, other: Trace): boolean {
  return (
    one.ids !== undefined && one.ids.trace === other.ids?.trace && one.ids.span === other.ids?.span
  );
}

/** What the other says of the same span beyond it. */
function completed(trace: Trace, other: Trace): Trace {
  return {
    ...trace,
    parent: trace.parent ?? other.parent,
    decision: trace.decision ?? other.decision,
    aside: trace.aside ?? other.aside,
    flags: trace.flags || other.flags || undefined,
  };
}

function joined(values: readonly string[] | undefined): string {
  return (values ?? []).filter((value) => value !== '').join(',');
}

/** An id without Envoy's sampling character. */
const masked = (id: string) => (id.length === 36 ? `${id.slice(0, 14)}0${id.slice(15)}` : id);
const traceKey = ({ ids }: Trace) => ids && `t ${ids.trace}`;
const isTraceId = (text: string) => /^([\da-f]{16}|[\da-f]{32})$/i.test(text) && !/^0*$/.test(text);
const isSpanId = (text: string) => /^[\da-f]{16}$/i.test(text) && !/^0*$/.test(text);
const number = (digits: string) => BigInt(`0x${digits}`);
const digits = (value: bigint, size: number) => value.toString(16).padStart(size, '0');
const idsOf = (trace: string, span: string) => ({
  trace: number(trace),
  span: number(span),
  wide: trace.length === 32,
});

function parseB3(text: string): Trace | undefined {
  if (/^[01d]$/.test(text)) return { decision: text as '0' | '1' | 'd' };
  const [trace = '', span = '', decision, parent, ...more] = text.split('-');
  if (!isTraceId(trace) || !isSpanId(span) || more.length > 0) return undefined;
  if (decision !== undefined && !/^[01d]$/.test(decision)) return undefined;
  if (parent !== undefined && !isSpanId(parent)) return undefined;
  return {
    ids: idsOf(trace, span),
    decision: decision as '0' | '1' | 'd' | undefined,
    parent: parent === undefined ? undefined : number(parent),
  };
}

function parseTraceparent(text: string): Trace | undefined {
  const form = /^(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
  const [, version, trace = '', span = '', bits = '', more] = form.exec(text) ?? [];
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  if (!isTraceId(trace) || !isSpanId(span)) return undefined;
  const flags = Number(number(bits));
  return {
    ids: idsOf(trace, span),
    decision: flags % 2 === 1 ? '1' : '0',
    flags: version === '00' ? flags || undefined : undefined,
  };
}

// Of headers that were cleaned, or that the policy does not know: then they may be anything.
const only = (values: readonly string[] | undefined) =>
  values !== undefined && new Set(values).size === 1 ? values[0] : undefined;

function readB3(headers: Values): Trace {
  return parseB3(only(headers.b3) ?? '') ?? {};
}

function readW3c(headers: Values): Trace {
  return parseTraceparent(only(headers.traceparent) ?? '') ?? {};
}

function readMulti(headers: Values): Trace {
  const [trace = '', span = '', parent = '', sampled = '', flags = ''] = MULTI.map((name) =>
    only(headers[name]),
  );
  const ids = isTraceId(trace) && isSpanId(span) ? idsOf(trace, span) : undefined;
  const accept = /^(1|true)$/i.test(sampled);
  const deny = /^(0|false)$/i.test(sampled);
  const decision = flags === '1' ? 'd' : accept ? '1' : deny ? '0' : undefined;
  return {
    ...(ids && { ids }),
    decision,
    parent: ids && isSpanId(parent) ? number(parent) : undefined,
  };
}

/** The headers of a format that are absent, as far as there is something for them to say. */
function written(format: Format, trace: Trace, headers: Values): Values {
  const out: Record<string, readonly string[]> = {};
  const { ids, aside, parent, flags = 0 } = trace;
  const decision = format === 'w3c' ? (trace.decision ?? aside) : (aside ?? trace.decision);
  const put = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '' && headers[name] === undefined) out[name] = [value];
  };
  const traceId = ids && digits(ids.trace, ids.wide ? 32 : 16);
  const spanId = ids && digits(ids.span, 16);
  const parentId = parent === undefined ? undefined : digits(parent, 16);
  if (format === 'b3') {
    put('b3', [traceId, spanId, decision, decision && parentId].filter(Boolean).join('-'));
  } else if (format === 'w3c') {
    if (ids === undefined || decision === undefined) return {};
    const bits = (flags & 0xfe) | (decision === '0' ? 0 : 1);
    put('traceparent', `00-${digits(ids.trace, 32)}-${spanId}-${digits(BigInt(bits), 2)}`);
  } else {
    const own = readMulti(headers);
    if (own.ids !== undefined && !sameSpan(own, trace)) return {};
    put('x-b3-traceid', traceId);
    put('x-b3-spanid', spanId);
    put('x-b3-parentspanid', parentId);
    if (own.decision !== undefined) return out;
    put('x-b3-sampled', decision === 'd' ? undefined : decision);
    put('x-b3-flags', decision === 'd' ? '1' : undefined);
  }
  return out;
}
