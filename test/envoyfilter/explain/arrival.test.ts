import { describe, expect, it } from 'vitest';
import { arrivalOf, type ExplainRequest } from '../../../envoyfilter/src/explain/arrival.js';

type Direction = 'gateway' | 'inbound' | 'outbound';

function arrive(at: Direction, request: Omit<ExplainRequest, 'at'> = {}) {
  return arrivalOf({ at, ...request }, at, () => 'made');
}

describe('a request that arrives', () => {
  const forwarded = { headers: [['X-Forwarded-For', '198.51.100.1, 2001:db8::7']] as const };

  it('comes at a gateway from whom the connection is, who is named in x-forwarded-for', () => {
    const { source, headers } = arrive('gateway', forwarded);
    expect(source).toBe('192.0.2.1:0');
    expect(headers.getAll('x-forwarded-for')).toEqual(['198.51.100.1, 2001:db8::7,192.0.2.1']);
    const named = arrive('gateway', { sourceAddress: '2001:db8::1' });
    expect(named.source).toBe('[2001:db8::1]:0');
    expect(named.headers.get('x-forwarded-for')).toBe('2001:db8::1');
  });

  it.each(['inbound', 'outbound'] as const)('comes %s from the last of x-forwarded-for', (at) => {
    const { source, headers } = arrive(at, forwarded);
    expect(source).toBe('[2001:db8::7]:0');
    expect(headers.getAll('x-forwarded-for')).toEqual(['198.51.100.1, 2001:db8::7']);
    expect(arrive(at, { ...forwarded, sourceAddress: '203.0.113.9:80' }).source).toBe(
      '203.0.113.9:80',
    );
    expect(arrive(at).source).toBe('192.0.2.1:0');
  });

  it('has an x-request-id, its own where it has one', () => {
    expect(arrive('inbound').headers.get('x-request-id')).toBe('made');
    const own = arrive('inbound', { headers: [['X-Request-Id', 'own']] });
    expect(own.headers.getAll('x-request-id')).toEqual(['own']);
  });

  it('loses at a gateway what only the mesh may say', () => {
    const headers = [
      ['x-request-id', 'own'],
      ['x-envoy-internal', 'true'],
      ['x-envoy-external-address', '10.0.0.1'],
      ['X-Envoy-Retry-On', '5xx'],
    ] as const;
    const edge = arrive('gateway', { headers }).headers;
    expect(edge.getAll('x-request-id')).toEqual(['made']);
    expect(edge.has('x-envoy-internal') || edge.has('x-envoy-retry-on')).toBe(false);
    expect(edge.getAll('x-envoy-external-address')).toEqual(['192.0.2.1']);
    expect(arrive('inbound', { headers }).headers.get('x-envoy-internal')).toBe('true');
  });

  it('has no blanks around its values', () => {
    expect(arrive('inbound', { headers: [['x-a', ' \ta b\t ']] }).headers.get('x-a')).toBe('a b');
  });

  it('has the authority that is said, else that of its headers', () => {
    const headers = [['host', 'a.example']] as const;
    expect(arrive('inbound', { headers }).headers.get(':authority')).toBe('a.example');
    expect(arrive('inbound', { headers, authority: 'b' }).headers.get(':authority')).toBe('b');
    expect(arrive('inbound').headers.get(':authority')).toBe('localhost');
    expect(arrive('inbound', { headers }).headers.getAll('host')).toHaveLength(1);
  });

  it('is sent as UTF-8', () => {
    const { headers } = arrive('inbound', { path: '/é', headers: [['x-a', 'é漢']] });
    expect(headers.get('x-a')).toBe(Buffer.from('é漢').toString('latin1'));
    expect(headers.get(':path')).toBe(Buffer.from('/é').toString('latin1'));
  });
});
