// prometheus-route-alerts: alerts on what requests are answered where tags decide the version.
// Behind Istio the figures are its standard metrics, by service and version. Plain Envoys have their
// own, by cluster; Istio's proxies do not show those unless told to, and name the label otherwise.

import type { Policy } from '../../policy/policy.js';
import { hostMatcher } from './metric-names.js';
import type { Alert } from './prometheus-alert.js';
import { seriesOf } from './prometheus-series.js';

/** Share of 503: no endpoint, a connection that failed or was reset, a circuit breaker. */
export const UNAVAILABLE_SHARE_MAX = 0.01;
/** Share of answers that are not 2xx. Redirects and refusals count: know your service's usual one. */
export const NOT_OK_SHARE_MAX = 0.2;
/** Requests a second below which a share says nothing. */
export const REQUESTS_MIN = 0.1;

const RUNBOOK_UNHEALTHY =
  '1. Are there pods with the labels of the version, and are they ready? ' +
  '2. `fallback` on the route gives its requests to another version meanwhile. ' +
  '3. To end a canary at once take its rules out of the policy, or set `percent: 0`.';
const RUNBOOK_503 =
  '1. The response flags in the access log say why: UH no healthy endpoint, UF no connection, ' +
  'UC closed by the service, UO circuit breaker, URX retries used up. ' +
  '2. UC right after idle times: keep connections shorter than the service does (`connection`). ' +
  '3. One version only: take its rules out of the policy, or set `percent: 0`.';
const RUNBOOK_NOT_OK =
  '1. Compare the versions: is it one of them? Then set `percent: 0` on its rules. ' +
  '2. 429 with the response code details `tagalong_rate_limited` are limits of this policy. ' +
  '3. A service that redirects or answers 404 as a rule: raise the threshold.';

/** Istio's metrics; none where the policy routes nothing. */
export function istioAlerts(policy: Policy): Alert[] {
  const hosts = hostMatcher(policy);
  if (hosts === undefined) return [];
  const [route] = policy.spec.routes ?? [];
  const host = route?.host ?? '';
  const service = host.includes('.')
    ? host
    : `${host}.${policy.metadata.namespace}.svc.cluster.local`;
  const metric = 'istio_requests_total';
  const all = `reporter=~"source|waypoint", ${hosts}`;
  const unhealthy = (flags: string, values: string) => ({
    [seriesOf(metric, {
      reporter: 'source',
      destination_service: service,
      destination_version: 'unknown',
      response_code: '503',
      response_flags: flags,
    })]: values,
  });
  const shares = (code: string, some: number) => {
    const labels = { reporter: 'source', destination_service: service, destination_version: 'v2' };
    return {
      [seriesOf(metric, { ...labels, response_code: code })]: `0+${some}x60`,
      [seriesOf(metric, { ...labels, response_code: '200' })]: `0+${1000 - some}x60`,
    };
  };
  const by = 'destination_service, destination_version';
  const of = '{{ $labels.destination_service }}, version {{ $labels.destination_version }}';
  const labels = { destination_service: service, destination_version: 'v2' };
  return [
    {
      name: 'TagalongNoHealthyUpstream',
      expr: `sum by (destination_service) (rate(${metric}{response_flags=~"(.*,)?UH(,.*)?", ${all}}[2m])) > 0`,
      for: '1m',
      severity: 'critical',
      summary: 'A version of {{ $labels.destination_service }} has no healthy endpoint',
      description: 'Requests that were routed to it are answered 503 (response flag UH).',
      runbook: RUNBOOK_UNHEALTHY,
      fires: { series: unhealthy('UH', '0+6x60'), labels: { destination_service: service } },
      quiet: unhealthy('UF', '0+6x60'),
    },
    {
      name: 'Tagalong503Share',
      expr: share(metric, by, 'response_code="503", ', all, UNAVAILABLE_SHARE_MAX),
      for: '5m',
      severity: 'critical',
      summary: `Requests to ${of}, are answered 503`,
      description: `{{ $value | humanizePercentage }} of them; ${percent(UNAVAILABLE_SHARE_MAX)} are expected at most.`,
      runbook: RUNBOOK_503,
      fires: { series: shares('503', 50), labels, value: 0.05 },
      quiet: shares('503', 9),
    },
    {
      name: 'TagalongNon2xxShare',
      expr: share(metric, by, 'response_code!~"2..", ', all, NOT_OK_SHARE_MAX),
      for: '10m',
      severity: 'warning',
      summary: `Many answers of ${of}, are not 2xx`,
      description: `{{ $value | humanizePercentage }} of them; ${percent(NOT_OK_SHARE_MAX)} are expected at most.`,
      runbook: RUNBOOK_NOT_OK,
      fires: { series: shares('404', 300), labels, value: 0.3 },
      quiet: shares('404', 190),
    },
  ];
}

