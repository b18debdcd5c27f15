// expected: which entries of a policy a proxy is to run, from what it says that it is. Pure.

import { type Direction, filterEntries, type PlacedEntry, type Policy } from '../policy/policy.js';
import { record, text } from './json.js';
import type { ServerInfo } from './snapshot.js';

/** Where a proxy stands, and whose it is. */
export interface ProxyPlace {
  /** Undefined without Istio: then it cannot be told from outside. */
  readonly kind: 'sidecar' | 'router' | 'waypoint' | undefined;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, unknown>>;
}

export interface Expected {
  /** What the proxy is to run; undefined: nobody said which policy. */
  readonly entries: readonly PlacedEntry[] | undefined;
  /** True: all of them. False: Envoys without Istio may well run one of them only. */
  readonly all: boolean;
}

const DIRECTIONS: Readonly<Record<string, readonly Direction[]>> = {
  sidecar: ['inbound', 'outbound'],
  router: ['gateway'],
  waypoint: [],
};

export function placeOf({ node }: ServerInfo): ProxyPlace {
  const kind = /^(sidecar|router|waypoint)~/.exec(node?.id ?? '')?.[1];
  const metadata = record(node?.metadata);
  return {
    kind: kind as ProxyPlace['kind'],
    namespace: text(metadata.NAMESPACE),
    labels: record(metadata.LABELS),
  };
}

/**
 * @param policies undefined: none was named
 * @param at only these directions; undefined: what the proxy is decides
 */
export function expectedIn(
  place: ProxyPlace,
  policies: readonly Policy[] | undefined,
  at: readonly Direction[] | undefined,
): Expected {
  if (policies === undefined) return { entries: undefined, all: false };
  const { kind } = place;
  const directions = at ?? (kind === undefined ? undefined : DIRECTIONS[kind]);
  const entries = policies
    .flatMap(filterEntries)
    .filter(({ direction }) => directions === undefined || directions.includes(direction))
    .filter((entry) => kind === undefined || selects(entry, place));
  return { entries, all: directions !== undefined };
}

function selects({ namespace, selector }: PlacedEntry, place: ProxyPlace): boolean {
  return (
    namespace === place.namespace &&
    Object.entries(selector).every(([label, value]) => place.labels[label] === value)
  );
}
