// prometheus: alerts on a policy's filters and on what it routes: the operator's PrometheusRule, the
// same as a plain rules file, and their tests for `promtool test rules`.

import { filterEntries, type Policy } from '../../policy/policy.js';
import { dnsLabel, ownLabels } from '../names.js';
import { RenderError, type RenderOptions } from '../options.js';
import { type Rendered, type RenderedFile, type Resource, toYaml } from '../resource.js';
import { type AlertGroup, ruleGroup } from './prometheus-alert.js';
import { filterAlerts } from './prometheus-filter-alerts.js';
import { deliveryAlerts } from './prometheus-istio-alerts.js';
import { envoyAlerts, istioAlerts } from './prometheus-route-alerts.js';
import { ruleTests } from './prometheus-tests.js';

const ABOUT = `Alerts of Tagalong. Thresholds and times are meant to be edited; what each alert is for say its
tests: promtool test rules`;

/** @throws RenderError where no policy has a filter */
export function renderPrometheus(policies: readonly Policy[], options: RenderOptions): Rendered {
  const used = policies.filter((policy) => filterEntries(policy).length > 0);
  if (used.length === 0) {
    throw new RenderError('found no filter in any policy, wanted one: alerts are about filters');
  }
  // What is of no policy in particular is written once.
  const istio = { name: 'tagalong, delivery by Istio', alerts: deliveryAlerts() };
  const envoy = { name: 'tagalong, without Istio', alerts: envoyAlerts() };
  const once = (index: number, ...groups: AlertGroup[]) => (index === 0 ? groups : []);
  const resources = used.map((policy, index) =>
    prometheusRule(policy, [...groupsOf(policy), ...once(index, istio)]),
  );
  const plain = used.flatMap((policy, index) => {
    const stem = used.length === 1 ? 'tagalong' : `tagalong-${dnsLabel(nameOf(policy))}`;
    return plainFiles(stem, [...groupsOf(policy), ...once(index, istio, envoy)]);
  });
  return {
    // What is piped into kubectl is to hold nothing else.
    files: [
      { path: 'prometheusrule.yaml', content: toYaml(resources) },
      ...(options.to === 'stream' ? [] : plain),
    ],
    notes: used
      .filter((policy) => (policy.spec.routes ?? []).length === 0)
      .map((policy) => `${nameOf(policy)} has no routes: no alert on 503 and non-2xx behind Istio`),
  };
}

/** For a Prometheus without its operator. Each policy apart, since a test sees all of its file. */
function plainFiles(stem: string, groups: readonly AlertGroup[]): RenderedFile[] {
  const rules = `${stem}.rules.yaml`;
  const tests = `${stem}.rules.test.yaml`;
  return [
    { path: rules, content: toYaml([{ groups: groups.map(ruleGroup) }], `${ABOUT} ${tests}`) },
    { path: tests, content: toYaml([ruleTests(rules, groups)]) },
  ];
}

function prometheusRule(policy: Policy, groups: readonly AlertGroup[]): Resource {
  const { name, namespace } = policy.metadata;
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: `tagalong-${dnsLabel(name)}`, namespace, labels: ownLabels(policy) },
    spec: { groups: groups.map(ruleGroup) },
  };
}

function groupsOf(policy: Policy): AlertGroup[] {
  const name = `tagalong, ${nameOf(policy)}`;
  const routed = istioAlerts(policy);
  return [
    { name, alerts: filterAlerts(policy) },
    ...(routed.length > 0 ? [{ name: `${name}, routes`, alerts: routed }] : []),
  ];
}

function nameOf({ metadata }: Policy): string {
  return `${metadata.namespace}/${metadata.name}`;
}
