// Trace contexts against regular expressions of their formats.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Probe, type Trace, utf8 } from './probe.js';

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const SAMPLING = { deferred: 0, deny: 1, accept: 2, debug: 3 } as const;
const DECISIONS: Record<string, number> = {
  '0': SAMPLING.deny,
  '1': SAMPLING.accept,
  d: SAMPLING.debug,
};

const number = (digits: string | undefined) => BigInt(`0x${digits ?? '0'}`);
const digits = (value: bigint, size: number) => value.toString(16).padStart(size, '0');

type Said = Omit<Trace, 'b3' | 'traceparent'>;

/** The formats as regular expressions, and the rule that no id is zero. */
function saidByB3(text: string): Said | undefined {
  const nothing = { traceId: 0n, spanId: 0n, parentId: 0n, flags: 0, wide: false };
  if (/^[01d]$/.test(text)) return { ...nothing, sampling: DECISIONS[text] ?? -1 };
  const form =
    /^(?<trace>[\da-fA-F]{16}|[\da-fA-F]{32})-(?<span>[\da-fA-F]{16})(?:-(?<decision>[01d])(?:-(?<parent>[\da-fA-F]{16}))?)?$/;
  const { trace, span, decision, parent } = form.exec(text)?.groups ?? {};
  if (number(trace) === 0n || number(span) === 0n || /^0+$/.test(parent ?? '')) return undefined;
  return {
    traceId: number(trace),
    spanId: number(span),
    parentId: number(parent),
    sampling: decision === undefined ? SAMPLING.deferred : (DECISIONS[decision] ?? -1),
    flags: 0,
    wide: trace?.length === 32,
  };
}

function saidByTraceparent(text: string): Said | undefined {
  const form =
    /^(?<version>(?!ff)[\da-f]{2})-(?!0{32})(?<trace>[\da-f]{32})-(?!0{16})(?<span>[\da-f]{16})-(?<flags>[\da-f]{2})(?<more>-.*)?$/s;
  const { version, trace, span, flags, more } = form.exec(text)?.groups ?? {};
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  const bits = Number(number(flags));
  return {
    traceId: number(trace),
    spanId: number(span),
    parentId: 0n,
    sampling: bits % 2 === 1 ? SAMPLING.accept : SAMPLING.deny,
    flags: version === '00' ? bits : 0,
    wide: true,
  };
}

function asB3({ traceId, spanId, parentId, sampling, wide }: Said): string {
  const decision = ['', '0', '1', 'd'][sampling] ?? '?';
  const ids = spanId === 0n ? '' : `${digits(traceId, wide ? 32 : 16)}-${digits(spanId, 16)}`;
  const parent = ids && decision && parentId !== 0n ? digits(parentId, 16) : '';
  return [ids, decision, parent].filter(Boolean).join('-');
}

function asTraceparent({ traceId, spanId, sampling, flags }: Said): string {
  if (spanId === 0n || sampling === SAMPLING.deferred) return '';
  const sampled = sampling === SAMPLING.deny ? 0 : 1;
  const bits = (flags & 0xfe) | sampled;
  return `00-${digits(traceId, 32)}-${digits(spanId, 16)}-${digits(BigInt(bits), 2)}`;
}

const whole = (said: Said | undefined): Trace | undefined =>
  said && { ...said, b3: asB3(said), traceparent: asTraceparent(said) };

const hexOf = (size: number) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.string({
        unit: fc.constantFrom(...'0123456789abcdef'),
        minLength: size,
        maxLength: size,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '0'.repeat(size),
        'f'.repeat(size),
        '1'.padStart(size, '0'),
        '8'.padEnd(size, '0'),
      ),
    },
  );
const idOf = (size: number) => hexOf(size).filter((id) => !/^0+$/.test(id));
const anyCase = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.nat(2)).map(([each, how]) => (how === 0 ? each.toUpperCase() : each));

const traceId = fc.oneof(hexOf(16), hexOf(32));
const decision = fc.constantFrom('0', '1', 'd');
const b3 = fc.oneof(
  decision,
  fc.tuple(traceId, hexOf(16)).map((parts) => parts.join('-')),
  fc.tuple(traceId, hexOf(16), decision).map((parts) => parts.join('-')),
  fc.tuple(traceId, hexOf(16), decision, hexOf(16)).map((parts) => parts.join('-')),
);
const traceparent = fc
  .tuple(
    fc.constantFrom('00', '00', '01', 'cc', 'fe', 'ff'),
    hexOf(32),
    hexOf(16),
    hexOf(2),
    fc.constantFrom('', '', '', '-', '-x', '.x', '0'),
  )
  .map(([version, trace, span, flags, more]) => `${version}-${trace}-${span}-${flags}${more}`);

