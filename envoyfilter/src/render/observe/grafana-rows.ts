// grafana-rows: the rows of the dashboard: what is asked of Prometheus, and what to make of it.

import type { RowSpec } from './grafana-panel.js';
import { VMS_ACTIVE, VMS_CREATED } from './metric-names.js';

/** A pod of the workload: as it is (a process), NAME-N (StatefulSet), NAME-HASH-ID (Deployment). */
const PODS = '$workload(|-[^-]+|-[^-]+-[^-]+)';
const PROXIES = `job=~"$job", instance=~"$instance", namespace=~"$namespace", pod=~"${PODS}"`;
const OURS = `policy=~"$policy", ${PROXIES}`;

/** Requests a second of a counter. */
function rate(metric: string, by: string, matchers = ''): string {
  const all = matchers === '' ? OURS : `${matchers}, ${OURS}`;
  return `sum by (${by}) (rate(${metric}{${all}}[$__rate_interval]))`;
}

export function health(): RowSpec {
  return {
    title: 'Health',
    panels: [
      {
        type: 'stat',
        title: 'Proxies that run it',
        description: 'Proxies in which a configuration of the entry is in force.',
        unit: 'short',
        queries: [
          {
            expr: `sum by (policy, direction) (tagalong_config{state="active", ${OURS}})`,
            legend: '{{policy}} {{direction}}',
          },
        ],
      },
      {
        type: 'stat',
        title: 'Proxies that refuse it',
        description:
          'Proxies whose last configuration was refused: they go on with the one before. Their ' +
          'logs say why.',
        unit: 'short',
        alarmFrom: 1,
        queries: [
          {
            expr: `sum by (policy, direction) (tagalong_config{state="rejected", ${OURS}})`,
            legend: '{{policy}} {{direction}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Errors',
        description:
          'What the filter could not do, by kind. The requests went on without it. To be zero.',
        unit: 'reqps',
        alarmFrom: 0.001,
        queries: [
          { expr: rate('tagalong_errors_total', 'policy, kind'), legend: '{{policy}} {{kind}}' },
        ],
      },
    ],
  };
}

export function tags(): RowSpec {
  const all = rate('tagalong_tag_total', 'tag', 'mode="enforce"');
  return {
    title: 'Tags',
    panels: [
      {
        type: 'timeseries',
        title: 'Tag values',
        description: 'Requests whose tag a rule or the default decided, by value.',
        unit: 'reqps',
        queries: [
          {
            expr: rate('tagalong_tag_total', 'tag, value', 'mode="enforce"'),
            legend: '{{tag}}: {{value}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Share of each value',
        description: 'Of the requests whose tag was decided: what a percentage really comes to.',
        unit: 'percentunit',
        queries: [
          {
            expr:
              `${rate('tagalong_tag_total', 'tag, value', 'mode="enforce"')} ` +
              `/ on (tag) group_left () ${all}`,
            legend: '{{tag}}: {{value}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Rules',
        description: 'Which rule decided. `default` where none did.',
        unit: 'reqps',
        queries: [
          {
            expr: rate('tagalong_tag_total', 'tag, rule', 'mode="enforce"'),
            legend: '{{tag}}: {{rule}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Dry run',
        description: 'What rules would decide that are only watched, or whose policy is.',
        unit: 'reqps',
        queries: [
          {
            expr: rate('tagalong_tag_total', 'tag, rule, value', 'mode="dryRun"'),
            legend: '{{tag}}: {{rule}} → {{value}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Tags that came in',
        description:
          'Tags that requests brought: kept, or stripped. Stripped ones at a gateway are ' +
          "somebody's attempt, or a client that should not send them.",
        unit: 'reqps',
        queries: [
          {
            expr: rate('tagalong_incoming_total', 'tag, outcome, direction'),
            legend: '{{tag}}: {{outcome}} ({{direction}})',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Minted cookies',
        description: 'Visitors who were given an identity. Many more than visitors: not kept.',
        unit: 'reqps',
        queries: [{ expr: rate('tagalong_mint_total', 'cookie'), legend: '{{cookie}}' }],
      },
    ],
  };
}

export function limits(): RowSpec {
  const by = 'policy, limit';
  const limited = rate('tagalong_limit_total', by, 'outcome="limited"');
  const asked = rate('tagalong_limit_total', by, 'outcome=~"ok|limited"');
  return {
    title: 'Limits',
    panels: [
      {
        type: 'timeseries',
        title: 'Requests by outcome',
        description:
          'ok: admitted. limited: rejected. dry: a limit that is only watched would have. ' +
          'overflow, beside another: there was no bucket left for the value.',
        unit: 'reqps',
        queries: [
          {
            expr: rate('tagalong_limit_total', `${by}, outcome`),
            legend: '{{policy}} {{limit}}: {{outcome}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Share rejected',
        description: 'Of the requests that a limit applies to.',
        unit: 'percentunit',
        queries: [{ expr: `${limited} / ${asked}`, legend: '{{policy}} {{limit}}' }],
      },
      {
        type: 'timeseries',
        title: 'Tokens left in the fullest use',
        description:
          'The fewest that were left in any bucket of any proxy. At 0 requests are rejected.',
        unit: 'short',
        queries: [
          {
            expr: `min by (${by}) (tagalong_limit_remaining{${OURS}})`,
            legend: '{{policy}} {{limit}}',
          },
        ],
      },
    ],
  };
}

export function propagation(): RowSpec {
  const missed = rate('tagalong_propagate_total', 'policy', 'outcome="missed"');
  const asked = rate('tagalong_propagate_total', 'policy', 'outcome=~"missed|restored"');
  return {
    title: 'Propagation',
    panels: [
      {
        type: 'timeseries',
        title: 'Outcomes',
        description:
          'stored: requests remembered. restored and missed: calls whose request was found, or ' +
          'not. conflict: two requests under one id disagreed. malformed: a trace header that is ' +
          'none. made: an x-request-id of our own.',
        unit: 'reqps',
        queries: [
          {
            expr: rate('tagalong_propagate_total', 'policy, outcome'),
            legend: '{{policy}}: {{outcome}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'Share of calls without their request',
        description:
          'The application forwards no id, or calls later than `ttl`. Calls that no request ' +
          'caused count too.',
        unit: 'percentunit',
        queries: [{ expr: `${missed} / ${asked}`, legend: '{{policy}}' }],
      },
      {
        type: 'timeseries',
        title: 'Forgotten too early',
        description: 'Requests that gave way to others before their `ttl`: raise `capacity`.',
        unit: 'reqps',
        alarmFrom: 0.001,
        queries: [
          {
            expr: rate('tagalong_propagate_total', 'policy, pod', 'outcome="evicted"'),
            legend: '{{policy}} {{pod}}',
          },
        ],
      },
    ],
  };
}

export function machines(): RowSpec {
  return {
    title: 'VMs',
    panels: [
      {
        type: 'timeseries',
        title: 'Memory that the filter took',
        description: 'End of the heap of a VM. It grows while configuring, never with requests.',
        unit: 'bytes',
        queries: [
          {
            expr: `max by (policy, direction) (tagalong_heap_bytes{${OURS}})`,
            legend: '{{policy}} {{direction}}',
          },
        ],
      },
      {
        type: 'timeseries',
        title: 'VMs',
        description: 'Of all wasm filters of a proxy: for each entry workers + 2, while in force.',
        unit: 'short',
        queries: [{ expr: `max by (pod) (${VMS_ACTIVE}{${PROXIES}})`, legend: '{{pod}}' }],
      },
      {
        type: 'timeseries',
        title: 'VMs made',
        description:
          'Of all wasm filters. More than pushes bring: VMs that fail and are made anew.',
        unit: 'reqps',
        queries: [
          {
            expr: `sum by (pod) (rate(${VMS_CREATED}{${PROXIES}}[$__rate_interval]))`,
            legend: '{{pod}}',
          },
        ],
      },
    ],
  };
}
