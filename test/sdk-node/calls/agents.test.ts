// Agents of node:http and node:https, with axios and got, on each Node.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp, type Told } from './apps.js';

const TIMEOUT_MS = 90_000;
const SOON_MS = 1_000;
const fails = (code: string) => ({ name: 'TagalongError', code, sent: 'no' });
const mine = { message: 'mine' };

describe.each(nodes.map((node) => [node.version, node] as const))('on Node %s', (_, node) => {
  let found: Record<string, Told>;
  beforeAll(async () => {
    found = await runApp(node, 'agents.mjs');
  }, TIMEOUT_MS);

  it('fall to the next hop only where the connection failed', () => {
    expect(found).toMatchObject({
      plain: { status: 200, text: 'main GET ' },
      fallback: { status: 200, text: 'other POST b' },
      host: 'reviews.test:9080',
      refused: { ...fails('TAGALONG_UNREACHABLE'), cause: 'ECONNREFUSED' },
      refusedAuthority: { ...fails('TAGALONG_UNREACHABLE'), cause: 'ECONNREFUSED' },
      reset: { name: 'Error', code: 'ECONNRESET' },
      axios: 'other POST b',
      got: 'other POST b',
    });
  });

  it('send nothing in plaintext that is to be encrypted, and trust nobody unasked', () => {
    expect(found).toMatchObject({
      'https, proxy': fails('TAGALONG_NO_ROUTE'),
      'https, plaintext': fails('TAGALONG_NO_ROUTE'),
      'https, direct': { status: 200, text: 'tls reviews.test localhost' },
      'http, direct over TLS': { status: 200, text: 'tls reviews.test:9080 localhost' },
      'https, plain authority': { status: 200 },
      'direct, not trusted': {
        ...fails('TAGALONG_UNREACHABLE'),
        cause: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      },
      config: expect.stringMatching(/^TAGALONG_CONFIG routes\["a"\]\[0\]: a direct hop wants/),
    });
  });

  it('keep the meaning and the time of aborts and timeouts while there is no connection', () => {
    expect(found).toMatchObject({
      destroy: mine,
      signal: { name: 'AbortError' },
      timeout: { ...mine, events: ['timeout'] },
      'agent timeout': { ...mine, events: ['timeout'] },
      setTimeout: { ...mine, events: ['timeout'] },
      'timeout of the answer': { ...mine, events: ['timeout'] },
      'agent destroyed': { code: 'ECONNRESET' },
      deadline: fails('TAGALONG_DEADLINE'),
      axiosTimeout: 'ECONNABORTED',
      gotTimeout: 'ETIMEDOUT',
    });
    for (const name of [
      'destroy',
      'signal',
      'timeout',
      'agent timeout',
      'setTimeout',
      'deadline',
    ]) {
      expect(found[name]!.ms, name).toBeLessThan(SOON_MS);
    }
  });

  it('keep to maxSockets for each hop, and serve who waits', () => {
    expect(found.narrow).toMatchObject({ statuses: [200], queued: 0 });
    // Two of the hop that is dead, and two of the other.
    expect(found.narrow!.most).toBeLessThanOrEqual(4);
    expect(found.narrow!.total).toBeLessThanOrEqual(2);
    expect(found.total).toEqual([200]);
  });

  it('go back when the first hop is back', () => {
    expect(found.back).toMatchObject({
      before: Array(8).fill('other GET '),
      after: Array(5).fill('back'),
    });
  });
});
