// Propagation against a model of it: any requests and calls, the same headers.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Format,
  type Key,
  PropagationModel,
  type PropagationSpec,
  type Values,
} from '../harness/propagation-model.js';
import { type Headers, Sidecar } from '../harness/sidecar.js';

const SECOND = 1_000_000_000n;
const TTL_SECONDS = 20;
const TAG = 'x-traffic-tag';
const OTHERS = ['x-team', 'x-stage'] as const;
const WORKERS = 2;

const oneOf = <T>(...items: readonly T[]) => fc.constantFrom(...items);

// Few ids, so that requests and calls often share one; two of them differ by Envoy's decision.
const IDS = [
  '5e0a3c2e-7b1d-4f7a-9c58-0123456789ab',
  '5e0a3c2e-7b1d-9f7a-9c58-0123456789ab',
  '11111111-2222-4333-8444-555555555555',
  'not-a-uuid',
  '',
] as const;
const TRACES = [
  '80f198ee56343ba864fe8b2a57d3eff7',
  '64fe8b2a57d3eff7',
  '000000000000000064fe8b2a57d3eff7',
  '80F198EE56343BA864FE8B2A57D3EFF7',
  'a3ce929d0e0e4736',
] as const;
const SPANS = ['e457b5a2e4d86bd1', 'E457B5A2E4D86BD1', '00f067aa0ba902b7'] as const;
const PARENTS = ['05e3ac9a4f6e3b90', '00f067aa0ba902b7'] as const;
const GARBAGE = ['', 'x', '-', '0'.repeat(32), '0'.repeat(16), 'g'.repeat(16), '00', '2'] as const;

const wrong = oneOf(...GARBAGE);
const rarely = <T>(usual: fc.Arbitrary<T>, other: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 7, arbitrary: usual }, { weight: 1, arbitrary: other });
const once = (value: fc.Arbitrary<string>) =>
  rarely(
    value.map((one) => [one]),
    fc.array(value, { minLength: 2, maxLength: 3 }),
  );

const trace = oneOf(...TRACES);
const span = oneOf(...SPANS);
const parent = oneOf(...PARENTS);
const decision = oneOf('0', '1', 'd');
const b3 = rarely(
  fc.oneof(
    decision,
    fc.tuple(trace, span).map((parts) => parts.join('-')),
    fc.tuple(trace, span, decision).map((parts) => parts.join('-')),
    fc.tuple(trace, span, decision, parent).map((parts) => parts.join('-')),
  ),
  fc.oneof(
    wrong,
    fc.tuple(trace, span, wrong).map((parts) => parts.join('-')),
    fc.tuple(trace, wrong).map((parts) => parts.join('-')),
  ),
);
const traceparent = rarely(
  fc
    .tuple(oneOf('00', '00', '00', '01'), trace, span, oneOf('00', '01', '02', '03', 'ff'))
    .map(([version, id, at, flags]) => `${version}-${id.padStart(32, '0')}-${at}-${flags}`)
    .map((text) => text.toLowerCase()),
  fc.oneof(
    wrong,
    fc
      .tuple(oneOf('00', 'ff', 'F0', '01'), trace, span, oneOf('01', '1', '01-', '01-more'))
      .map((parts) => parts.join('-')),
  ),
);

const FIELDS: Readonly<Record<string, fc.Arbitrary<readonly string[]>>> = {
  'x-request-id': oneOf(...IDS).map((id) => [id]),
  b3: once(b3),
  traceparent: once(traceparent),
  tracestate: once(oneOf('congo=t61rcWkgMzE', 'rojo=1', '')),
  'x-b3-traceid': once(rarely(trace, wrong)),
  'x-b3-spanid': once(rarely(span, wrong)),
  'x-b3-parentspanid': once(rarely(parent, wrong)),
  'x-b3-sampled': once(rarely(oneOf('0', '1', 'true', 'False'), wrong)),
  'x-b3-flags': once(rarely(oneOf('0', '1'), wrong)),
  'x-ot-span-context': once(oneOf('opaque', 'other', '')),
  [TAG]: once(oneOf('canary', 'stable', '')),
  'x-team': once(oneOf('blue', 'green', '')),
  'x-stage': once(oneOf('pre', 'prod')),
};

/** Some of the headers; ids and decisions more often than not. */
const headers: fc.Arbitrary<Values> = fc
  .tuple(
    fc.record(FIELDS, { requiredKeys: [] }),
    fc.subarray(Object.keys(FIELDS), { minLength: 0 }),
    fc.boolean(),
  )
  .map(([all, names, whole]) => {
    const kept = Object.entries(all).filter(([name]) => whole || names.includes(name));
    return Object.fromEntries(kept) as Values;
  });

