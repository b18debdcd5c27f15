// Addresses and networks against Node's isIP and BlockList, and against plain arithmetic.

import { BlockList, isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bytes, Probe } from './probe.js';

let probe: Probe;
beforeAll(async () => {
  probe = await Probe.load();
});

const hex = (bytes: Bytes | undefined) => (bytes ? Buffer.from(bytes).toString('hex') : undefined);
const toV4 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** All eight groups, none left out. */
function toV6(value: bigint): string {
  return Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
  ).join(':');
}

const v4 = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('0.0.0.0', '255.255.255.255', '10.0.0.1', '127.0.0.1'),
);
const v6 = fc.oneof(
  fc.ipV6(),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map(toV6),
  fc.constantFrom('::', '::1', 'fe80::1', '::ffff:1.2.3.4', '1::', '1:2:3:4:5:6:7::'),
);

/** Texts that are almost addresses. */
const almost = fc.oneof(
  fc
    .tuple(
      fc.oneof(v4, v6),
      fc.nat(),
      fc.nat(2),
      fc.constantFrom('', '.', ':', '::', '0', 'f', '256', 'g', '/'),
    )
    .map(([text, at, drop, put]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + put + text.slice(start + drop);
    }),
  fc.string({ unit: fc.constantFrom('1', '0', 'a', ':', '.', '25', 'ffff'), maxLength: 14 }),
  fc
    .array(fc.constantFrom('', '0', '1', 'ff', '1.2.3.4'), { maxLength: 10 })
    .map((parts) => parts.join(':')),
);

/** The value of an address that Node knows, from its canonical form. */
function numberOf(text: string): bigint {
  if (isIPv4(text)) {
    const value = text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
    return (0xffffn << 32n) | value;
  }
  // The parser of URLs gives lower-case groups and no dots.
  const plain = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = groups(tail ?? '');
  const middle = tail === undefined ? [] : Array(8 - left.length - right.length).fill('0');
  return [...left, ...middle, ...right].reduce(
    (sum, group) => (sum << 16n) | BigInt(`0x${group}`),
    0n,
  );
}

const toHex = (value: bigint) => value.toString(16).padStart(32, '0');
const toBytes = (value: bigint): Bytes => Uint8Array.from(Buffer.from(toHex(value), 'hex'));

describe('address, as isIP', () => {
  it('reads every address', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), (text) => hex(probe.address(text)) === toHex(numberOf(text))),
      { numRuns: 8000 },
    );
  });

  it('accepts and refuses the same texts', () => {
    fc.assert(
      fc.property(almost, (text) => {
        const wanted = isIP(text) === 0 ? undefined : toHex(numberOf(text));
        return hex(probe.address(text)) === wanted;
      }),
      { numRuns: 20_000 },
    );
  });

  it('reads an address with its port, as Envoy writes it', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.nat(65_535), (text, port) => {
        const whole = isIPv4(text) ? `${text}:${port}` : `[${text}]:${port}`;
        return hex(probe.addressAndPort(whole)) === toHex(numberOf(text));
      }),
      { numRuns: 4000 },
    );
  });

  it('reads what Envoy writes for other peers as no address', () => {
    fc.assert(
      fc.property(almost, fc.constantFrom('', ':', ':80'), (text, port) => {
        const found = probe.addressAndPort(text + port);
        const cut = (text + port).lastIndexOf(':');
        const host = (text + port).slice(0, Math.max(cut, 0)).replace(/^\[(.*)\]$/, '$1');
        return hex(found) === (isIP(host) === 0 ? undefined : toHex(numberOf(host)));
      }),
      { numRuns: 4000 },
    );
  });
});

