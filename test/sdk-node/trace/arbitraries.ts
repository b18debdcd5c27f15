// arbitraries: trace headers, well-formed, malformed, and malformed in one place only.

import fc from 'fast-check';

const hex = (length: number) =>
  fc.string({
    unit: fc.constantFrom(...'0123456789abcdef'),
    minLength: length,
    maxLength: length,
  });

/** Now and then something else than what belongs there. */
const mostly = <T>(good: fc.Arbitrary<T>, ...others: fc.Arbitrary<T>[]): fc.Arbitrary<T> =>
  fc.oneof(
    { arbitrary: good, weight: 40 },
    ...others.map((arbitrary) => ({ arbitrary, weight: 1 })),
  );

const id = (length: number) =>
  mostly(
    hex(length),
    fc.constant('0'.repeat(length)),
    hex(length - 1),
    hex(length + 1),
    hex(length).map((one) => `${one.slice(1)}A`),
    hex(length).map((one) => `.${one.slice(1)}`),
    hex(length).map((one) => `${one.slice(1)}\u0660`),
    fc.constant(''),
  );

// Few traces, so that formats now and then name the same one.
const TRACES = ['0af7651916cd43dd8448eb211c80319c', '463ac35c9f6413ad48485a3953bb6124'];
const trace128 = mostly(fc.constantFrom(...TRACES), id(32));
const traceB3 = mostly(
  fc.constantFrom(...TRACES, ...TRACES.map((one) => one.slice(16))),
  id(32),
  id(16),
);
const junk = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.string({ unit: fc.constantFrom(...'0123456789abcdf-,=. \t'), maxLength: 60 }),
);

export const traceparents = mostly(
  fc
    .tuple(
      mostly(
        fc.constantFrom('00', '00', 'cc', '01'),
        fc.constantFrom('ff', '0', '000', '.0', '0A'),
      ),
      trace128,
      id(16),
      mostly(hex(2), fc.constantFrom('1', '001', '.0', '0A', '')),
      mostly(fc.constant(''), fc.constantFrom('-', '-x-y', '.', '.x', ' ', '-\u0001')),
    )
    .map(([version, trace, span, flags, more]) => `${version}-${trace}-${span}-${flags}${more}`),
  junk,
);

const blank = mostly(fc.constant(''), fc.constantFrom(' ', '\t', ' \t '));
const key = mostly(
  fc.string({ unit: fc.constantFrom(...'ab1'), minLength: 1, maxLength: 2 }),
  fc.constantFrom('_a', '@a', 'A', 'a b', 'a.b', '', 'a@b@c', '1*/-_@', 'é'),
  fc.integer({ min: 254, max: 259 }).map((length) => 'k'.repeat(length)),
);
const state = mostly(
  fc.string({ unit: fc.constantFrom(...' !~<>a1'), minLength: 1, maxLength: 4 }).map((one) => one),
  fc.constantFrom('', '=', 'a=b', '\u007f', 'a\tb', 'é', ' ', '  x'),
  fc.integer({ min: 254, max: 259 }).map((length) => 'v'.repeat(length)),
);
const member = mostly(
  fc.tuple(blank, key, state, blank).map(([a, b, c, d]) => `${a}${b}=${c}${d}`),
  fc.constantFrom('', ' ', 'novalue', '=v'),
);
const members = (minLength: number, maxLength: number) =>
  fc.array(member, { minLength, maxLength }).map((list) => list.join(','));
/** So many members, each with a key of its own. */
const many = fc
  .integer({ min: 30, max: 35 })
  .map((count) => Array.from({ length: count }, (_, i) => `k${i}=${i}`).join(','));
export const tracestates = fc.oneof(
  { arbitrary: members(1, 6), weight: 6 },
  { arbitrary: many, weight: 1 },
  { arbitrary: junk, weight: 1 },
);

const stateOfB3 = mostly(
  fc.constantFrom('-0', '-1', '-d', ''),
  fc.constantFrom('-x', '-', '-true'),
);
export const b3s = fc.oneof(
  {
    arbitrary: fc
      .tuple(traceB3, id(16), stateOfB3, fc.option(id(16), { nil: undefined }))
      .map(([trace, span, sampling, parent]) =>
        parent === undefined
          ? `${trace}-${span}${sampling}`
          : `${trace}-${span}${sampling}-${parent}`,
      ),
    weight: 10,
  },
  { arbitrary: fc.constantFrom('0', '1', 'd', '2', 'D', 'true', '-', '0-'), weight: 3 },
  { arbitrary: junk, weight: 1 },
);

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** Name → value of everything that may come, each there or not. */
export const cames = fc.record({
  traceparent: maybe(traceparents),
  tracestate: maybe(tracestates),
  b3: maybe(b3s),
  'x-b3-traceid': maybe(traceB3),
  'x-b3-spanid': maybe(id(16)),
  'x-b3-parentspanid': maybe(id(16)),
  'x-b3-sampled': maybe(mostly(fc.constantFrom('0', '1'), fc.constantFrom('true', 'false', 'x'))),
  'x-b3-flags': maybe(fc.constantFrom('0', '1', '2', 'x')),
});
