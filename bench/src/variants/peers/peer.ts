// peer: what can be measured beside Tagalong: something else that does one of its jobs in Envoy.
// The jobs are the same for all, down to the names of the headers.

import { fileURLToPath } from 'node:url';
import type { Group } from '../../record/record.js';

/**
 * `tag`: whoever is of the group gets the tag, in place of what the client sent, and is routed by
 * it. `header`: everybody gets it, and nobody is routed: less than a tag, the least that a write
 * costs. `store`: trace and tag are remembered under the request's id; `restore`: and put on a
 * request that brings the id alone. `limit`: one bucket for all; `limit keys`: one for each user.
 * `everything`: tag, store and limit.
 */
export type Job = 'tag' | 'header' | 'store' | 'restore' | 'limit' | 'limit keys' | 'everything';

export const GROUP_HEADER = 'x-user-group';
/** The group that is tagged. */
export const GROUP = 'internal';
export const TAG_HEADER = 'x-traffic-tag';
export const TAG = 'canary';
/** What a store keeps of a request. */
export const KEPT_HEADERS = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', TAG_HEADER] as const;
/** What `limit keys` tells users by. */
export const USER_HEADER = 'x-user-id';

/** A token bucket. */
export interface Bucket {
  readonly burst: number;
  /** Tokens that come back in `everySeconds`. */
  readonly refill: number;
  readonly everySeconds: number;
}

/** One that a benchmark never empties. */
export const WIDE: Bucket = { burst: 2e9, refill: 2e9, everySeconds: 1 };

export interface Peer {
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  readonly job: Job;
  /** Why it cannot be had on this machine, or nothing. The first call may build it, and say so. */
  available(): Promise<string | undefined>;
  /**
   * Envoy's HTTP filters that do the job, without the router.
   * @param bucket of the jobs that limit; default WIDE
   * @throws Error where it is not available
   */
  filters(bucket?: Bucket): Promise<object[]>;
  /** Of what it is built; throws as `filters`. */
  version(): Promise<string>;
}

/** A peer that every Envoy has in it. */
export function builtIn(
  peer: Pick<Peer, 'name' | 'title' | 'group' | 'job'>,
  filters: (bucket: Bucket) => object[] | Promise<object[]>,
): Peer {
  return {
    ...peer,
    available: async () => undefined,
    filters: async (bucket = WIDE) => filters(bucket),
    version: async () => "Envoy's own",
  };
}

/** Where the peers' sources are. */
export const SOURCES = fileURLToPath(new URL('../../../peers/', import.meta.url));

export const TYPE = 'type.googleapis.com/';
