// limited: limits and their buckets, in the words of a spec. Each spec is a VM of its own.

import { MapType } from '../../../../filter/assembly/abi/enums';
import { Config, Limit, limitAt } from '../../../../filter/assembly/config/layout';
import { limitsInit } from '../../../../filter/assembly/features/limiting/install';
import { Bucket, bucketOf } from '../../../../filter/assembly/features/limiting/table';
import { readRequest } from '../../../../filter/assembly/features/request';
import { decideTags } from '../../../../filter/assembly/features/tagging/tagging';
import { arenaReset } from '../../../../filter/assembly/shim/arena';
import { compiled, withLimits } from '../../config/compile';
import { hostClearHeaders, hostHeader, hostTime } from '../../host';

export const SECOND: u64 = 1_000_000_000;
let names: u32 = 0;

/** A name that no limit had before: its buckets are new. */
export function newName(): string {
  return 'limit-' + (names++).toString();
}

/** These limits as if they had been pushed. They live until the next ones are compiled. */
export function pushed(limits: string, now: u64 = 1000 * SECOND): Config {
  hostTime(0, now);
  const config = compiled(withLimits('[' + limits + ']'));
  arenaReset();
  limitsInit(config);
  return config;
}

/** One limit with these members beside its name, as new. */
export function limited(members: string, now: u64 = 1000 * SECOND): Limit {
  return limitAt(pushed('{"name":"' + newName() + '",' + members + '}', now), 0);
}

/** The limit's bucket of a key in this VM; it must have one. */
export function bucketFor(limit: Limit, hash: u64, now: u64): Bucket {
  const at = bucketOf(limit.table, hash, now);
  assert(at != 0);
  return changetype<Bucket>(at);
}

/** A request with these headers, `name: value` divided by line feeds, is being handled. */
export function requested(config: Config, headers: string): void {
  hostClearHeaders();
  const lines = headers.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const colon = lines[i].indexOf(': ', 1);
    if (colon < 0) continue;
    hostHeader(MapType.RequestHeaders, lines[i].substring(0, colon), lines[i].substring(colon + 2));
  }
  arenaReset();
  decideTags(config, readRequest(config));
}
