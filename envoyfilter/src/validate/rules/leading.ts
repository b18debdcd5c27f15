// leading: rules about tags and routes together: what a tag leads to, and what leads to a version.

import { type RouteSpec, versionsOf } from '../../policy/policy.js';
import type { TagSpec } from '../../policy/sections.js';
import { nearest, suggestion } from '../nearest.js';
import type { Placed, Rule, Subject, SubjectReport } from '../rule.js';
import { allTags, type InFilter, incomingOf, isKept } from '../sections.js';
import { quoted } from '../words.js';

const TAGS = `filters:\n  - at: gateway\n    namespace: istio-ingress\n    tags: [{header: x-traffic-tag, default: stable, rules: [{value: canary, when: {cookie: beta, present: true}}]}]\n`;
const VERSIONS = 'versions: {stable: {version: v1}, canary: {version: v2}}';
const route = (rest: string) =>
  `${TAGS}routes:\n  - {host: reviews, tag: x-traffic-tag, ${rest}}\n`;

export const LEADING_RULES: readonly Rule[] = [
  {
    id: 'route-tag-unset',
    severity: 'warning',
    title: 'A route on a tag that nobody sets',
    why: 'No filter of the policies that were given decides this header. All requests go to the default, or clients choose for themselves.',
    mend: 'Correct the name, or add an entry at the gateway that decides the tag.',
    example: {
      bad: `${TAGS}routes: [{host: reviews, tag: x-trafic-tag, default: stable, ${VERSIONS}}]\n`,
      good: route(`${VERSIONS}, default: stable`),
    },
    checkAll: unsetTags,
  },
  {
    id: 'tag-not-routed',
    severity: 'info',
    title: 'A tag that no route asks for',
    why: 'It is decided and travels along, and nothing of these policies looks at it. Applications may.',
    mend: 'Add a route, or leave it if applications read it.',
    example: {
      bad: `${route(`${VERSIONS}, default: stable`)}mode: enforce\n`.replace(
        'tags: [',
        'tags: [{header: x-lonely}, ',
      ),
      good: route(`${VERSIONS}, default: stable`),
    },
    checkAll: unroutedTags,
  },
  {
    id: 'value-without-version',
    severity: 'warning',
    title: 'A tag value that leads nowhere',
    why: 'No route on this tag has a version for the value: such requests go to the default everywhere. It is commonly a typing error.',
    mend: 'Write the value as the routes have it, or add the version.',
    example: {
      bad: route(`${VERSIONS}, default: stable`).replace('value: canary', 'value: canari'),
      good: route(`${VERSIONS}, default: stable`),
    },
    checkAll: deadValues,
  },
  {
    id: 'version-without-value',
    severity: 'warning',
    title: 'A version that no tag leads to',
    why: 'No rule of the policies that were given decides for this value, and gateways let none in: the version gets no request.',
    mend: 'Add a rule with this value, or allow it to come in.',
    example: {
      bad: route(
        'versions: {stable: {version: v1}, canary: {version: v2}, next: {version: v3}}, default: stable',
      ),
      good: route(`${VERSIONS}, default: stable`),
    },
    checkAll: deadVersions,
  },
];

/** Of all policies: they are applied to one mesh. */
function headersSet(subjects: readonly Subject[]): Set<string> {
  return new Set(subjects.flatMap(allTags).map(({ spec }) => spec.header.toLowerCase()));
}

interface Leading {
  readonly subject: Subject;
  readonly route: Placed<RouteSpec>;
  readonly version: string;
  readonly header: string;
  readonly value: string;
}

/** Every value that some version wants of some header. */
function leadings(subjects: readonly Subject[]): Leading[] {
  return subjects.flatMap((subject) =>
    subject.routes.flatMap((route) =>
      versionsOf(route.spec).flatMap(({ name, when }) =>
        Object.entries(when).map(([header, value]) => ({
          subject,
          route,
          version: name,
          header: header.toLowerCase(),
          value,
        })),
      ),
    ),
  );
}

