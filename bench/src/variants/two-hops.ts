// two-hops: a call as users see it. The client's sidecar takes a request in, its application makes a
// call and forwards x-request-id alone, the sidecar sends the call on, and the sidecar of the server
// takes it in:
//
//   client ── inbound ── (application) ── outbound ──► inbound ── answer
//             └──────── first proxy ───────────┘       second proxy
//
// The application is a route that takes away what such an application loses.

import { randomUUID } from 'node:crypto';
import { NO_OP, NONE, NONE_AGAIN } from '../record/record.js';
import { BY_ALL, RESTORED, STABLE } from './answers.js';
import { noOpFilter } from './base.js';
import { ourFilter, PROPAGATE, plenty, TESTERS, tag } from './ours.js';
import { remembered, TAG, TRACE } from './requests.js';
import { type Expected, NEXT, type Variant } from './variant.js';

/** The group too: the server's sidecar shall know the canary by its tag alone. */
const LOST = [TAG, ...TRACE, 'x-user-group', 'x-user-id'];
const OUTBOUND = 'outbound';

/** The filters of the three listeners that a call goes through. */
interface Filters {
  readonly inbound: readonly object[];
  readonly outbound: readonly object[];
  readonly server: readonly object[];
}

function hops(
  { name, title, group }: Pick<Variant, 'name' | 'title' | 'group'>,
  expect: Expected,
  filters: () => Promise<Filters>,
): Variant {
  return {
    ...{ name, title, group },
    listeners: async () => {
      const { inbound, outbound } = await filters();
      const socket = `tagalong-${randomUUID()}`;
      return [
        { name: 'inbound', filters: inbound, routes: [to(OUTBOUND, LOST)] },
        { name: OUTBOUND, filters: outbound, routes: [to(NEXT)], socket },
      ];
    },
    next: async () => [{ name: 'server', filters: (await filters()).server, routes: BY_ALL }],
    load: { listener: 'inbound', requests: remembered().came, expect },
  };
}

function to(cluster: string, lost: readonly string[] = []): object {
  return {
    match: { prefix: '/' },
    route: { cluster },
    request_headers_to_remove: lost,
  };
}

const alike = (filters: readonly object[]): Filters => ({
  inbound: filters,
  outbound: filters,
  server: filters,
});

const none = async () => alike([]);

export const TWO_HOPS: readonly Variant[] = [
  hops({ name: NONE, title: 'two sidecars without filters', group: 'base' }, STABLE, none),
  hops({ name: NONE_AGAIN, title: 'the same once more', group: 'base' }, STABLE, none),
  hops(
    { name: NO_OP, title: 'a wasm that does nothing, at each hop', group: 'base' },
    STABLE,
    async () => alike([await noOpFilter()]),
  ),
  hops(
    {
      name: 'everything',
      title: 'inbound and at the server tag, store and limit, outbound restore',
      group: 'ours',
    },
    RESTORED,
    async () => {
      const all = { ...tag([TESTERS]), ...PROPAGATE, ...plenty('proxy') };
      return {
        inbound: [ourFilter(all, 'inbound')],
        outbound: [ourFilter(PROPAGATE, 'outbound')],
        server: [ourFilter(all, 'inbound')],
      };
    },
  ),
];
