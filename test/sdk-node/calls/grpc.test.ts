// gRPC clients with the SDK's channel options, on each Node.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp, type Told } from './apps.js';

const TIMEOUT_MS = 90_000;
const SOON_MS = 1_000;
const UNAVAILABLE = 14;
const fails = (cause: string, sent = 'no', code = UNAVAILABLE) => ({ code, cause, sent });

describe.each(nodes.map((node) => [node.version, node] as const))('on Node %s', (_, node) => {
  let found: Record<string, Told>;
  beforeAll(async () => {
    found = await runApp(node, 'grpc.mjs');
  }, TIMEOUT_MS);

  it('falls to the next hop, in all kinds of calls', () => {
    expect(found).toMatchObject({
      plain: 'other hi',
      fallback: 'other hi',
      'direct over TLS': 'tls hi',
      dropped: 'other d',
      upload: 'other abc',
      download: ['other a', 'other b', 'other c'],
      // More than is kept of what was written, but nobody has taken any of it.
      bigUpload: 'other '.length + 40 * 100_000,
      chat: ['other 1', 'other 2'],
    });
  });

  it('fails with an error of its own as cause', () => {
    expect(found).toMatchObject({
      refused: { ...fails('TAGALONG_UNREACHABLE'), tries: { length: 3 } },
      'TLS, not trusted': fails('TAGALONG_UNREACHABLE'),
      'secure, plaintext hop': fails('TAGALONG_NO_ROUTE'),
    });
  });

  it('repeats what an upstream may have processed only with a key', () => {
    expect(found).toMatchObject({
      'the server says so': { code: UNAVAILABLE },
      'the server says so, times': 1,
      once: 'other once',
      'once, no key': { code: UNAVAILABLE },
      invalid: { code: 3, details: 'no' },
    });
  });

  it('ends by the deadline, the earlier one, and by the caller', () => {
    expect(found).toMatchObject({
      deadline: fails('TAGALONG_DEADLINE', 'maybe', 4),
      'own deadline': { code: 4, details: expect.stringMatching(/^Deadline exceeded/) },
      cancelled: { code: 1 },
      'cancelled in a wait': { code: 1 },
    });
    expect(found['own deadline']!.cause).toBeUndefined();
    for (const name of ['deadline', 'own deadline', 'cancelled', 'cancelled in a wait']) {
      expect(found[name]!.ms, name).toBeLessThan(SOON_MS);
    }
  });

  it('is a channel, and goes back when the first hop is back', () => {
    expect(found).toMatchObject({
      ready: 'ready',
      state: 'number',
      channelz: 'object',
      closed: 'Channel has been shut down',
      back: {
        before: [0, 1, 2, 3, 4, 5, 6, 7].map((n) => `other ${n}`),
        after: ['back y', 'back y'],
      },
    });
  });
});
