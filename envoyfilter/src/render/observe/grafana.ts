// grafana: a dashboard of what the filters of some policies do, from the filter's own metrics and
// Envoy's figures on VMs. Promise: the same text for the same policies; a row for what they use only.
//
// `namespace` and `pod` are set by what scrapes; where it sets none, "All" still shows everything.

import { createHash } from 'node:crypto';
import { filterEntries, type Policy } from '../../policy/policy.js';
import { RenderError, type RenderOptions } from '../options.js';
import type { Rendered } from '../resource.js';
import { placed, type VariableSpec, variables } from './grafana-panel.js';
import { health, limits, machines, propagation, tags } from './grafana-rows.js';
import { policyPattern } from './metric-names.js';

const FILE = 'tagalong.dashboard.json';

/** Grafana 11's; older ones than 9 do not read it. */
const SCHEMA_VERSION = 39;

/** What Kubernetes makes suffixes of. */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]';

/** @throws RenderError where no policy has a filter */
export function renderGrafana(policies: readonly Policy[], _options: RenderOptions): Rendered {
  const entries = policies.flatMap(filterEntries);
  if (entries.length === 0) {
    throw new RenderError(
      'found no filter in any policy, wanted one: a dashboard is about filters',
    );
  }
  const has = (section: string) => entries.some(({ configuration }) => configuration[section]);
  const rows = [
    health(),
    ...(has('tags') ? [tags()] : []),
    ...(has('limits') ? [limits()] : []),
    ...(has('propagate') ? [propagation()] : []),
    machines(),
  ];
  const names = policies.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const dashboard = {
    // Grafana allows 40 characters.
    uid: `tagalong-${createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 16)}`,
    title: `Tagalong: ${names.join(', ')}`,
    description: 'Traffic tags, limits and propagation, as the filter in each proxy counts them.',
    tags: ['tagalong', 'envoy'],
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: SCHEMA_VERSION,
    time: { from: 'now-1h', to: 'now' },
    timezone: '',
    templating: { list: variables(variablesOf(policies)) },
    annotations: { list: [] },
    links: [],
    panels: placed(rows),
  };
  return { files: [{ path: FILE, content: `${JSON.stringify(dashboard, null, 2)}\n` }], notes: [] };
}

function variablesOf(policies: readonly Policy[]): VariableSpec[] {
  const within = 'tagalong_config{job=~"$job", namespace=~"$namespace"}';
  const ours = policies.map(policyPattern).join('|');
  return [
    { name: 'job', label: 'Job', query: 'label_values(tagalong_config, job)', all: '.+' },
    {
      name: 'namespace',
      label: 'Namespace',
      query: 'label_values(tagalong_config{job=~"$job"}, namespace)',
      all: '.*',
    },
    {
      name: 'workload',
      label: 'Workload',
      query: `label_values(${within}, pod)`,
      regex: `/^(.*?)(?:-${RANDOM}{1,10})?(?:-${RANDOM}{5}|-[0-9]+)?$/`,
      all: '.*',
    },
    {
      name: 'instance',
      label: 'Instance',
      query: `label_values(${within}, instance)`,
      all: '.+',
    },
    {
      name: 'policy',
      label: 'Policy entry',
      query: `label_values(${within}, policy)`,
      regex: `/^(?:${ours.replaceAll('/', '\\/')})$/`,
      all: ours,
    },
  ];
}