/** The same of Envoys without Istio: all of their clusters. */
export function envoyAlerts(): Alert[] {
  const by = 'envoy_cluster_name';
  const all = 'envoy_cluster_name!=""';
  const labels = { envoy_cluster_name: 'reviews-canary' };
  const of = 'Cluster {{ $labels.envoy_cluster_name }}';
  const shares = (metric: string, label: string, code: string, ok: string, some: number) => ({
    [seriesOf(metric, { ...labels, [label]: code })]: `0+${some}x60`,
    [seriesOf(metric, { ...labels, [label]: ok })]: `0+${1000 - some}x60`,
  });
  const codes = (some: number) =>
    shares('envoy_cluster_upstream_rq', 'envoy_response_code', '503', '200', some);
  const classes = (some: number) =>
    shares('envoy_cluster_upstream_rq_xx', 'envoy_response_code_class', '4', '2', some);
  const healthy = seriesOf('envoy_cluster_membership_healthy', labels);
  const total = seriesOf('envoy_cluster_membership_total', labels);
  const none = seriesOf('envoy_cluster_upstream_cx_none_healthy', labels);
  return [
    {
      name: 'TagalongEnvoyNoHealthyUpstream',
      expr: `sum by (${by}) (rate(envoy_cluster_upstream_cx_none_healthy{${all}}[2m])) > 0`,
      for: '1m',
      severity: 'critical',
      summary: `${of} has no healthy endpoint for requests that it gets`,
      description: 'They are answered 503 (response flag UH), or go to the fallback.',
      runbook: RUNBOOK_UNHEALTHY,
      fires: { series: { [none]: '0+6x60' }, labels },
      quiet: { [none]: '6x60' },
    },
    {
      name: 'TagalongEnvoyEndpointsUnhealthy',
      expr:
        `max by (${by}) (envoy_cluster_membership_healthy{${all}}) == 0 ` +
        `and max by (${by}) (envoy_cluster_membership_total{${all}}) > 0`,
      for: '2m',
      severity: 'warning',
      summary: `${of} has endpoints, and none is healthy`,
      description: 'The next request that is routed to it finds none.',
      runbook: RUNBOOK_UNHEALTHY,
      fires: { series: { [healthy]: '0x60', [total]: '2x60' }, labels },
      // An aggregate cluster has no endpoints of its own.
      quiet: { [healthy]: '0x60', [total]: '0x60' },
    },
    {
      name: 'TagalongEnvoy503Share',
      expr: share(
        'envoy_cluster_upstream_rq',
        by,
        'envoy_response_code="503", ',
        all,
        UNAVAILABLE_SHARE_MAX,
      ),
      for: '5m',
      severity: 'critical',
      summary: `${of} answers 503`,
      description: `{{ $value | humanizePercentage }} of its requests; ${percent(UNAVAILABLE_SHARE_MAX)} are expected at most.`,
      runbook: RUNBOOK_503,
      fires: { series: codes(50), labels, value: 0.05 },
      quiet: codes(9),
    },
    {
      name: 'TagalongEnvoyNon2xxShare',
      expr: share(
        'envoy_cluster_upstream_rq_xx',
        by,
        'envoy_response_code_class!="2", ',
        all,
        NOT_OK_SHARE_MAX,
      ),
      for: '10m',
      severity: 'warning',
      summary: `${of} gives many answers that are not 2xx`,
      description: `{{ $value | humanizePercentage }} of them; ${percent(NOT_OK_SHARE_MAX)} are expected at most.`,
      runbook: RUNBOOK_NOT_OK,
      fires: { series: classes(300), labels, value: 0.3 },
      quiet: classes(190),
    },
  ];
}

/** The share of requests with `some` among `all`, where there are requests worth the name. */
function share(metric: string, by: string, some: string, all: string, max: number): string {
  const total = `sum by (${by}) (rate(${metric}{${all}}[5m]))`;
  const part = `sum by (${by}) (rate(${metric}{${some}${all}}[5m]))`;
  return `${part} / ${total} > ${max} and ${total} > ${REQUESTS_MIN}`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(4))}%`;
}