describe('network, as BlockList', () => {
  /** A network, and an address in it or near it. */
  const v4Case = fc
    .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.nat(32), fc.nat(32), fc.boolean())
    .map(([value, bits, flip, random]) => {
      const other = flip === 32 ? value : value ^ (1 << flip);
      const found = random ? (value * 2654435761) >>> 0 : other >>> 0;
      return { network: toV4(value), bits, address: toV4(found) };
    });
  const v6Case = fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.nat(128), fc.nat(128))
    .map(([value, bits, flip]) => ({
      network: toV6(value),
      bits,
      address: toV6(flip === 128 ? value : value ^ (1n << BigInt(flip))),
    }));

  it('holds the same IPv4 addresses', () => {
    fc.assert(
      fc.property(v4Case, ({ network, bits, address }) => {
        const list = new BlockList();
        list.addSubnet(network, bits, 'ipv4');
        const wanted = list.check(address, 'ipv4');
        return (
          probe.networkContains(`${network}/${bits}`, address) === wanted &&
          probe.networkContains(`${network}/${bits}`, `::ffff:${address}`) === wanted
        );
      }),
      { numRuns: 6000 },
    );
  });

  it('holds the same IPv6 addresses', () => {
    fc.assert(
      fc.property(v6Case, ({ network, bits, address }) => {
        const list = new BlockList();
        list.addSubnet(network, bits, 'ipv6');
        const wanted = list.check(address, 'ipv6');
        return probe.networkContains(`${network}/${bits}`, address) === wanted;
      }),
      { numRuns: 6000 },
    );
  });

  it('holds what plain arithmetic says', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.nat(128), fc.oneof(v4, v6), (network, any, address) => {
        const bits = isIPv4(network) ? any % 33 : any;
        const fixed = BigInt(isIPv4(network) ? bits + 96 : bits);
        const wanted = (numberOf(network) ^ numberOf(address)) >> (128n - fixed) === 0n;
        return probe.networkContains(`${network}/${bits}`, address) === wanted;
      }),
      { numRuns: 6000 },
    );
  });

  it('clears the bits of the host', () => {
    fc.assert(
      fc.property(v6.filter(isIPv6), fc.nat(128), (network, bits) => {
        const mask = ((1n << BigInt(bits)) - 1n) << BigInt(128 - bits);
        const found = probe.network(`${network}/${bits}`);
        return (
          hex(found?.subarray(0, 16)) === toHex(numberOf(network) & mask) && found?.[16] === bits
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no other number of bits', () => {
    for (const text of [
      '',
      '-1',
      '+1',
      '01',
      '00',
      '0x8',
      '1.0',
      ' 8',
      '8 ',
      '129',
      '256',
      '1e1',
    ]) {
      expect(probe.network(`::1/${text}`), text).toBeUndefined();
      expect(probe.network(`10.0.0.1/${text}`), text).toBeUndefined();
    }
    expect(probe.network('10.0.0.1/33')).toBeUndefined();
    expect(probe.network('::/128')).toBeDefined();
  });
});

describe('the text of an address, as the parser of URLs writes it', () => {
  const ALL = (1n << 128n) - 1n;
  const isMapped = (value: bigint) => value >> 32n === 0xffffn;
  /** Groups that are often 0, so that there are gaps to choose from. */
  const gappy = fc
    .array(fc.oneof(fc.constant(0), fc.constantFrom(1, 0xf, 0x10, 0xfff, 0x1000), fc.nat(65_535)), {
      minLength: 8,
      maxLength: 8,
    })
    .map((groups) => groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n));
  const mapped = fc.bigInt({ min: 0n, max: 0xffffffffn }).map((low) => (0xffffn << 32n) | low);
  const any = fc.oneof(gappy, mapped, fc.bigInt({ min: 0n, max: ALL }));

  function textOf(value: bigint): string {
    if (isMapped(value)) return toV4(Number(value & 0xffffffffn));
    return new URL(`http://[${toV6(value)}]/`).hostname.slice(1, -1);
  }

  it('writes every address', () => {
    fc.assert(
      fc.property(any, (value) => {
        const text = probe.addressText(toBytes(value));
        expect(text).toBe(textOf(value));
        expect(hex(probe.address(text))).toBe(toHex(value));
      }),
      { numRuns: 12_000 },
    );
  });

  it('writes what SocketAddress writes, where that has no IPv4 in IPv6', () => {
    fc.assert(
      fc.property(gappy, (value) => {
        const { address } = new SocketAddress({ address: toV6(value), family: 'ipv6' });
        fc.pre(!address.includes('.'));
        expect(probe.addressText(toBytes(value))).toBe(address);
      }),
      { numRuns: 4000 },
    );
  });

  it('masks as plain arithmetic does', () => {
    const bits = fc.oneof(fc.nat(130), fc.constantFrom(32, 33, 128, 0xffffffff));
    fc.assert(
      fc.property(any, bits, bits, (value, bits4, bits6) => {
        const fixed = isMapped(value) ? 96 + Math.min(bits4, 32) : Math.min(bits6, 128);
        const kept = (ALL << BigInt(128 - fixed)) & ALL;
        expect(hex(probe.maskAddress(toBytes(value), bits4, bits6))).toBe(toHex(value & kept));
      }),
      { numRuns: 6000 },
    );
  });
});
