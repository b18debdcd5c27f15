import { describe, expect, it } from 'vitest';
import { HeaderMap } from '../../../envoyfilter/src/host/index.js';
import { type Asker, askerOf, localReply } from '../../../envoyfilter/src/host/reply.js';

const plain: Asker = { grpc: false, head: false };
const grpc: Asker = { grpc: true, head: false };
const asked = { status: 429, details: '', body: '', headers: [], grpcStatus: undefined };

describe('who asks', () => {
  it.each([
    ['application/grpc', true],
    ['application/grpc+json', true],
    ['application/grpc-web', false],
    ['application/grpc;x', false],
    ['application/grp', false],
    ['text/plain', false],
  ])('%s is gRPC: %s', (type, is) => {
    const pairs: [string, string][] = [
      [':path', '/'],
      ['content-type', type],
    ];
    expect(askerOf(HeaderMap.fromRequest(pairs)).grpc).toBe(is);
    expect(askerOf(HeaderMap.fromRequest(pairs.slice(1))).grpc).toBe(false);
  });

  it('tells HEAD by its method', () => {
    expect(askerOf(HeaderMap.fromRequest([[':method', 'HEAD']])).head).toBe(true);
    expect(askerOf(HeaderMap.fromRequest([[':method', 'GET']])).head).toBe(false);
  });
});

describe('a local reply', () => {
  it('writes its status once, its own headers, then length and type', () => {
    const headers = [
      ['a', '1'],
      [':status', '200'],
      ['a', '2'],
    ] as const;
    const reply = localReply(plain, { ...asked, body: 'text', headers });
    expect(reply.headers.toPairs()).toEqual([
      [':status', '429'],
      ['a', '1'],
      ['a', '2'],
      ['content-length', '4'],
      ['content-type', 'text/plain'],
    ]);
    expect(reply).toMatchObject({ status: 429, body: 'text', grpcStatus: undefined });
  });

  it('has no type and no length without a body', () => {
    const headers = [
      ['content-type', 'a/b'],
      ['content-length', '9'],
    ] as const;
    expect(localReply(plain, { ...asked, headers }).headers.toPairs()).toEqual([
      [':status', '429'],
    ]);
  });

  it('keeps length and type for HEAD, without the body', () => {
    const reply = localReply({ ...plain, head: true }, { ...asked, body: 'text' });
    expect(reply.headers.get('content-length')).toBe('4');
    expect(reply.body).toBe('');
  });

  it.each([
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [429, 14],
    [500, 2],
    [502, 14],
    [503, 14],
    [504, 14],
    [200, 2],
  ])('says for %i, to gRPC: %i', (status, code) => {
    const reply = localReply(grpc, { ...asked, status });
    expect(reply).toMatchObject({ status: 200, grpcStatus: code, body: '' });
    expect(reply.headers.get('grpc-status')).toBe(String(code));
  });

  it('says to gRPC what it was told to', () => {
    const told = localReply(grpc, { ...asked, grpcStatus: 0, body: 'ok' });
    expect(told.headers.toPairs()).toEqual([
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['grpc-status', '0'],
      ['grpc-message', 'ok'],
    ]);
    const headers = [
      ['grpc-status', '5'],
      ['content-length', '3'],
    ] as const;
    const header = localReply(grpc, { ...asked, grpcStatus: 0, headers });
    expect(header.grpcStatus).toBe(5);
    expect(header.headers.has('content-length')).toBe(false);
    expect(header.headers.has('grpc-message')).toBe(false);
  });

  it('escapes in a gRPC message what is no printable ASCII, % and ~', () => {
    const body = '\x00\x1f !$%&}~\x7f\xff';
    const message = localReply(grpc, { ...asked, body }).headers.get('grpc-message');
    expect(message).toBe('%00%1F !$%25&}%7E%7F%FF');
  });
});
