// Which authorities get headers: each class, in and out, in every spelling that clients take.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostOf, meshOf, searchesOf } from '../../sdk-node/src/headers/mesh.js';

const SEARCHES = searchesOf(
  'nameserver 10.96.0.10\nsearch shop.svc.cluster.local svc.cluster.local corp.example.net\n',
);
const mesh = meshOf([], SEARCHES);

const inside: [string, string[]][] = [
  ['loopback', ['localhost', 'a.localhost', '127.0.0.1', '127.255.255.255', '::1', '[::1]']],
  ['names without a dot', ['reviews', 'Reviews:9080', 'my_service', 'a-1']],
  ['Kubernetes', ['reviews.shop.svc', 'reviews.shop.svc.cluster.local', 'x.cluster.local:80']],
  ['internal', ['db.internal', 'ip-10-0-0-1.ec2.internal']],
  ['below a search suffix', ['reviews.corp.example.net', 'a.b.corp.example.net']],
  ['10/8', ['10.0.0.0', '10.255.255.255:9080']],
  ['172.16/12', ['172.16.0.0', '172.31.255.255']],
  ['192.168/16', ['192.168.0.0', '192.168.255.255']],
  ['100.64/10', ['100.64.0.0', '100.127.255.255']],
  ['unique-local', ['fc00::', 'fdff:ffff::1', '[fd12::1]:443', 'FD12::1', 'fd12::1%eth0']],
  ['IPv4 within IPv6', ['::ffff:10.0.0.1', '[::ffff:a00:1]:80', '0:0:0:0:0:ffff:127.0.0.1']],
  ['the dot of the root', ['reviews.shop.svc.', 'localhost.', '10.0.0.1.', 'db.internal.:80']],
  ['capitals', ['DB.INTERNAL', 'LocalHost:80']],
  ['a user before it', ['user@reviews', 'user:word@10.0.0.1:80', 'evil.com@[::1]:80']],
];

const outside: [string, string[]][] = [
  ['the world', ['example.com', 'example.com:443', 'corp.example.net', '8.8.8.8', '2001:db8::1']],
  ['neighbours of 10/8', ['9.255.255.255', '11.0.0.0']],
  ['neighbours of 172.16/12', ['172.15.255.255', '172.32.0.0']],
  ['neighbours of 192.168/16', ['192.167.255.255', '192.169.0.0']],
  ['neighbours of 100.64/10', ['100.63.255.255', '100.128.0.0']],
  ['neighbours of 127/8', ['126.255.255.255', '128.0.0.0', '::2', '::', '0.0.0.0']],
  ['neighbours of fc00::/7', ['fbff:ffff::1', 'fe00::']],
  ['link-local', ['169.254.0.1', '169.254.255.255', 'fe80::1', '[fe80::1%25eth0]', 'fe80::1%eth0']],
  ['metadata by address', ['169.254.169.254', '169.254.170.2', '100.100.100.200', 'fd00:ec2::254']],
  ['credentials of containers', ['169.254.170.23:80', '[fd00:ec2::23]', 'fd00:ec2::23%eth0']],
  ['metadata by name', ['metadata.google.internal', 'METADATA.google.internal.', 'metadata.goog']],
  ['metadata of EC2 by name', ['instance-data', 'instance-data.ec2.internal:80']],
  ['metadata as IPv4 within IPv6', ['::ffff:169.254.169.254', '[::ffff:a9fe:a9fe]:80']],
  ['metadata as a number', ['2852039166', '0xA9FEA9FE', '025177524776', '0x', '2852039166:80']],
  ['addresses in other bases', ['0xa9.254.169.254', '0251.0376.0251.0376', '127.1', '10.1']],
  ['names that end like the mesh', ['evilinternal.com', 'x.internal.com', 'svc.com', 'notsvc.io']],
  ['names that contain it', ['reviews.svc.evil.com', 'localhost.evil.com', '10.0.0.1.evil.com']],
  ['a user that looks like the mesh', ['reviews@evil.com', 'reviews:80@evil.com:443']],
  ['domains of the world without a dot', ['ai.', 'ai.:443']],
  ['other characters for a dot', ['evil。com', 'evil．com', 'evil｡com']],
  ['no host', ['', ':80', '@', '.', '..', '[]', '[::1', '[::1]x', '[::1].evil.com', '-', ' ']],
  ['what is no authority', ['reviews/x', 'reviews?x', 'evil.com#.internal', 'a b', 'a\r\nb']],
];

