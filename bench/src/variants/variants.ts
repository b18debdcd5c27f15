// variants: all that is measured beside each other, ours and the others'.

import { BY_ALL, CANARY, RESTORED, STABLE } from './answers.js';
import { BASE } from './base.js';
import { HOST_CALLS } from './host-calls.js';
import { OURS } from './ours.js';
import { type Job, PEERS, type Peer } from './peers/index.js';
import { remembered, STREAM } from './requests.js';
import type { BenchRequest, Exchange, Expected, Variant } from './variant.js';

const LISTENER = 'bench';
const KNOWN = remembered();

/** What a job is asked, and how one sees that it was done. */
const JOBS: Readonly<Record<Job, readonly [requests: readonly BenchRequest[], Expected]>> = {
  tag: [STREAM, CANARY],
  header: [STREAM, STABLE],
  store: [STREAM, STABLE],
  restore: [KNOWN.went, RESTORED],
  limit: [STREAM, STABLE],
  'limit keys': [STREAM, STABLE],
  everything: [STREAM, CANARY],
};

const ADMITTED = ['http_local_rate_limit.ok'];
const COUNTED: Readonly<Partial<Record<Job, readonly string[]>>> = {
  limit: ADMITTED,
  'limit keys': ADMITTED,
  everything: ADMITTED,
};

/** A filter that restores remembers what brings a trace. */
const REMEMBERED: Exchange = {
  listener: LISTENER,
  requests: KNOWN.came,
  expect: RESTORED,
};

export const VARIANTS: readonly Variant[] = [...BASE, ...HOST_CALLS, ...OURS, ...PEERS.map(ofPeer)];

function ofPeer(peer: Peer): Variant {
  const { name, title, group, job } = peer;
  const [requests, expect] = JOBS[job];
  return {
    ...{ name, title, group, job },
    missing: () => peer.available(),
    version: () => peer.version(),
    listeners: async () => [
      {
        name: LISTENER,
        filters: await peer.filters(),
        ...(job === 'restore' ? { routes: BY_ALL } : {}),
      },
    ],
    load: { listener: LISTENER, requests, expect },
    before: job === 'restore' ? [REMEMBERED] : [],
    // What Envoy counts of its own limit; a limit of another filter counts nothing.
    counts: group === 'native' || group === 'lua' ? (COUNTED[job] ?? []) : [],
    never: group === 'lua' ? ['lua.*errors'] : [],
  };
}
