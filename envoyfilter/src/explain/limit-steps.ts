// limit-steps: what became of each limit. Pure.

import type { LimitSpec } from '../policy/sections.js';
import { fromBytes } from './bytes.js';
import { reasonOf, treeOf, truthOf } from './condition.js';
import type { LimitStep } from './explanation.js';
import { asShown, type Facts, leavesFor, linesOf, withTags } from './facts.js';
import { type Scene, sourceName, sourceValues } from './scene.js';
import { rateOf } from './sections.js';

export function limitStep(facts: Facts, limit: LimitSpec, scene: Scene): LimitStep {
  const { scope = 'proxy' } = limit;
  const { burst } = rateOf(limit);
  const step = {
    step: 'limit',
    limit: limit.name,
    rate: limit.rate,
    burst,
    scope,
    ...(limit.dryRun === true ? { dryRun: true as const } : {}),
  } as const;
  const line = linesOf(facts, 'limit').find(({ limit: name }) => name === asShown(limit.name));
  if (line === undefined) return silentLimit(facts, limit, scene, step);
  const per = perOf(limit, scene);
  const told = { ...step, verdict: line.verdict, ...(per === undefined ? {} : { per }) };
  const size = `${limit.rate}, burst ${burst}`;
  if (line.verdict === 'rejected' || line.verdict === 'would be rejected') {
    const wait = facts.retryAfter === undefined ? '' : `, next in ${facts.retryAfter} s`;
    return { ...told, remaining: 0, reason: `no token left (${size})${wait}` };
  }
  const asked = scope === 'global' ? '; then the rate limit service is asked' : '';
  const reason = `${line.left} of ${burst} left (${limit.rate})${asked}`;
  return { ...told, remaining: line.left, reason };
}

/** A limit that said nothing: it is not for the request, or gave its token back. */
function silentLimit(
  facts: Facts,
  limit: LimitSpec,
  scene: Scene,
  step: Omit<LimitStep, 'verdict' | 'reason'>,
): LimitStep {
  const rejecting = linesOf(facts, 'limit').find(({ verdict }) => verdict === 'rejected');
  const other = `limit ${rejecting?.limit} rejects the request`;
  if (limit.when === undefined) return { ...step, verdict: 'not charged', reason: other };
  const tree = treeOf(limit.when);
  const truth = facts.truth && withTags(facts.truth, scene);
  const holds = truth && truthOf(tree, truth);
  if (holds === true && rejecting !== undefined) {
    return { ...step, verdict: 'not charged', reason: other };
  }
  const conditions = leavesFor(facts, limit.when, scene);
  const reason = reasonOf(conditions ?? []) || 'its condition does not hold';
  const leaves = conditions === undefined ? {} : { conditions };
  return { ...step, verdict: 'not for it', reason, ...leaves };
}

function perOf(limit: LimitSpec, scene: Scene): Record<string, string> | undefined {
  if (limit.per === undefined) return undefined;
  return Object.fromEntries(
    limit.per.map((source) => {
      const values = [...new Set(sourceValues(scene, source))];
      const [only = ''] = values;
      return [sourceName(source), values.length === 1 ? fromBytes(only) : ''];
    }),
  );
}
