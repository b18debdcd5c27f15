// Sloppy callers, and servers that lie or hang, on each Node.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp, type Told } from './apps.js';

const TIMEOUT_MS = 90_000;
const maybe = { code: 'TAGALONG_MAYBE_PROCESSED', sent: 'maybe' };

describe.each(nodes.map((node) => [node.version, node] as const))('on Node %s', (_, node) => {
  let found: Record<string, Told>;
  beforeAll(async () => {
    found = await runApp(node, 'hostile.mjs');
  }, TIMEOUT_MS);

  it('an agent serves who waits when the connection ends that was waited for', () => {
    const all = [200, 200, 200];
    expect(found.queue).toEqual({
      'false 127.0.0.1': all,
      'false queue.test': all,
      'true 127.0.0.1': all,
      'true queue.test': all,
    });
  });

  it('a Request may stand for the options of fetch', () => {
    expect(found.request).toEqual([['POST', 'b', '1']]);
  });

  it('a body is sent as it was when it was handed over, however often', () => {
    expect(found.reused).toEqual({
      bytes: ['good', 'good'],
      view: ['\0\0', '\0\0'],
      buffer: ['\0\0', '\0\0'],
      form: ['a=1', 'a=1'],
    });
  });

  it('what was answered and repeated was sent', () => {
    expect(found.left).toEqual({
      name: 'TagalongError',
      code: 'TAGALONG_UNREACHABLE',
      sent: 'maybe',
    });
  });

  it('with `retry: false` nothing is put on a second wire', () => {
    expect(found.once).toEqual({ status: 503, main: 0 });
  });

  it('an answer that is not handed on does not keep its connection', () => {
    expect(found.endless).toEqual(['ok', 'closed']);
  });

  it('each tls of a hop has pools of its own, which stay', () => {
    expect(found.pools).toBe(2);
    expect(found.distrust).toEqual({
      name: 'TagalongError',
      code: 'TAGALONG_UNREACHABLE',
      sent: 'no',
    });
  });

  it('a proxy with credentials is refused, and they are not told', () => {
    expect(found.secrets).toEqual(Array(3).fill('TAGALONG_CONFIG false'));
  });

  it('gRPC: words of an application prove nothing', () => {
    expect(found.grpc).toMatchObject({
      forged: { ...maybe, times: 1 },
      refused: { ...maybe, times: 1 },
      resolved: { ...maybe, times: 1 },
    });
  });

  it('gRPC: a call that is repeated after a head keeps its deadline', () => {
    expect(found.grpc!.hangs).toEqual({ code: 'TAGALONG_DEADLINE', sent: 'maybe' });
  });

  it('gRPC: what was written is kept up to a bound', () => {
    expect(found.kept).toEqual({
      100000: { code: 'TAGALONG_MAYBE_PROCESSED', streams: 3 },
      2000000: { code: 'TAGALONG_MAYBE_PROCESSED', streams: 1 },
    });
  });

  it('gRPC: a large message goes to the next hop', () => {
    expect(found.grpc!.large).toEqual({ answer: `${3 << 20}` });
  });
});