describe('the mesh', () => {
  it.each(inside)('has %s', (_, hosts) => {
    expect(hosts.filter((host) => !mesh.includes(host))).toEqual([]);
  });

  it.each(outside)('has not %s', (_, hosts) => {
    expect(hosts.filter((host) => mesh.includes(host))).toEqual([]);
  });

  it('has what is added, exactly', () => {
    const added = meshOf([
      'Reviews.Shop.example.',
      ' *.example.com ',
      '198.51.100.0/24',
      '203.0.113.7',
      '2001:db8::/32',
      '2001:db9::7',
    ]);
    const hosts = (...names: string[]) => names.filter((name) => added.includes(name));
    expect(hosts('reviews.shop.example:80', 'x.reviews.shop.example')).toEqual([
      'reviews.shop.example:80',
    ]);
    expect(hosts('a.example.com', 'a.b.example.com', 'example.com', 'aexample.com')).toEqual([
      'a.example.com',
      'a.b.example.com',
    ]);
    expect(hosts('198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0')).toEqual([
      '198.51.100.0',
      '198.51.100.255',
    ]);
    expect(hosts('203.0.113.6', '203.0.113.7', '203.0.113.8')).toEqual(['203.0.113.7']);
    expect(hosts('2001:db8:ffff::1', '2001:db9::7', '2001:db9::8')).toEqual([
      '2001:db8:ffff::1',
      '2001:db9::7',
    ]);
    expect(hosts('reviews', 'example.org')).toEqual(['reviews']);
  });

  it('has a link-local host where it is added, and metadata never', () => {
    const all = meshOf([
      '0.0.0.0/0',
      '::/0',
      '*.google.internal',
      'metadata.goog',
      '169.254.169.254',
    ]);
    expect(all.includes('169.254.1.1')).toBe(true);
    expect(all.includes('fe80::1')).toBe(true);
    expect(all.includes('8.8.8.8')).toBe(true);
    const v4 = ['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200'];
    const v6 = ['::ffff:169.254.169.254', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'];
    const names = ['metadata.google.internal', 'metadata.goog'];
    expect([...v4, ...v6, ...names].filter((host) => all.includes(host))).toEqual([]);
  });

  it.each([
    '*',
    '*.',
    '',
    'a b',
    'http://reviews',
    'reviews:80',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/x',
    '::/129',
    'a.*.com',
    '-x',
    'évil.com',
  ])('refuses to add %j, and says what it wants', (entry) => {
    expect(() => meshOf([entry])).toThrow(RangeError);
    expect(() => meshOf([entry])).toThrow(/want a host, \*\.suffix, an address, or a network/);
  });

  it('answers the same for more hosts than it keeps in mind', () => {
    const many = Array.from({ length: 3000 }, (_, i) =>
      i % 2 === 0 ? `a${i}` : `a${i}.example.com`,
    );
    for (const _ of [1, 2]) {
      expect(many.filter((host) => mesh.includes(host))).toHaveLength(1500);
    }
  });

  it('is what the ranges say, of any address in any spelling', () => {
    const v4 = fc.tuple(
      fc.oneof(fc.constantFrom(10, 100, 127, 169, 172, 192, 9, 11, 126, 128), fc.nat({ max: 255 })),
      fc.oneof(fc.constantFrom(16, 31, 32, 63, 64, 127, 128, 168, 254, 100), fc.nat({ max: 255 })),
      fc.oneof(fc.constantFrom(169, 170, 100), fc.nat({ max: 255 })),
      fc.oneof(fc.constantFrom(254, 2, 23, 200), fc.nat({ max: 255 })),
    );
    const spelling = fc.constantFrom<(ip: string) => string>(
      (ip) => ip,
      (ip) => `${ip}:8080`,
      (ip) => `${ip}.`,
      (ip) => `u:p@${ip}`,
      (ip) => `::ffff:${ip}`,
      (ip) => `[::FFFF:${ip}]:1`,
    );
    fc.assert(
      fc.property(v4, spelling, ([a, b, c, d], spell) => {
        const metadata = ['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200'];
        const expected =
          (a === 10 ||
            a === 127 ||
            (a === 172 && b >= 16 && b < 32) ||
            (a === 192 && b === 168) ||
            (a === 100 && b >= 64 && b < 128)) &&
          !metadata.includes(`${a}.${b}.${c}.${d}`);
        expect(mesh.includes(spell(`${a}.${b}.${c}.${d}`))).toBe(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('answers any text without failing, and lets nothing in that URL reads as elsewhere', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: fc.constantFrom(...'a1.:[]@/\\#?-_%'), maxLength: 20 }),
      fc.webAuthority({ withIPv4: true, withIPv6: true, withPort: true, withUserInfo: true }),
    );
    fc.assert(
      fc.property(text, (authority) => {
        const answer = mesh.includes(authority);
        const url = `http://${authority}/`;
        if (!answer || !URL.canParse(url)) return;
        expect(mesh.includes(new URL(url).host)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the host of an authority', () => {
  it.each([
    ['reviews', 'reviews'],
    ['Reviews:80', 'reviews'],
    ['reviews.', 'reviews'],
    ['[::1]:80', '::1'],
    ['[FD00::1]', 'fd00::1'],
    ['::1', '::1'],
    ['user:pass@reviews:80', 'reviews'],
    ['a@b@reviews', 'reviews'],
    ['[::1', ''],
    ['', ''],
  ])('%j is %j', (authority, host) => {
    expect(hostOf(authority)).toBe(host);
  });
});

describe('resolv.conf', () => {
  it.each([
    ['search a.b c.d', ['a.b', 'c.d']],
    ['search\ta.b \r\n', ['a.b']],
    ['search a.b\nsearch c.d', ['c.d']],
    ['domain a.b\nsearch c.d', ['c.d']],
    ['search c.d\ndomain a.b', ['a.b']],
    ['search A.B.', ['a.b']],
    ['search com . local', []],
    ['# search a.b\n; search a.b\nnameserver 1.1.1.1\noptions ndots:5', []],
    ['', []],
  ])('%j has the suffixes %j', (text, suffixes) => {
    expect(searchesOf(text)).toEqual(suffixes);
  });
});
