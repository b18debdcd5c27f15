// stats-tags: the labels that Envoy must take out of the filter's metric names.

/** Every label of every metric of the filter. */
export const LABELS = [
  'policy',
  'direction',
  'tag',
  'rule',
  'value',
  'mode',
  'outcome',
  'state',
  'kind',
  'cookie',
  'limit',
] as const;

/**
 * `stats_config` of a bootstrap. On the wire a metric is `NAME.LABEL=.=VALUE;.;LABEL=.=VALUE;.;`:
 * the outer group is cut out of the name, the inner one is the value.
 */
export function statsConfig(): { stats_tags: { tag_name: string; regex: string }[] } {
  return {
    stats_tags: LABELS.map((label) => ({ tag_name: label, regex: `(${label}=\\.=(.*?);\\.;)` })),
  };
}
