// tags: rules about tags: which of their rules can ever decide, and who has a say.

import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../policy/place.js';
import type { TagRule, TagSpec } from '../../policy/sections.js';
import { suggestion } from '../nearest.js';
import type { Report, Rule, Subject } from '../rule.js';
import {
  allLimits,
  allTags,
  type InFilter,
  nested,
  required,
  rulesOf,
  tagsOf,
} from '../sections.js';
import { quoted } from '../words.js';

const GATEWAY = '  - at: gateway\n    namespace: istio-ingress\n';
const tag = (...lines: string[]) =>
  `filters:\n${GATEWAY}    tags:\n      - header: x-traffic-tag\n${lines.map((line) => `        ${line}\n`).join('')}`;

export const TAG_RULES: readonly Rule[] = [
  {
    id: 'unreachable-rule',
    severity: 'warning',
    title: 'A rule that can never decide',
    why: 'The first rule that matches decides. What stands behind one that always matches, or behind one with the same condition, is never asked. Nor is a rule that wants its own tag in the request: a kept tag is the result, and a stripped one is gone before conditions are looked at.',
    mend: 'Move the rule up, or narrow the one before it.',
    example: {
      bad: tag(
        'rules:',
        '  - {value: stable}',
        '  - {value: canary, when: {cookie: beta, present: true}}',
      ),
      good: tag(
        'rules:',
        '  - {value: canary, when: {cookie: beta, present: true}}',
        '  - {value: stable}',
      ),
    },
    check: (subject) => allTags(subject).flatMap(unreachable),
  },
  {
    id: 'trusted-at-gateway',
    severity: 'warning',
    title: 'A gateway that believes tags of its clients',
    why: 'Whoever sends the header chooses the version, and the rules are not tried for such a request.',
    mend: 'Leave "incoming" out (strip is the default at gateways), or allow values that anyone may choose: {allow: [beta]}.',
    example: { bad: tag('incoming: trust'), good: tag('incoming: {allow: [beta]}') },
    check: (subject) =>
      allTags(subject)
        .filter(({ spec, filter }) => filter.spec.at === 'gateway' && spec.incoming === 'trust')
        .map(({ path, spec }) => ({
          path: [...path, 'incoming'],
          message: `found ${spec.header} trusted at a gateway, wanted strip: clients choose their own tag`,
        })),
  },
  {
    id: 'stripped-inside',
    severity: 'warning',
    title: 'A sidecar that takes away what the gateway decided',
    why: 'The gateway writes the tag, and this sidecar strips it before its own rules: the hop behind it sees another tag, or none.',
    mend: 'Leave "incoming" out: trust is the default at sidecars.',
    example: {
      bad: `${tag('default: stable')}  - at: sidecar\n    tags: [{header: x-traffic-tag, incoming: strip}]\n`,
      good: `${tag('default: stable')}  - at: sidecar\n    tags: [{header: x-traffic-tag}]\n`,
    },
    check: strippedInside,
  },
  {
    id: 'unknown-tag',
    severity: 'error',
    title: 'A condition on a tag that is not decided yet',
    why: 'A rule sees the tags before it in its entry, a limit all of its entry. The filter refuses others.',
    mend: 'Name a tag of this entry that stands above, or ask for the header instead.',
    example: {
      bad: tag('rules: [{value: a, when: {tag: {x-stage: pre}}}]'),
      good: `filters:\n${GATEWAY}    tags:\n      - header: x-stage\n      - {header: x-b, rules: [{value: a, when: {tag: {x-stage: pre}}}]}\n`,
    },
    check: unknownTags,
  },
  {
    id: 'name-twice',
    severity: 'error',
    title: 'Two of one name',
    why: 'The name is a label of counters: nobody could tell them apart. The filter refuses it.',
    mend: 'Give each its own name. A tag header stands once in its entry, whatever its case.',
    example: {
      bad: tag('rules: [{name: a, value: b}, {name: a, value: c}]'),
      good: tag('rules: [{name: a, value: b, when: {method: [GET]}}, {name: c, value: c}]'),
    },
    check: namedTwice,
  },
];

function unreachable(tag: InFilter<TagSpec>): Report[] {
  const rules = rulesOf(tag);
  const reports: Report[] = [];
  let always: InFilter<TagRule> | undefined;
  for (const [position, rule] of rules.entries()) {
    const before = rules.slice(0, position).find((other) => covers(other.spec, rule.spec));
    if (always !== undefined) {
      reports.push({ path: rule.path, message: behind('rule', pathName(always.path, tag)) });
    } else if (before !== undefined) {
      const message = `found a rule with the condition of ${pathName(before.path, tag)}, which decides before it, wanted another one`;
      reports.push({ path: rule.path, message });
    } else {
      reports.push(...wantsItself(tag, rule));
    }
    if (isAlways(rule.spec)) always ??= rule;
  }
  if (always !== undefined && tag.spec.default !== undefined) {
    const message = behind('default', pathName(always.path, tag));
    reports.push({ path: [...tag.path, 'default'], message, atKey: true });
  }
  return reports;
}

function behind(what: string, rule: string): string {
  return `found a ${what} behind ${rule}, which always matches, wanted it before that or not at all`;
}

