// observed: what came of one request, or of several of its kind, and how two of these differ. Pure
// but for the explainer that is asked.

import type { ExplainRequest } from './arrival.js';
import type { Explainer } from './explainer.js';
import { type Outcome, outcomeOf } from './outcome.js';

/** What a caller or a service notices of one request, or of one that is sent several times. */
export interface Observed extends Outcome {
  /** Of those that were sent, where there were several. */
  readonly admitted?: number;
}

/** Of several: what came of the first that was admitted, and how many were. */
export function observe(
  explainer: Explainer,
  request: ExplainRequest,
  count: number,
  everyMs: number,
): Observed {
  const startMs = explainer.nowMs;
  const outcomes = Array.from({ length: count }, (_, turn) =>
    outcomeOf(explainer.explain({ ...request, nowMs: startMs + turn * everyMs })),
  );
  const passing = outcomes.filter(({ status }) => status === undefined);
  const outcome = passing[0] ?? outcomes[0] ?? { tags: {}, versions: {} };
  return count === 1 ? outcome : { ...outcome, admitted: passing.length };
}

/** What differs, one line each. */
export function changesBetween(old: Observed, now: Observed, count: number): string[] {
  const changes: string[] = [];
  const told = (subject: string, before: string, after: string) => {
    if (before !== after) changes.push(`${subject}: ${before} -> ${after}`);
  };
  told('answer', answerOf(old), answerOf(now));
  if (old.answer !== undefined && now.answer !== undefined) {
    const [before, after] = [old.answer, now.answer];
    told('its body', JSON.stringify(before.body), JSON.stringify(after.body));
    for (const name of union(before.headers, after.headers)) {
      told(`its ${name}`, before.headers[name] ?? 'absent', after.headers[name] ?? 'absent');
    }
  }
  if (old.admitted !== undefined && now.admitted !== undefined) {
    told(`admitted of ${count}`, String(old.admitted), String(now.admitted));
  }
  for (const tag of union(old.tags, now.tags)) {
    told(tag, old.tags[tag] ?? 'absent', now.tags[tag] ?? 'absent');
  }
  for (const host of union(old.versions, now.versions)) {
    told(`version of ${host}`, old.versions[host] ?? 'no route', now.versions[host] ?? 'no route');
  }
  return changes.length === 0 ? ['what it is told apart by'] : changes;
}

function answerOf({ status, by }: Outcome): string {
  return status === undefined ? 'goes on' : `${status} by ${by}`;
}

function union(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])];
}
