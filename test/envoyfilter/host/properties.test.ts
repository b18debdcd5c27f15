import { describe, expect, it } from 'vitest';
import { HeaderMap, MapType } from '../../../envoyfilter/src/host/index.js';
import { int64Text, StreamProperties } from '../../../envoyfilter/src/host/properties.js';

const nobody = { readable: () => undefined };

function headers(request?: HeaderMap, response?: HeaderMap) {
  return {
    readable: (type: number) => (type === MapType.RequestHeaders ? request : response),
  };
}

function get(properties: StreamProperties, path: string, stream = headers()): string | undefined {
  return properties.get(path.replaceAll('/', '\0'), stream);
}

describe('properties', () => {
  it('are found by their parts; dots join parts only where the embedder gives them', () => {
    const given = {
      'node.id': 'n',
      'a\0b.c': 'v',
      count: 3n,
      bytes: Uint8Array.of(255),
      euro: '€',
    };
    const properties = new StreamProperties(given, undefined, 'unspecified');
    expect(get(properties, 'node/id')).toBe('n');
    expect(get(properties, 'node/id/')).toBe('n');
    expect(get(properties, 'node.id')).toBeUndefined();
    expect(get(properties, 'a/b.c')).toBe('v');
    expect(get(properties, 'a/b/c')).toBeUndefined();
    expect(get(properties, 'count')).toBe('\x03\0\0\0\0\0\0\0');
    expect(get(properties, 'bytes')).toBe('\xff');
    expect(get(properties, 'euro')).toBe('\xe2\x82\xac');
    expect(get(new StreamProperties(undefined, undefined, 'inbound'), 'node/id')).toBeUndefined();
  });

  it('know address and direction', () => {
    const at = (address: string | undefined, path: string) =>
      get(new StreamProperties(undefined, address, 'outbound'), path);
    expect(at('1.2.3.4:5', 'source/address')).toBe('1.2.3.4:5');
    expect(at('1.2.3.4:65535', 'source/port')).toBe(int64Text(65_535n));
    expect(at('[::1]:80', 'source/port')).toBe(int64Text(80n));
    expect(at('/run/socket', 'source/port')).toBeUndefined();
    expect(at(undefined, 'source/address')).toBeUndefined();
    expect(at(undefined, 'source/port')).toBeUndefined();
    expect(at(undefined, 'xds/listener_direction')).toBe(int64Text(2n));
  });

  it('show the headers of the maps that are there', () => {
    const request = HeaderMap.fromRequest([
      [':path', '/a?b=1?'],
      ['x', '1'],
      ['x', '2'],
    ]);
    const response = HeaderMap.fromResponse([
      [':status', '404'],
      ['x', 'up'],
    ]);
    const properties = new StreamProperties(undefined, undefined, 'unspecified');
    const at = (path: string) => get(properties, path, headers(request, response));
    expect(at('request/path')).toBe('/a?b=1?');
    expect(at('request/url_path')).toBe('/a');
    expect(at('request/query')).toBe('b=1?');
    expect(at('request/headers/x')).toBe('1,2');
    expect(at('request/method')).toBeUndefined();
    expect(at('response/headers/x')).toBe('up');
    expect(at('response/headers/y')).toBeUndefined();
    expect(at('response/code')).toBe(int64Text(404n));
    for (const path of ['request', 'requests/path', 'request/', 'response', 'response/status']) {
      expect(at(path), path).toBeUndefined();
    }
    expect(get(properties, 'request/query', headers(HeaderMap.fromRequest([[':path', '/']])))).toBe(
      '',
    );
    const bare = headers(HeaderMap.fromRequest([]), HeaderMap.fromResponse([[':status', 'x']]));
    for (const path of ['request/url_path', 'request/query', 'response/code']) {
      expect(get(properties, path, bare), path).toBeUndefined();
    }
    expect(get(properties, 'request/path', nobody)).toBeUndefined();
  });

  it('remember what was set under a name of one part, and hide it behind what is theirs', () => {
    const properties = new StreamProperties({ mine: 'given' }, '1.2.3.4:5', 'unspecified');
    for (const name of ['mine', 'other', 'source\0address', 'two\0parts', 'a.b']) {
      properties.set(name, 'set');
    }
    expect(get(properties, 'mine')).toBe('given');
    expect(get(properties, 'other')).toBe('set');
    expect(get(properties, 'source/address')).toBe('1.2.3.4:5');
    expect(get(properties, 'two/parts')).toBeUndefined();
    expect(get(properties, 'a.b')).toBe('set');
    properties.set('other', '');
    expect(get(properties, 'other')).toBe('');
  });

  it('cross as eight bytes, little-endian, also below 0', () => {
    expect(int64Text(1n)).toBe('\x01\0\0\0\0\0\0\0');
    expect(int64Text(-2n)).toBe('\xfe\xff\xff\xff\xff\xff\xff\xff');
  });
});