/** `rules[1]`, as it is called inside the tag. */
function pathName(path: Path, { spec }: InFilter<TagSpec>): string {
  const index = Number(path.at(-1));
  const name = spec.rules?.[index]?.name;
  return name === undefined ? `rules[${index}]` : quoted(name);
}

/** A copied value decides only where its header is there. */
function decides({ dryRun, value }: TagRule): boolean {
  return dryRun !== true && typeof value === 'string';
}

function isAlways(rule: TagRule): boolean {
  const { when, percent, mint, identity = [] } = rule;
  if (!decides(rule) || when !== undefined) return false;
  if (percent === undefined) return true;
  // Everybody has an address, and a minted identity.
  const everybody = mint !== undefined || identity.some(({ ip }) => ip === true);
  return percent === 100 && everybody;
}

/** Whether no request that the second matches passes by the first. */
function covers(first: TagRule, second: TagRule): boolean {
  if (!decides(first) || first.when === undefined) return false;
  if (!isDeepStrictEqual(first.when, second.when)) return false;
  if (first.percent === undefined) return true;
  const same = (['identity', 'salt', 'mint'] as const).every((key) =>
    isDeepStrictEqual(first[key], second[key]),
  );
  return same && second.percent !== undefined && second.percent <= first.percent;
}

/** A condition that only the tag itself could fulfil. */
function wantsItself(tag: InFilter<TagSpec>, rule: InFilter<TagRule>): Report[] {
  const header = tag.spec.header.toLowerCase();
  const conditions = [...required(rule.spec.when ?? {}, [...rule.path, 'when'])];
  return conditions
    .filter(({ when }) => when.header?.toLowerCase() === header && when.present !== false)
    .map(({ path }) => ({
      path: [...path, 'header'],
      message: `found a rule that wants ${tag.spec.header} in the request, wanted another condition: a kept tag is not decided again, a stripped one is gone`,
    }));
}

function strippedInside(subject: Subject): Report[] {
  const atGateways = new Set(
    allTags(subject)
      .filter(({ filter }) => filter.spec.at === 'gateway')
      .map(({ spec }) => spec.header.toLowerCase()),
  );
  return allTags(subject)
    .filter(
      ({ spec, filter }) =>
        filter.spec.at !== 'gateway' &&
        spec.incoming === 'strip' &&
        atGateways.has(spec.header.toLowerCase()),
    )
    .map(({ path, spec }) => ({
      path: [...path, 'incoming'],
      message: `found ${spec.header} stripped behind the gateway that writes it, wanted trust`,
    }));
}

function unknownTags(subject: Subject): Report[] {
  return subject.filters.flatMap((filter) => {
    const tags = tagsOf(filter);
    const names = tags.map(({ spec }) => spec.header.toLowerCase());
    const ofTags = tags.flatMap((tag, position) =>
      rulesOf(tag).flatMap(({ spec, path }) =>
        inWhen(spec.when, [...path, 'when'], names.slice(0, position)),
      ),
    );
    const ofLimits = allLimits({ ...subject, filters: [filter] }).flatMap(({ spec, path }) => [
      ...inWhen(spec.when, [...path, 'when'], names),
      ...(spec.per ?? []).flatMap((part, index) =>
        part.tag === undefined
          ? []
          : unknownTag(part.tag, [...path, 'per', index, 'tag'], names, false),
      ),
    ]);
    return [...ofTags, ...ofLimits];
  });
}

function inWhen(when: TagRule['when'], path: Path, names: readonly string[]): Report[] {
  if (when === undefined) return [];
  return [...nested(when, path)].flatMap(({ when: { tag = {} }, path: at }) =>
    Object.keys(tag).flatMap((name) => unknownTag(name, [...at, 'tag', name], names, true)),
  );
}

function unknownTag(name: string, path: Path, names: readonly string[], atKey: boolean): Report[] {
  if (names.includes(name.toLowerCase())) return [];
  const known = names.length === 0 ? 'there is none' : `there is ${names.join(', ')}`;
  const message = `found the tag ${quoted(name)}, wanted one that is decided before: ${known}`;
  return [{ path, message, atKey, ...suggestion(name, names) }];
}

function namedTwice(subject: Subject): Report[] {
  const lists = subject.filters.flatMap((filter) => [
    tagsOf(filter).map(({ spec, path }) => ({
      name: spec.header.toLowerCase(),
      path: [...path, 'header'],
    })),
    ...tagsOf(filter).map((tag) => rulesOf(tag).flatMap(nameOf)),
    allLimits({ ...subject, filters: [filter] }).flatMap(({ spec, path }) => ({
      // Of a global limit it is part of a header, which has no case.
      name: spec.scope === 'global' ? spec.name.toLowerCase() : spec.name,
      path: [...path, 'name'],
    })),
  ]);
  return lists.flatMap((list) =>
    list
      .filter(({ name }, index) => list.findIndex((other) => other.name === name) < index)
      .map(({ name, path }) => ({
        path,
        message: `found ${quoted(name)} a second time, wanted a name that nothing beside it has`,
      })),
  );
}

function nameOf({ spec, path }: InFilter<TagRule>): { name: string; path: Path }[] {
  return spec.name === undefined ? [] : [{ name: spec.name, path: [...path, 'name'] }];
}
