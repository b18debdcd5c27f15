import { describe, expect, it } from 'vitest';
import { byteString, HeaderMap } from '../../../envoyfilter/src/host/header-map.js';
import { inlineHeaders } from '../../../envoyfilter/src/host/inline-headers.js';

const request = (...pairs: [string, string][]) => HeaderMap.fromRequest(pairs);

describe('a header map', () => {
  it('keeps order and repeated headers, lower-cases names, and joins inline ones', () => {
    const map = request(
      ['X-A', '1'],
      ['Accept', 'x'],
      ['x-a', '2'],
      ['cookie', 'a'],
      ['accept', 'y'],
    );
    map.add('cookie', 'b');
    expect([...map]).toEqual([
      ['x-a', '1'],
      ['accept', 'x,y'],
      ['x-a', '2'],
      ['cookie', 'a'],
      ['cookie', 'b'],
    ]);
    expect(map.size).toBe(5);
    expect(map.byteSize).toBe(3 * 2 + 6 + 2 * 6 + 2 + 3 + 2);
    expect(map.get('X-A')).toBe('1');
    expect(map.getAll('x-A')).toEqual(['1', '2']);
    expect(map.get('x')).toBeUndefined();
    expect(map.getAll('x')).toEqual([]);
    expect([map.has('x-a'), map.has('x-b')]).toEqual([true, false]);
  });

  it('knows host as :authority in requests only', () => {
    const map = request(['Host', 'a'], [':authority', 'b']);
    expect(map.toPairs()).toEqual([[':authority', 'a,b']]);
    expect(map.get('host')).toBe('a,b');
    expect(map.remove('host')).toBe(1);
    expect(HeaderMap.fromResponse([['host', 'a']]).toPairs()).toEqual([['host', 'a']]);
  });

  it('puts pseudo-headers before the rest, each behind those that are there', () => {
    const map = request(['a', '1'], [':path', '/'], [':method', 'GET']);
    map.remove(':path');
    map.add('b', '2');
    map.add(':scheme', 'http');
    map.set(':method', 'PUT');
    map.add(':own', '1');
    map.add(':own', '2');
    expect(map.names).toEqual([':scheme', ':method', ':own', ':own', 'a', 'b']);
    expect(map.values).toEqual(['http', 'PUT', '1', '2', '1', '2']);
    expect(map.remove(':own')).toBe(2);
    map.add(':last', '');
    expect(map.names).toEqual([':scheme', ':method', ':last', 'a', 'b']);
  });

  it('replaces all by one at the end, or in place where it is put', () => {
    const map = request(['x', '1'], ['y', '1'], ['x', '2']);
    map.set('X', '3');
    expect(map.toPairs()).toEqual([
      ['y', '1'],
      ['x', '3'],
    ]);
    map.put('Y', '2');
    map.put('z', '1');
    expect(map.toPairs()).toEqual([
      ['y', '2'],
      ['x', '3'],
      ['z', '1'],
    ]);
    expect(map.remove('none')).toBe(0);
  });

  it('appends nothing for an empty value, and no comma to one', () => {
    const map = request(['via', ''], ['via', 'a'], ['via', ''], ['via', 'b']);
    expect(map.toPairs()).toEqual([['via', 'a,b']]);
  });

  it('is a copy of its own once cloned, and empty once cleared', () => {
    const map = request([':path', '/'], ['a', '1']);
    const copy = map.clone();
    map.clear();
    map.add('b', '');
    map.add(':path', '/b');
    expect(map.toPairs()).toEqual([
      [':path', '/b'],
      ['b', ''],
    ]);
    copy.add(':method', 'GET');
    expect(copy.names).toEqual([':path', ':method', 'a']);
    expect(copy.kind).toBe('request');
  });

  it('lower-cases ASCII and nothing else', () => {
    expect(request(['\xc4Z[@', '1']).names).toEqual(['\xc4z[@']);
  });

  it('takes text as Latin-1 where it can be, else as UTF-8, and bytes as they are', () => {
    expect(byteString('\xe9')).toBe('\xe9');
    expect(byteString('\xe9€')).toBe(Buffer.from('\xe9€', 'utf8').toString('latin1'));
    expect(byteString(Uint8Array.of(0xff, 0))).toBe('\xff\0');
    expect(request(['a', '€']).get('a')).toBe('\xe2\x82\xac');
  });

  it('knows other inline headers in responses', () => {
    const pairs: [string, string][] = [
      ['location', 'a'],
      ['location', 'b'],
      ['accept', 'a'],
      ['accept', 'b'],
    ];
    expect(HeaderMap.fromRequest(pairs).size).toBe(3);
    expect(HeaderMap.fromResponse(pairs).size).toBe(3);
    expect(HeaderMap.fromResponse(pairs).get('location')).toBe('a,b');
    expect(inlineHeaders.request.has('set-cookie')).toBe(false);
  });
});