function unsetTags(subjects: readonly Subject[]): SubjectReport[] {
  const set = headersSet(subjects);
  // Routes alone may belong to filters that are elsewhere.
  if (set.size === 0 || !subjects.every(({ isWhole }) => isWhole)) return [];
  const said = new Set<string>();
  return leadings(subjects).flatMap(({ subject, route, version, header }) => {
    const isPlain = route.spec.tag.toLowerCase() === header;
    const path = isPlain
      ? [...route.path, 'tag']
      : [...route.path, 'versions', version, 'when', header];
    const key = `${subjects.indexOf(subject)} ${path.join('\0')}`;
    if (set.has(header) || said.has(key)) return [];
    said.add(key);
    const message = `found the tag ${header}, wanted one that a filter sets: ${[...set].join(', ')}`;
    return [{ subject, path, message, ...suggestion(header, set) }];
  });
}

function unroutedTags(subjects: readonly Subject[]): SubjectReport[] {
  const asked = new Set(leadings(subjects).map(({ header }) => header));
  if (asked.size === 0 || !subjects.every(({ isWhole }) => isWhole)) return [];
  return subjects.flatMap((subject) => {
    const tags = allTags(subject);
    return tags
      .filter(({ spec }, index) => firstOf(tags, spec.header) === index)
      .filter(({ spec }) => !asked.has(spec.header.toLowerCase()))
      .map(({ spec, path }) => ({
        subject,
        path: [...path, 'header'],
        message: `found the tag ${spec.header} that no route asks for, wanted a route on it, or an application that reads it`,
      }));
  });
}

function firstOf(tags: readonly InFilter<TagSpec>[], header: string): number {
  return tags.findIndex(({ spec }) => spec.header.toLowerCase() === header.toLowerCase());
}

function deadValues(subjects: readonly Subject[]): SubjectReport[] {
  const leads = leadings(subjects);
  return subjects.flatMap((subject) =>
    allTags(subject).flatMap(({ spec, path }) => {
      const ours = leads.filter(({ header }) => header === spec.header.toLowerCase());
      const known = new Set(ours.map(({ value }) => value));
      if (known.size === 0) return [];
      const isMain = ours.some(
        ({ route }) => route.spec.tag.toLowerCase() === spec.header.toLowerCase(),
      );
      const values = [
        ...(spec.rules ?? []).map(({ value }, index) => ({
          value,
          path: [...path, 'rules', index, 'value'],
        })),
        // Beside another tag none need lead anywhere: the route's default has those requests.
        ...(isMain ? [{ value: spec.default, path: [...path, 'default'] }] : []),
      ];
      return values.flatMap(({ value, path: at }) => {
        if (typeof value !== 'string' || known.has(value)) return [];
        const near = nearest(value, known);
        return {
          subject,
          path: at,
          message: `found ${quoted(value)}, wanted a value that a route has a version for: ${[...known].join(', ')}`,
          ...(near !== undefined && { hint: `did you mean ${quoted(near)}?` }),
        };
      });
    }),
  );
}

function deadVersions(subjects: readonly Subject[]): SubjectReport[] {
  if (!subjects.every(({ isWhole }) => isWhole)) return [];
  const tags = subjects.flatMap(allTags);
  return leadings(subjects).flatMap(({ subject, route, version, header, value }) => {
    const ours = tags.filter(({ spec }) => spec.header.toLowerCase() === header);
    const isDecided = ours.some(({ filter }) => filter.spec.at === 'gateway');
    if (!isDecided || ours.some((tag) => mayBe(tag, value))) return [];
    // The default needs no tag.
    if (version === route.spec.default) return [];
    const message = `found a version for ${header}: ${quoted(value)}, wanted a rule that gives this value`;
    return [{ subject, path: [...route.path, 'versions', version], atKey: true, message }];
  });
}

/** Whether the tag can have the value here. At a sidecar what is kept came from elsewhere. */
function mayBe(tag: InFilter<TagSpec>, value: string): boolean {
  const { spec, filter } = tag;
  const incoming = incomingOf(tag);
  const comes = typeof incoming === 'object' ? incoming.allow.includes(value) : isKept(tag);
  if (filter.spec.at === 'gateway' && comes) return true;
  const rules = spec.rules ?? [];
  return (
    spec.default === value ||
    rules.some((rule) => rule.value === value || typeof rule.value !== 'string')
  );
}
