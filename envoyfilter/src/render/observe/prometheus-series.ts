// prometheus-series: by which labels alerts tell proxies apart, and series for their tests. Pure.

import { filterEntries, type Policy } from '../../policy/policy.js';

/** The proxy, where Prometheus knows it: these labels are set by what scrapes. */
export const PROXY = 'namespace, pod';
export const AT = '{{ $labels.namespace }}/{{ $labels.pod }}';
/** Of the pod in the tests. */
export const POD = { namespace: 'shop', pod: 'reviews-v1-5d8f7c9b4-x2x7k' };

/** What the first entry's metrics are labelled with. */
export function firstOf(policy: Policy): { policy: string; direction: string } {
  const [entry] = filterEntries(policy);
  return { policy: entry?.id ?? '', direction: entry?.direction ?? '' };
}

export function nameOf({ metadata: { namespace, name } }: Policy): string {
  return `${namespace}/${name}`;
}

/** A series in promtool's notation. */
export function seriesOf(name: string, labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${text.join(',')}}`;
}
