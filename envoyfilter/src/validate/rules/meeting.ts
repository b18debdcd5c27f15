// meeting: rules about policies and entries that meet: in one name, or in one proxy.

import { type FilterSpec, selectorOf } from '../../policy/policy.js';
import type { Placed, Rule, Subject, SubjectReport } from '../rule.js';
import { propagateOf, tagsOf } from '../sections.js';

const head = (name: string, namespace = 'shop') =>
  `apiVersion: tagalong/v1\nkind: Policy\nmetadata: {name: ${name}, namespace: ${namespace}}\n`;

export const MEETING_RULES: readonly Rule[] = [
  {
    id: 'policy-twice',
    severity: 'error',
    title: 'Two policies of one name',
    why: 'The name and the namespace are the key of everything that is rendered and counted: one would overwrite the other.',
    mend: 'Give one of them another name.',
    example: {
      bad: `${head('shop')}spec: {filters: []}\n---\n${head('shop')}spec: {filters: []}\n`,
      good: `${head('shop')}spec: {filters: []}\n---\n${head('shop', 'other')}spec: {filters: []}\n`,
    },
    checkAll: policyTwice,
  },
  {
    id: 'object-twice',
    severity: 'error',
    title: 'Two filters whose objects have one name',
    why: "Kubernetes objects are named after the policy without its namespace. Two policies of one name whose entries run in one namespace would overwrite each other's.",
    mend: 'Give one of the policies another name.',
    example: {
      bad: `${head('shop', 'a')}spec: {filters: [{at: gateway, namespace: gw, tags: [{header: x-a}]}]}\n---\n${head('shop', 'b')}spec: {filters: [{at: gateway, namespace: gw, tags: [{header: x-b}]}]}\n`,
      good: `${head('shop-a', 'a')}spec: {filters: [{at: gateway, namespace: gw, tags: [{header: x-a}]}]}\n---\n${head('shop-b', 'b')}spec: {filters: [{at: gateway, namespace: gw, tags: [{header: x-b}]}]}\n`,
    },
    checkAll: objectTwice,
  },
  {
    id: 'same-workloads',
    severity: 'warning',
    title: 'Two entries that do the same thing to the same proxies',
    why: 'Both are loaded, one behind the other: the second decides a tag again that the first has decided, or remembers requests a second time.',
    mend: 'Put them into one entry, or select other workloads.',
    example: {
      bad: 'filters:\n  - {at: inbound, tags: [{header: x-a}]}\n  - {at: sidecar, selector: {app: web}, tags: [{header: x-a}]}\n',
      good: 'filters:\n  - {at: inbound, selector: {app: api}, tags: [{header: x-a}]}\n  - {at: sidecar, selector: {app: web}, tags: [{header: x-a}]}\n',
    },
    checkAll: sameWorkloads,
  },
];

function idOf({ policy }: Subject): string {
  return `${policy.metadata.namespace}/${policy.metadata.name}`;
}

function policyTwice(subjects: readonly Subject[]): SubjectReport[] {
  return subjects
    .filter(
      (subject, index) => subjects.findIndex((other) => idOf(other) === idOf(subject)) < index,
    )
    .map((subject) => ({
      subject,
      path: ['metadata', 'name'],
      message: `found a second policy ${idOf(subject)}, wanted another name or namespace`,
    }));
}

function objectTwice(subjects: readonly Subject[]): SubjectReport[] {
  const seen = new Map<string, Subject>();
  return subjects.flatMap((subject) =>
    subject.filters.flatMap(({ spec, index, path }) => {
      const { name, namespace } = subject.policy.metadata;
      const place = `${spec.namespace ?? namespace}/${name.toLowerCase()}/${index}`;
      const keys = directionsOf(spec).map((direction) => `${place}/${direction}`);
      const first = keys.map((key) => seen.get(key)).find((other) => other !== undefined);
      for (const key of keys) if (!seen.has(key)) seen.set(key, subject);
      if (first === undefined || idOf(first) === idOf(subject)) return [];
      const message = `found an object that ${idOf(first)} makes too, wanted another name of one of the policies`;
      return [{ subject, path: [...path, 'at'], message }];
    }),
  );
}

function directionsOf({ at }: FilterSpec): string[] {
  return at === 'sidecar' ? ['inbound', 'outbound'] : [at];
}

interface Loaded {
  readonly subject: Subject;
  readonly filter: Placed<FilterSpec>;
  /** What it does, as `the tag x-a`. */
  readonly works: ReadonlySet<string>;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

function sameWorkloads(subjects: readonly Subject[]): SubjectReport[] {
  const groups = new Map<string, Loaded[]>();
  return subjects.flatMap((subject) =>
    subject.filters.flatMap((filter) => {
      const { spec } = filter;
      if (spec.mode === 'disabled') return [];
      const labels = Object.entries(selectorOf(spec));
      const loaded = { subject, filter, works: worksOf(filter), labels };
      const namespace = spec.namespace ?? subject.policy.metadata.namespace;
      const directions = directionsOf(spec);
      const clash = directions
        .flatMap((direction) => groups.get(`${namespace}/${direction}`) ?? [])
        .find((other) => meets(other, loaded));
      for (const direction of directions) {
        const key = `${namespace}/${direction}`;
        const group = groups.get(key) ?? [];
        group.push(loaded);
        groups.set(key, group);
      }
      if (clash === undefined) return [];
      const [work] = [...loaded.works].filter((one) => clash.works.has(one));
      const other = `spec.filters[${clash.filter.index}] of ${idOf(clash.subject)}`;
      const message = `found ${work} in proxies where ${other} has it already, wanted other workloads, or one entry for both`;
      return [
        {
          subject,
          path: [...filter.path, spec.selector === undefined ? 'at' : 'selector'],
          message,
        },
      ];
    }),
  );
}

function worksOf(filter: Placed<FilterSpec>): Set<string> {
  const tags = tagsOf(filter).map(({ spec }) => `the tag ${spec.header.toLowerCase()}`);
  return new Set(propagateOf(filter) === undefined ? tags : [...tags, 'propagation']);
}

/** Whether one of them is for all workloads of the other; what may be is not said. */
function meets(first: Loaded, second: Loaded): boolean {
  if (!selects(first, second) && !selects(second, first)) return false;
  for (const work of second.works) if (first.works.has(work)) return true;
  return false;
}

/** Whether the labels of the second are all among those of the first. */
function selects({ labels }: Loaded, second: Loaded): boolean {
  return second.labels.every(([name, value]) =>
    labels.some(([other, has]) => other === name && has === value),
  );
}