type Step =
  | { readonly kind: 'receive' | 'call'; readonly headers: Values; readonly worker: number }
  | { readonly kind: 'wait'; readonly ns: bigint };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('receive' as const),
      headers,
      worker: fc.nat(WORKERS - 1),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      headers,
      worker: fc.nat(WORKERS - 1),
    }),
  },
  {
    weight: 1,
    arbitrary: oneOf(1n, SECOND, 7n * SECOND, BigInt(TTL_SECONDS) * SECOND - 1n, 60n * SECOND).map(
      (ns) => ({ kind: 'wait' as const, ns }),
    ),
  },
);

const some = <T>(...items: readonly T[]) =>
  fc.shuffledSubarray([...items], { minLength: 1, maxLength: items.length });
const spec: fc.Arbitrary<PropagationSpec> = fc.record({
  key: rarely(
    fc.constant<Key[]>(['x-request-id', 'traceparent', 'b3']),
    some<Key>('x-request-id', 'traceparent', 'b3'),
  ),
  tag: fc.constant(TAG),
  others: fc.constant(OTHERS),
  read: fc.oneof(
    fc.constant<Format[]>(['b3', 'b3multi', 'w3c']),
    some<Format>('b3', 'b3multi', 'w3c'),
  ),
  write: fc.oneof(fc.constant<Format[]>(['b3multi', 'w3c']), some<Format>('b3', 'b3multi', 'w3c')),
  ttlNs: fc.constant(BigInt(TTL_SECONDS) * SECOND),
});

function configurationOf({ key, read, write }: PropagationSpec): Record<string, unknown> {
  return {
    key,
    headers: [TAG, ...OTHERS],
    formats: { read, write },
    ttl: `${TTL_SECONDS}s`,
    // So large that none of the few keys meet in a slot: they are counted below.
    capacity: 65536,
  };
}

const plain = (values: Values): Headers =>
  Object.fromEntries(
    Object.keys(values)
      .sort()
      .map((name) => {
        const list = values[name]!;
        return [name, list.length === 1 ? list[0]! : list];
      }),
  );

/** Runs the steps through both; `settle` after each time that passes. */
function compare(one: PropagationSpec, steps: readonly Step[], workers: number): PropagationModel {
  const sidecar = new Sidecar({ workers, propagate: configurationOf(one) });
  const model = new PropagationModel(one);
  const now = () => sidecar.clock.monotonic();
  // Each worker that writes has to know that it is not the only one: it looks once a second.
  const settle = () => {
    if (workers === 1) return;
    for (let i = 0; i < 2; i++) {
      for (let worker = 0; worker < workers; worker++) {
        // Under every kind of key, as the policy may know one kind only.
        const trace = `5e771e${worker}`.padEnd(32, '1');
        const request = {
          'x-request-id': [`settling ${worker}`],
          traceparent: [`00-${trace}-${SPANS[0]}-01`],
          b3: [`${trace}-${SPANS[0]}-1`],
        };
        sidecar.receive(plain(request), worker);
        model.receive(request, now());
      }
      sidecar.clock.advance(SECOND);
    }
  };
  settle();
  for (const each of steps) {
    if (each.kind === 'wait') {
      sidecar.clock.advance(each.ns);
      settle();
      continue;
    }
    const inbound = each.kind === 'receive';
    const worker = each.worker % workers;
    const expected = inbound ? model.receive(each.headers, now()) : model.call(each.headers, now());
    const found = inbound
      ? sidecar.receive(each.headers, worker)
      : sidecar.call(each.headers, worker);
    expect(found).toEqual(plain(expected));
  }
  for (const [outcome, count] of Object.entries(model.counts)) {
    expect([outcome, sidecar.count(outcome)]).toEqual([outcome, count]);
  }
  expect(sidecar.count('evicted')).toBe(0);
  expect(sidecar.errors()).toBe(0);
  return model;
}

describe('requests and calls have the headers that the model says', () => {
  it.each([1, WORKERS])('through %d workers', (workers) => {
    const totals: Record<string, number> = {};
    fc.assert(
      fc.property(spec, fc.array(step, { minLength: 20, maxLength: 60 }), (one, steps) => {
        const { counts } = compare(one, steps, workers);
        for (const [outcome, count] of Object.entries(counts)) {
          totals[outcome] = (totals[outcome] ?? 0) + count;
        }
      }),
      { numRuns: 150 },
    );
    // Everything had its turn.
    for (const outcome of ['stored', 'restored', 'missed', 'conflict', 'malformed']) {
      expect(totals[outcome], outcome).toBeGreaterThan(100);
    }
  }, 120_000);
});
