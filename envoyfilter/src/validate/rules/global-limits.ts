// global-limits: rules about limits that Envoy's rate limit service counts.

import { globalLimitsIn, STATUSES } from '../../policy/global-limits.js';
import { PolicyError } from '../../policy/policy.js';
import type { LimitSpec } from '../../policy/sections.js';
import type { Report, Rule, Subject } from '../rule.js';
import { allLimits, type InFilter } from '../sections.js';

const limits = (...list: string[]) =>
  `filters:\n  - at: gateway\n    namespace: istio-ingress\n    limits:\n${list.map((limit) => `      - ${limit}\n`).join('')}`;
const SERVICE = 'rateLimitService: {host: ratelimit.infra.svc.cluster.local}\n';

export const GLOBAL_LIMIT_RULES: readonly Rule[] = [
  {
    id: 'global-limit-twice',
    severity: 'warning',
    title: 'A global limit that counts a call twice',
    why: 'An entry at: sidecar stands for inbound and outbound: a call between two pods of the policy is counted where it leaves and where it comes in.',
    mend: 'Put the limit into an entry with "at: inbound".',
    example: {
      bad: `${SERVICE}filters: [{at: sidecar, limits: [{name: a, rate: 1/s, scope: global}]}]\n`,
      good: `${SERVICE}filters: [{at: inbound, limits: [{name: a, rate: 1/s, scope: global}]}]\n`,
    },
    check: (subject) =>
      globals(subject)
        .filter(({ filter }) => filter.spec.at === 'sidecar')
        .map(({ path }) => ({
          path: [...path, 'scope'],
          message:
            'found a global limit at: sidecar, wanted at: inbound or outbound: it counts twice',
        })),
  },
  {
    id: 'global-body',
    severity: 'warning',
    title: 'A text that nobody will read',
    why: "A global limit is answered by Envoy's own rate limit filter, whose answer has no body.",
    mend: 'Leave "reject.body" out, or use headers.',
    example: {
      bad: SERVICE + limits('{name: a, rate: 1/s, scope: global, reject: {body: slow}}'),
      good: SERVICE + limits('{name: a, rate: 1/s, scope: global, reject: {status: 503}}'),
    },
    check: (subject) =>
      globals(subject)
        .filter(({ spec }) => spec.reject?.body !== undefined)
        .map(({ path }) => ({
          path: [...path, 'reject', 'body'],
          message: 'found a body with scope global, wanted none: it never reaches the client',
        })),
  },
  {
    id: 'global-status',
    severity: 'error',
    title: 'A status that Envoy has no name for',
    why: 'Envoy refuses the whole listener where its rate limit filter is given a status outside its list.',
    mend: 'Use 429 or 503, or another scope.',
    example: {
      bad: SERVICE + limits('{name: a, rate: 1/s, scope: global, reject: {status: 451}}'),
      good: SERVICE + limits('{name: a, rate: 1/s, scope: global, reject: {status: 503}}'),
    },
    check: (subject) =>
      globals(subject).flatMap(({ spec, path }) => {
        const status = spec.reject?.status;
        if (status === undefined || STATUSES.has(status)) return [];
        const message = `found ${status}, wanted one that Envoy has a name for, such as 429 or 503`;
        return { path: [...path, 'reject', 'status'], message };
      }),
  },
  {
    id: 'global-needs-service',
    severity: 'error',
    title: 'Nobody counts the global limits',
    why: "Limits of scope global are counted by Envoy's rate limit service, and the proxies must know where it is.",
    mend: 'Write "spec.rateLimitService: {host: ratelimit.infra.svc.cluster.local}"; `render --as ratelimit` makes its configuration.',
    example: {
      bad: limits('{name: a, rate: 1/s, scope: global}'),
      good: SERVICE + limits('{name: a, rate: 1/s, scope: global}'),
    },
    check: (subject) => {
      if (subject.policy.spec.rateLimitService !== undefined || !subject.isWhole) return [];
      return globals(subject).map(({ path }) => ({
        path: [...path, 'scope'],
        message: 'found scope global, wanted "spec.rateLimitService", which says who counts',
      }));
    },
  },
  {
    id: 'global-limits-differ',
    severity: 'error',
    title: 'One global limit that means two things',
    why: 'Global limits of one name are one limit of the policy, wherever they stand. The service can have one rate for it only.',
    mend: 'Make them the same, or give one another name.',
    example: {
      bad: `${SERVICE}filters:\n  - {at: inbound, limits: [{name: a, rate: 1/s, scope: global}]}\n  - {at: outbound, limits: [{name: a, rate: 2/s, scope: global}]}\n`,
      good: `${SERVICE}filters:\n  - {at: inbound, limits: [{name: a, rate: 1/s, scope: global}]}\n  - {at: outbound, limits: [{name: b, rate: 2/s, scope: global}]}\n`,
    },
    check: differing,
  },
];

function globals(subject: Subject): InFilter<LimitSpec>[] {
  return allLimits(subject).filter(({ spec }) => spec.scope === 'global');
}

/** What is wrong with them one by one has rules of its own. */
function differing({ policy, filters }: Subject): Report[] {
  try {
    const sound = filters.map(({ spec }) => spec);
    const alike = sound.map((spec) => ({ ...spec, limits: withoutStatus(spec.limits) }));
    globalLimitsIn({ ...policy, spec: { ...policy.spec, filters: alike } });
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    const [, , position, ...rest] = error.path;
    const filter = filters[Number(position)];
    if (filter === undefined) throw error;
    const message = error.message.slice(error.message.indexOf(': ') + 2);
    return [{ path: [...filter.path, ...rest], message }];
  }
}

function withoutStatus(limits: unknown): unknown {
  if (!Array.isArray(limits)) return limits;
  return (limits as LimitSpec[]).map(({ reject: _, ...limit }) => limit);
}
