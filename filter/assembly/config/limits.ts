// limits: the `limits` section, from JSON to an array of Limit (layout.ts).

import { areaTake } from './area';
import { faultWords } from './fault';
import { Config, LIMIT_SIZE, LIMITS_MAX, limitAt } from './layout';
import { compileLimit } from './limit';
import { checkArray } from './members';
import { Node, nodeAt } from './node';

/** Buckets of all limits of an entry: 48 bytes each and a head, in every worker. */
export const BUCKETS_MAX: u32 = 65536;

export function compileLimits(node: Node, config: Config): bool {
  if (!checkArray(node, 'an array of limits')) return false;
  if (node.count > LIMITS_MAX) return faultWords(node, 'more limits', 'at most 16');
  config.limits = areaTake(node.count * LIMIT_SIZE);
  if (config.limits == 0) return false;
  let buckets: u32 = 0;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const limit = limitAt(config, config.limitCount);
    if (!compileLimit(nodeAt(at), config, limit)) return false;
    config.limitCount++;
    buckets += limit.maxKeys;
    if (limit.onSuccess) config.responds = true;
  }
  if (buckets <= BUCKETS_MAX) return true;
  return faultWords(node, 'limits with more buckets', 'a smaller "maxKeys": 65536 in all');
}
