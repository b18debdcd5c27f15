// prometheus-filter-alerts: alerts on a policy's filters: are they there, do they run, and those on
// what they do. Promise: pure; an alert on what the policy does not use is left out.

import { filterEntries, type Policy } from '../../policy/policy.js';
import { policyMatcher, refusalMatcher, reloadMatcher } from './metric-names.js';
import type { Alert } from './prometheus-alert.js';
import { AT, firstOf, nameOf, POD, PROXY, seriesOf } from './prometheus-series.js';
import { limitAlerts, propagationAlerts } from './prometheus-traffic-alerts.js';

export function filterAlerts(policy: Policy): Alert[] {
  const entries = filterEntries(policy);
  const has = (section: string) => entries.some(({ configuration }) => configuration[section]);
  return [
    absent(policy),
    rejected(policy),
    notLoaded(policy),
    vmFailed(policy),
    errors(policy),
    ...(has('limits') ? limitAlerts(policy) : []),
    ...(has('propagate') ? propagationAlerts(policy) : []),
  ];
}

function absent(policy: Policy): Alert {
  const { policy: id, direction } = firstOf(policy);
  const active = `tagalong_config{state="active", ${policyMatcher(policy)}}`;
  const series = (value: string) => ({
    [`tagalong_config{state="active",policy="${id}",direction="${direction}",pod="${POD.pod}"}`]:
      value,
  });
  return {
    name: 'TagalongFilterAbsent',
    expr: `(sum(${active}) or vector(0)) == 0`,
    for: '10m',
    severity: 'warning',
    summary: `No proxy runs the policy ${nameOf(policy)}`,
    description:
      'No proxy that is scraped has an active configuration of it: no request is tagged, ' +
      'remembered or limited by it.',
    runbook:
      '1. Are the proxies scraped, and is `tagalong_` among the metrics that are kept? ' +
      '2. `tagalong doctor -f POLICY --admin URL` on one proxy that should run it. ' +
      '3. An EnvoyFilter is read in the namespace of its workloads and in the root namespace only.',
    fires: { series: series('0x60'), labels: {} },
    quiet: series('1x60'),
  };
}

function rejected(policy: Policy): Alert {
  const { policy: id, direction } = firstOf(policy);
  const labels = { policy: id, direction, ...POD };
  const series = (value: string) => ({
    [seriesOf('tagalong_config', { state: 'rejected', ...labels })]: value,
  });
  return {
    name: 'TagalongConfigRejected',
    expr: `max by (policy, direction, ${PROXY}) (tagalong_config{state="rejected", ${policyMatcher(policy)}}) > 0`,
    for: '2m',
    severity: 'warning',
    summary: `The filter refuses the configuration of {{ $labels.policy }} (${AT})`,
    description:
      'Traffic flows as under the configuration before, or untouched where there was none. ' +
      'What the policy says now is not in force ({{ $labels.direction }}).',
    runbook:
      "1. The proxy's log says where and why: look for `tagalong` at level error. " +
      '2. `tagalong validate POLICY` says the same before it is applied. ' +
      '3. Was the module updated together with the policy? `tagalong doctor` compares both. ' +
      '4. After going back to the configuration before, this stays until another one comes: Envoy ' +
      'does not ask the filter again.',
    fires: { series: series('1x60'), labels },
    quiet: series('0x60'),
  };
}

function notLoaded(policy: Policy): Alert {
  const [entry] = filterEntries(policy);
  const resource = `${entry?.id}/${entry?.direction}`.replace(/\W/g, '_');
  const metric = `envoy_extension_config_discovery_http_filter_${resource}_update_rejected`;
  return {
    name: 'TagalongUpdateRefused',
    expr: growing(refusalMatcher(policy), '10m'),
    for: '0m',
    severity: 'warning',
    summary: `Envoy refused a filter of ${nameOf(policy)} (${AT})`,
    description:
      'A module that is corrupt or cannot be fetched, or a configuration that is refused. ' +
      'The filter before it stays; with none before it requests pass untouched.',
    runbook:
      '1. `tagalong doctor -f POLICY --admin URL` says which, and why. ' +
      '2. Behind Istio the metric is scraped only if `proxyStatsMatcher` includes the prefix ' +
      '`extension_config_discovery`; istiod counts the same in ' +
      '`pilot_total_xds_rejects{type="ecds"}`.',
    fires: { series: { [seriesOf(metric, POD)]: '0x34 1x25' }, labels: POD },
    quiet: { [seriesOf(metric, POD)]: '1x60' },
  };
}

function vmFailed(policy: Policy): Alert {
  const { policy: id } = firstOf(policy);
  const metric = `envoy_wasm_${id.replace(/\W/g, '_')}_vm_reload_failure`;
  return {
    name: 'TagalongVmFailed',
    expr: growing(reloadMatcher(policy), '15m'),
    for: '0m',
    severity: 'critical',
    summary: `The filter's VM failed for ${nameOf(policy)} (${AT})`,
    description:
      'Envoy had to make a new VM. Until it has one, requests are answered 503 ' +
      '(`onFailure: reload` and `closed`) or pass untouched (`open`).',
    runbook:
      "1. This is a fault of tagalong: the proxy's log has the trap, with a stack of the module; " +
      'please report both. ' +
      '2. `mode: disabled` in the policy takes the filter out of the way at once.',
    fires: { series: { [seriesOf(metric, POD)]: '0x30 1x30' }, labels: POD },
    quiet: { [seriesOf(metric, POD)]: '1x60' },
  };
}

function errors(policy: Policy): Alert {
  const { policy: id, direction } = firstOf(policy);
  const labels = { policy: id, kind: 'write', ...POD };
  const series = (values: string) => ({
    [seriesOf('tagalong_errors_total', { direction, ...labels })]: values,
  });
  return {
    name: 'TagalongErrors',
    expr: `sum by (policy, kind, ${PROXY}) (rate(tagalong_errors_total{${policyMatcher(policy)}}[5m])) > 0`,
    for: '10m',
    severity: 'warning',
    summary: `The filter could not do all of {{ $labels.policy }} (${AT})`,
    description:
      'Kind of what failed: {{ $labels.kind }}. Such requests went on without it; a tag that ' +
      'must not come in was removed all the same.',
    runbook:
      '1. headers, write, response, reply: another filter, or a limit of Envoy on headers. ' +
      '2. address: `client` does not fit how requests come. baggage: a header that is too long. ' +
      '3. store, context, random: report it, with the log of the proxy.',
    fires: { series: series('0+6x60'), labels },
    quiet: series('6x60'),
  };
}

/**
 * Has any of several counters of a proxy grown? They are summed first, since increase() takes the
 * name away and then there is more than one of a kind; they begin anew together, with the proxy.
 */
function growing(matcher: string, range: string): string {
  return `increase(sum by (${PROXY}) ({${matcher}})[${range}:1m]) > 0`;
}
