// labels: names and values that become labels of metrics, and that Istio must not take apart.

import type { Path } from '../../policy/place.js';
import type { Report, Rule, Subject } from '../rule.js';
import { allLimits, allTags, rulesOf } from '../sections.js';
import { quoted } from '../words.js';

/**
 * What Istio's own extractors (envoy_bootstrap.json of 1.31) cut out of any metric's name: of
 * `cache.a.b` the part `cache.a.`, where a label's end, `;.;`, counts as more of it.
 */
const EATEN =
  /(cache|component|tag|wasm_filter)\.|rbac\.(allowed|denied)|\.istio_dry_run_(allow|deny)_|\.shadow_(allowed|denied)|_rq_\d(\d\d|xx)/;

export const LABEL_RULES: readonly Rule[] = [
  {
    id: 'istio-eats-name',
    severity: 'error',
    title: "A name that Istio's statistics take apart",
    why: "Istio's proxies cut cache.…, component.…, tag.…, wasm_filter.…, rbac.allowed, _rq_NNN and their like out of the names of all metrics. Labels of the filter are part of such a name: counters of this one would be lost, or counted under another.",
    mend: 'Write it without the dot, or without _rq_NNN: cache-eu instead of cache.eu.',
    example: {
      bad: 'filters: [{at: inbound, tags: [{header: x-a, default: cache.eu}]}]\n',
      good: 'filters: [{at: inbound, tags: [{header: x-a, default: cache-eu}]}]\n',
    },
    check: eaten,
  },
];

function eaten(subject: Subject): Report[] {
  return [...labelsOf(subject)].flatMap(({ path, text }) => {
    const [found] = EATEN.exec(text) ?? [];
    if (found === undefined) return [];
    const message = `found ${quoted(text)}, wanted a name without "${found}": Istio's statistics cut it out`;
    return [{ path, message }];
  });
}

/** Whatever of a policy becomes the value of a label. */
function* labelsOf(subject: Subject): Generator<{ path: Path; text: string }> {
  const { name, namespace } = subject.policy.metadata;
  yield { path: ['metadata', 'name'], text: name };
  yield { path: ['metadata', 'namespace'], text: namespace };
  for (const tag of allTags(subject)) {
    const { header, default: fallback, incoming } = tag.spec;
    yield { path: [...tag.path, 'header'], text: header };
    if (fallback !== undefined) yield { path: [...tag.path, 'default'], text: fallback };
    if (typeof incoming === 'object') {
      for (const [index, text] of incoming.allow.entries()) {
        yield { path: [...tag.path, 'incoming', 'allow', index], text };
      }
    }
    for (const { spec, path } of rulesOf(tag)) {
      if (spec.name !== undefined) yield { path: [...path, 'name'], text: spec.name };
      if (spec.mint !== undefined)
        yield { path: [...path, 'mint', 'cookie'], text: spec.mint.cookie };
      if (typeof spec.value === 'string') yield { path: [...path, 'value'], text: spec.value };
      else yield { path: [...path, 'value', 'header'], text: spec.value.header };
    }
  }
  for (const { spec, path } of allLimits(subject))
    yield { path: [...path, 'name'], text: spec.name };
}
