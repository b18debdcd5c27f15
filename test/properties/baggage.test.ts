// Baggage against plain splits, a regular expression for its escapes, encodeURIComponent.

import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { looseKey } from '../harness/model.js';
import { type Bytes, Probe, utf8 } from './probe.js';

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

/** A character for each byte, both ways. */
const latin1 = (bytes: Bytes): string => Buffer.from(bytes).toString('latin1');
const bytesOf = (text: string): Bytes => Uint8Array.from(Buffer.from(text, 'latin1'));
const anyBytes = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Uint8Array.from(bytes));
/** As the list means it: blanks and tabs, nothing else. */
const trim = (text: string) => text.replaceAll(/^[ \t]+|[ \t]+$/g, '');

const unit = fc.oneof(
  fc.constantFrom('a', 'x', 'X', '=', ';', ',', ' ', '\t', '"', '%2C', '%', 'é', '\0'),
  fc.constantFrom('x=1', ' x = 1 ', 'X=2;p=q', 'a=1', 'x', '=1', ';x=1', ' , '),
);
const list = fc.array(unit, { maxLength: 16 }).map((parts) => latin1(utf8(parts.join(''))));

/** Key, value and the whole of each member, by splitting. */
function membersOf(text: string): [key: string, value: string, whole: string][] {
  return text
    .split(',')
    .map(trim)
    .filter(Boolean)
    .map((member) => {
      const [pair = ''] = member.split(';');
      const equals = pair.indexOf('=');
      const key = equals < 0 ? '' : trim(pair.slice(0, equals));
      return [key, key === '' ? '' : trim(pair.slice(equals + 1)), member];
    });
}

describe('baggage, as a split', () => {
  it('walks a list', () => {
    fc.assert(
      fc.property(list, (text) => {
        const found = probe.baggage(bytesOf(text)).map((parts) => parts.map(latin1));
        expect(found).toEqual(membersOf(text));
      }),
      { numRuns: 12_000 },
    );
  });

  it('walks any bytes', () => {
    fc.assert(
      fc.property(anyBytes(40), (bytes) => {
        const found = probe.baggage(bytes).map((parts) => parts.map(latin1));
        expect(found).toEqual(membersOf(latin1(bytes)));
      }),
      { numRuns: 4000 },
    );
  });

  it('has one value of a key, the others as they came', () => {
    fc.assert(
      fc.property(list, fc.constantFrom('x', 'a', 'xx'), anyBytes(6), (text, key, value) => {
        const kept = membersOf(text)
          .filter(([found]) => looseKey(found) !== key)
          .map(([, , member]) => member);
        const wanted = [...kept, `${key}=${latin1(probe.encodeBaggage(value))}`].join(',');
        const found = probe.baggageWith(bytesOf(text), utf8(key), value);
        expect({ added: found.added, list: latin1(found.list) }).toEqual({
          added: true,
          list: wanted,
        });
      }),
      { numRuns: 8000 },
    );
  });

  it('has no value more than a list may hold, and drops nothing of others', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 260 }), fc.constant(125)), {
      minLength: 1,
      maxLength: 66,
    });
    const near = fc.tuple(fc.integer({ min: 8180, max: 8200 }), fc.integer({ min: 1, max: 64 }));
    const filled = near.map(([size, count]) => {
      const each = Math.floor((size + 1) / count) - 1;
      return [...Array(count - 1).fill(each), size - (count - 1) * (each + 1)];
    });
    fc.assert(
      fc.property(fc.oneof(sizes, filled), fc.nat(12), (all, valueSize) => {
        const members = all.map((size) => 'm'.repeat(size));
        const before = members.join(',');
        const after = `${before},x=${'y'.repeat(valueSize)}`;
        const added = after.length <= 8192 && members.length < 64;
        const found = probe.baggageWith(utf8(before), utf8('x'), utf8('y'.repeat(valueSize)));
        return found.added === added && latin1(found.list) === (added ? after : before);
      }),
      { numRuns: 4000 },
    );
  });
});

describe('the values of baggage, as URI components', () => {
  const escapes = fc
    .array(
      fc.constantFrom('%', '%4', '%41', '%2c', '%C3', '%A9', '%%', '%zz', '+', 'a', '4', ' '),
      {
        maxLength: 12,
      },
    )
    .map((parts) => parts.join(''));

  it('decodes what is an escape, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(escapes, anyBytes(20).map(latin1)), (text) => {
        const wanted = text.replaceAll(/%([\da-fA-F]{2})/g, (_, hex) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        expect(latin1(probe.decodeBaggage(bytesOf(text)))).toBe(wanted);
      }),
      { numRuns: 8000 },
    );
  });

  it('decodes what encodeURIComponent made, and the other way', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), (text) => {
        const encoded = utf8(encodeURIComponent(text));
        expect(Buffer.from(probe.decodeBaggage(encoded)).toString()).toBe(text);
        expect(decodeURIComponent(latin1(probe.encodeBaggage(utf8(text))))).toBe(text);
      }),
      { numRuns: 6000 },
    );
  });

  it('encodes to bytes that a value may have, and back', () => {
    fc.assert(
      fc.property(anyBytes(40), (bytes) => {
        const encoded = latin1(probe.encodeBaggage(bytes));
        const wanted = latin1(bytes).replaceAll(
          /[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g,
          (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
        );
        expect(encoded).toBe(wanted);
        expect(latin1(probe.decodeBaggage(bytesOf(encoded)))).toBe(latin1(bytes));
      }),
      { numRuns: 6000 },
    );
  });
});