/** A text with a part of it taken out and another put in. */
const nearly = (text: fc.Arbitrary<string>) =>
  fc
    .tuple(
      text,
      fc.nat(),
      fc.nat(2),
      fc.constantFrom('', '-', '--', '0', '1', 'd', 'D', 'a', 'F', 'g', ' ', '\0', 'é', '-1-'),
    )
    .map(([each, at, drop, put]) => {
      const start = at % (each.length + 1);
      return each.slice(0, start) + put + each.slice(start + drop);
    });

const cut = (text: fc.Arbitrary<string>) =>
  fc.tuple(text, fc.nat()).map(([each, at]) => each.slice(0, at % (each.length + 1)));
const junk = fc.string({ unit: fc.constantFrom('0', '1', 'd', 'a', '-'), maxLength: 70 });

describe('b3, as a regular expression', () => {
  it('reads and writes what the format has', () => {
    fc.assert(
      fc.property(anyCase(b3), (text) => {
        expect(probe.b3(utf8(text))).toEqual(whole(saidByB3(text)));
      }),
      { numRuns: 6000 },
    );
  });

  it('accepts and refuses the same texts', () => {
    const texts = fc.oneof(nearly(anyCase(b3)), cut(b3), junk, nearly(nearly(b3)));
    fc.assert(
      fc.property(texts, (text) => {
        expect(probe.b3(utf8(text))).toEqual(whole(saidByB3(text)));
      }),
      { numRuns: 12_000 },
    );
  });

  it('is what it was once it is read and written', () => {
    const ids = fc.tuple(fc.oneof(idOf(16), idOf(32)), idOf(16));
    const tail = fc.oneof(
      fc.constant([]),
      decision.map((each) => [each]),
      fc.tuple(decision, idOf(16)),
    );
    const canonical = fc.oneof(
      decision,
      fc.tuple(ids, tail).map((parts) => parts.flat().join('-')),
    );
    fc.assert(
      fc.property(canonical, (text) => probe.b3(utf8(text))?.b3 === text),
      { numRuns: 4000 },
    );
  });

  it('reads the flags and the decision of several headers', () => {
    const word = fc.oneof(
      fc.constantFrom('0', '1', 'true', 'false', 'TRUE', 'False', 'd', '2', '', '01', '1 '),
      nearly(fc.constantFrom('true', 'false', 'True', 'FALSE')),
      fc.string({ maxLength: 5 }),
    );
    const value = (text: string, one: RegExp, zero: RegExp) =>
      one.test(text) ? 1 : zero.test(text) ? 0 : -1;
    fc.assert(
      fc.property(word, (text) => {
        expect(probe.b3Sampled(utf8(text))).toBe(value(text, /^(?:1|true)$/i, /^(?:0|false)$/i));
        expect(probe.b3Flags(utf8(text))).toBe(value(text, /^1$/, /^0$/));
      }),
      { numRuns: 6000 },
    );
  });
});

describe('traceparent, as a regular expression', () => {
  it('reads and writes what the format has', () => {
    fc.assert(
      fc.property(traceparent, (text) => {
        expect(probe.traceparent(utf8(text))).toEqual(whole(saidByTraceparent(text)));
      }),
      { numRuns: 6000 },
    );
  });

  it('accepts and refuses the same texts', () => {
    const texts = fc.oneof(nearly(anyCase(traceparent)), cut(traceparent), junk);
    fc.assert(
      fc.property(texts, (text) => {
        expect(probe.traceparent(utf8(text))).toEqual(whole(saidByTraceparent(text)));
      }),
      { numRuns: 12_000 },
    );
  });

  it('is what it was once it is read and written', () => {
    const canonical = fc
      .tuple(idOf(32), idOf(16), hexOf(2))
      .map((parts) => `00-${parts.join('-')}`);
    fc.assert(
      fc.property(canonical, (text) => probe.traceparent(utf8(text))?.traceparent === text),
      { numRuns: 4000 },
    );
  });

  it('names the trace and span of the b3 that it is written for', () => {
    const decided = fc.tuple(fc.oneof(idOf(16), idOf(32)), idOf(16), decision);
    fc.assert(
      fc.property(decided, (parts) => {
        const from = probe.b3(utf8(parts.join('-')));
        const to = probe.traceparent(utf8(from?.traceparent ?? ''));
        return to?.traceId === from?.traceId && to?.spanId === from?.spanId;
      }),
      { numRuns: 4000 },
    );
  });
});
