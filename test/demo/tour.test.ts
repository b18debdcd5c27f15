// A tour that goes wrong says what was wrong.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Mesh } from '../harness/mesh.js';
import { takeTour, type Visit } from './tour.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A mesh that always answers the same. */
async function meshOf(status: number, body: string): Promise<Mesh> {
  const server = createServer((_req, res) => res.writeHead(status).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = { port: async () => port, metrics: async () => [], stop: async () => {} };
  return {
    proxies: { edge: proxy, frontend: proxy },
    edgePort: port,
    insidePort: port,
    stop: async () => {},
  };
}

async function visits(mesh: Mesh): Promise<Visit[]> {
  const all: Visit[] = [];
  for await (const visit of takeTour(mesh)) all.push(visit);
  return all;
}

describe('the tour', () => {
  it('names what differs from the policy', async () => {
    const page = { via: 'x', reviews: { version: 'v2', tag: 'canary', ratings: { tag: null } } };
    const [anybody, tester] = await visits(await meshOf(200, JSON.stringify(page)));
    expect(anybody?.wrong).toEqual([
      'tag canary, wanted stable',
      'rule none, wanted default',
      'version v2, wanted v1',
      'ratings got tag null, wanted stable',
    ]);
    expect(tester?.wrong).toEqual([
      'rule none, wanted testers',
      'ratings got tag null, wanted canary',
    ]);
  });

  it('takes a limit that does not reject for wrong', async () => {
    const page = { reviews: { version: 'v1', tag: 'stable', ratings: { tag: 'stable' } } };
    const all = await visits(await meshOf(200, JSON.stringify(page)));
    expect(all.find(({ path }) => path === '/login')?.wrong).toEqual([
      'rule none, wanted default',
      'request 6: status 200, wanted 429',
      'rejected by undefined, wanted login',
    ]);
  });

  it('takes a limit that rejects too soon for wrong', async () => {
    const all = await visits(await meshOf(429, 'too much'));
    expect(all.find(({ path }) => path === '/login')?.wrong).toEqual([
      'status 429, wanted 200: too much',
      ...[1, 2, 3, 4].map((turn) => `request ${turn}: status 429, wanted 200`),
      'rejected by undefined, wanted login',
    ]);
  });

  it('takes an answer that is not 200 for wrong, and goes on', async () => {
    const all = await visits(await meshOf(503, 'no healthy upstream'));
    expect(all).toHaveLength(13);
    expect(all[0]?.wrong).toEqual(['status 503, wanted 200: no healthy upstream']);
  });
});
