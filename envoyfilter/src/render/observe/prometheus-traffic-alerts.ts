// prometheus-traffic-alerts: alerts on what the filter does to requests: limits, propagation. Pure.

import type { Policy } from '../../policy/policy.js';
import { policyMatcher } from './metric-names.js';
import type { Alert } from './prometheus-alert.js';
import { AT, firstOf, POD, PROXY, seriesOf } from './prometheus-series.js';

/** Share of requests that a limit rejects: more is an attack, or a limit that is too low. */
export const LIMITED_SHARE_MAX = 0.1;
/** Share of calls for which no request was remembered. Jobs that no request caused are missed too. */
export const MISSED_SHARE_MAX = 0.2;
/** Calls a second of a proxy below which a share says nothing. */
export const CALLS_MIN = 0.1;

export function limitAlerts(policy: Policy): Alert[] {
  return [limiting(policy), overflow(policy)];
}

export function propagationAlerts(policy: Policy): Alert[] {
  return [missing(policy), evicted(policy)];
}

function limiting(policy: Policy): Alert {
  const { policy: id, direction } = firstOf(policy);
  const by = 'policy, limit';
  const matcher = policyMatcher(policy);
  const labels = { policy: id, limit: 'login' };
  const series = (limited: number) => ({
    [seriesOf('tagalong_limit_total', {
      outcome: 'limited',
      direction,
      ...labels,
      ...POD,
    })]: `0+${limited}x60`,
    [seriesOf('tagalong_limit_total', {
      outcome: 'ok',
      direction,
      ...labels,
      ...POD,
    })]: `0+${100 - limited}x60`,
  });
  return {
    name: 'TagalongLimiterRejecting',
    expr:
      `sum by (${by}) (rate(tagalong_limit_total{outcome="limited", ${matcher}}[5m])) ` +
      `/ sum by (${by}) (rate(tagalong_limit_total{outcome=~"ok|limited", ${matcher}}[5m])) ` +
      `> ${LIMITED_SHARE_MAX}`,
    for: '10m',
    severity: 'warning',
    summary: 'Limit {{ $labels.limit }} of {{ $labels.policy }} rejects many requests',
    description:
      '{{ $value | humanizePercentage }} of the requests that it applies to are answered by the ' +
      `limit; ${LIMITED_SHARE_MAX * 100}% are expected at most.`,
    runbook:
      '1. Who is it? The access log tells these answers by the response code details ' +
      '`tagalong_rate_limited`. ' +
      '2. Too low a limit: set `dryRun: true` on it, and raise `rate` or `burst`. ' +
      '3. One client: a limit with `per` holds it alone.',
    fires: { series: series(30), labels, value: 0.3 },
    quiet: series(9),
  };
}

function overflow(policy: Policy): Alert {
  const { policy: id, direction } = firstOf(policy);
  const labels = { policy: id, limit: 'login', ...POD };
  const series = (values: string) => ({
    [seriesOf('tagalong_limit_total', { outcome: 'overflow', direction, ...labels })]: values,
  });
  return {
    name: 'TagalongLimiterOverflow',
    expr: `sum by (policy, limit, ${PROXY}) (rate(tagalong_limit_total{outcome="overflow", ${policyMatcher(policy)}}[5m])) > 0`,
    for: '10m',
    severity: 'warning',
    summary: `Limit {{ $labels.limit }} of {{ $labels.policy }} has no bucket left (${AT})`,
    description:
      'More values of `per` are in use than `maxKeys`: new ones share a bucket, are rejected, or ' +
      'pass, as `overflow` says.',
    runbook:
      '1. Is there an attack that makes values up? A limit without `per` holds it. ' +
      '2. Else raise `maxKeys`, to some four thirds of the values that are in use at once.',
    fires: { series: series('0+6x60'), labels },
    quiet: series('6x60'),
  };
}

function missing(policy: Policy): Alert {
  const { policy: id } = firstOf(policy);
  const by = `policy, ${PROXY}`;
  const matcher = policyMatcher(policy);
  const labels = { policy: id, ...POD };
  const series = (missed: number, unit = 1) => ({
    [seriesOf('tagalong_propagate_total', {
      outcome: 'missed',
      ...labels,
    })]: `0+${missed * unit}x60`,
    [seriesOf('tagalong_propagate_total', {
      outcome: 'restored',
      ...labels,
    })]: `0+${(100 - missed) * unit}x60`,
  });
  const calls = `sum by (${by}) (rate(tagalong_propagate_total{outcome=~"missed|restored", ${matcher}}[10m]))`;
  return {
    name: 'TagalongPropagationMisses',
    expr:
      `sum by (${by}) (rate(tagalong_propagate_total{outcome="missed", ${matcher}}[10m])) ` +
      `/ ${calls} > ${MISSED_SHARE_MAX} and ${calls} > ${CALLS_MIN}`,
    for: '15m',
    severity: 'warning',
    summary: `Calls of an application lose their tags (${AT}, {{ $labels.policy }})`,
    description:
      'For {{ $value | humanizePercentage }} of its calls no request was found: it forwards none ' +
      'of the ids that `propagate.key` names, or much later than `ttl`.',
    runbook:
      '1. Does the application forward x-request-id, traceparent or b3? If not, the SDK does. ' +
      '2. Does it make calls that no request caused? Then these are counted as well. ' +
      '3. Calls made long after their request: raise `ttl`; many at once: see evictions.',
    fires: { series: series(40), labels, value: 0.4 },
    quiet: series(19),
  };
}

function evicted(policy: Policy): Alert {
  const { policy: id, direction } = firstOf(policy);
  const labels = { policy: id, ...POD };
  const series = (values: string) => ({
    [seriesOf('tagalong_propagate_total', { outcome: 'evicted', direction, ...labels })]: values,
  });
  return {
    name: 'TagalongPropagationEvictions',
    expr: `sum by (policy, ${PROXY}) (rate(tagalong_propagate_total{outcome="evicted", ${policyMatcher(policy)}}[5m])) > 0`,
    for: '10m',
    severity: 'warning',
    summary: `Requests are forgotten before their calls are made (${AT}, {{ $labels.policy }})`,
    description: 'The store of remembered requests is too small for what is under way.',
    runbook:
      '1. Raise `propagate.capacity`, the same for both directions, to some twenty times the ' +
      'requests that are under way at once. 2. A shorter `ttl` frees entries earlier.',
    fires: { series: series('0+6x60'), labels },
    quiet: series('6x60'),
  };
}
