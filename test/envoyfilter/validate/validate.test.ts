import { describe, expect, it } from 'vitest';
import { FIRST_POLICY } from '../../../envoyfilter/src/cli/first-policy.js';
import { validate } from '../../../envoyfilter/src/validate/validate.js';
import {
  allFindingsOf,
  brief,
  findingsOf,
  findingsOfAll,
  HEAD,
  policyText,
  SHOWN,
} from './policies.js';

const tag = (lines: string) =>
  policyText(
    `filters:\n  - at: inbound\n    tags:\n      - header: x-a\n${lines.replace(/^(?=.)/gm, '        ')}`,
  );

describe('policies that people read', () => {
  it.each(SHOWN)('%s: nothing is wrong with it', async (_where, text) => {
    const findings = await allFindingsOf(text);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('the one that init writes: there is nothing to say of it', async () => {
    expect(await allFindingsOf(FIRST_POLICY)).toEqual([]);
  });
});

describe('plain texts that YAML 1.1 takes for something else', () => {
  it.each([
    ['yes', 'true to kubectl and a text to others'],
    ['On', 'true to kubectl and a text to others'],
    ['y', 'true to kubectl and a text to others'],
    ['NO', 'false to kubectl and a text to others'],
    ['off', 'false to kubectl and a text to others'],
    ['n', 'false to kubectl and a text to others'],
    ['1:30', 'a number of base 60 to YAML 1.1 and a text to others'],
    ['1_000', 'a number to kubectl and a text to others'],
    ['0b101', 'a number to some readers and a text to others'],
  ])('%s is refused where a text is wanted', async (text, meaning) => {
    const [finding, ...more] = await findingsOf(tag(`default: ${text}\n`));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ rule: 'quote-it', severity: 'error' });
    expect(finding?.message).toContain(`found ${text} without quotes, which is ${meaning}`);
    expect(finding?.hint).toContain(`quote it: "${text}"`);
    expect(await findingsOf(tag(`default: '${text}'\n`))).toEqual([]);
    expect(await findingsOf(tag(`default: "${text}"\n`))).toEqual([]);
  });

  it.each([
    'yEs',
    'yessir',
    'x1_000',
    '1:80',
    '10.0.0.1',
    'v1',
  ])('%s is a text to all', async (text) => {
    expect(await findingsOf(tag(`default: ${text}\n`))).toEqual([]);
  });

  it.each([
    ['0100', '64 to kubectl and 100 to others'],
    ['0o144', 'a number to some readers and a text to others'],
  ])('%s is refused where a number is wanted', async (text, meaning) => {
    const policy = policyText(`filters:\n  - at: sidecar\n    propagate: {capacity: ${text}}\n`);
    const [finding, ...more] = await findingsOf(policy);
    expect(more).toEqual([]);
    expect(finding?.message).toContain(meaning);
    expect(finding?.place).toMatchObject({ line: 7, column: 29 });
  });

  it('are found in keys too', async () => {
    const text = policyText(
      'filters: []\nroutes:\n  - {host: a, tag: x-a, default: "on", versions: {on: {v: b}}}\n',
    );
    expect((await findingsOf(text)).map(brief)).toEqual(['7:53 quote-it']);
  });

  it('and are no traps in comments and in block texts', async () => {
    expect(await findingsOf(tag('# yes\ndefault: |-\n  yes\n'))).toEqual([]);
  });
});

describe('what is no YAML', () => {
  it.each([
    ['an open bracket', 'spec: {filters: [}\n', '1:18 yaml-syntax'],
    ['a tab', 'spec:\n\tfilters: []\n', '2:1 yaml-syntax'],
    ['a missing quote', `${HEAD}spec: {mode: "enforce}\n`, '5:1 yaml-syntax'],
    ['a colon too many', `${HEAD}spec:\n  mode: a: b\n`, '5:9 yaml-syntax'],
    [
      'a key twice',
      `${HEAD}spec:\n  mode: enforce\n  mode: enforce\n  filters: []\n`,
      '6:3 yaml-duplicate-key',
    ],
    ['an alias of nothing', `${HEAD}spec: *a\n`, '4:7 yaml-aliases'],
    ['a tag', `${HEAD}spec: !!binary aGVsbG8=\n`, '4:7 yaml-syntax'],
  ])('%s', async (_name, text, wanted) => {
    expect((await findingsOf(text)).map(brief)).toEqual([wanted]);
  });

  it.each([70, 1000, 100_000])('%i lists in one another', async (depth) => {
    const findings = await findingsOf(`a: ${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(findings.map(({ message }) => message)).toEqual([
      'found values nested too deep, wanted at most 64 levels',
    ]);
  });

  it('aliases that stand for a billion values are refused at once', async () => {
    const lines = Array.from({ length: 9 }, (_, level) => {
      const items = Array.from({ length: 10 }, () => (level === 0 ? 'lol' : `*a${level - 1}`));
      return `a${level}: &a${level} [${items.join(', ')}]\n`;
    });
    expect((await findingsOf(lines.join(''))).map(brief)).toEqual(['1:1 yaml-aliases']);
  });

  it('what stands inside itself is refused', async () => {
    expect((await findingsOf('a: &a [*a]\n')).map(({ severity }) => severity)).toEqual(['error']);
  });

  it('plain anchors are fine, and findings behind an alias stand at its anchor', async () => {
    const text = policyText(
      'filters:\n  - {at: inbound, tags: [&tag {header: x_a}]}\n  - {at: outbound, tags: [*tag]}\n',
    );
    const findings = await findingsOf(text);
    expect(findings.map(({ rule, place }) => [rule, place.line])).toEqual([
      ['odd-header', 6],
      ['odd-header', 6],
    ]);
  });
});

describe('several texts', () => {
  const policy = (name: string, spec = '{filters: []}') =>
    `apiVersion: tagalong/v1\nkind: Policy\nmetadata: {name: ${name}}\nspec: ${spec}\n`;

  it('are read with all of their documents, empty ones left out', async () => {
    const text = `---\n${policy('a')}---\n---\n# nothing\n---\n${policy('b')}...\n`;
    const { findings, policies, count } = await validate([
      { name: 'a.yaml', text },
      {
        name: 'b.json',
        text: JSON.stringify(
          {
            apiVersion: 'tagalong/v1',
            kind: 'Policy',
            metadata: { name: 'c', namespace: 'x' },
            spec: { filters: [] },
          },
          null,
          '\t',
        ),
      },
    ]);
    expect(findings).toEqual([]);
    expect(count).toBe(3);
    expect(policies.map(({ metadata }) => metadata)).toEqual([
      { name: 'a', namespace: 'default' },
      { name: 'b', namespace: 'default' },
      { name: 'c', namespace: 'x' },
    ]);
  });

  it('have findings in the order of the files, then of the lines', async () => {
    const bad = (name: string) => policy(name, '{filters: [{at: 1}, {at: 2}]}');
    const findings = await findingsOfAll([
      { name: 'z.yaml', text: `${bad('a')}---\n${bad('b')}` },
      { name: 'a.yaml', text: bad('c') },
    ]);
    expect(findings.map(({ place }) => `${place.file}:${place.line}:${place.column}`)).toEqual([
      'z.yaml:4:23',
      'z.yaml:4:32',
      'z.yaml:9:23',
      'z.yaml:9:32',
      'a.yaml:4:23',
      'a.yaml:4:32',
    ]);
  });

  it.each([
    [
      'another kind in a file that was named',
      'apiVersion: v1\nkind: Service\n',
      false,
      'error not-a-policy',
    ],
    ['another kind in a folder', 'apiVersion: v1\nkind: Service\n', true, 'info not-a-policy'],
    [
      'another version of ours, wherever',
      'apiVersion: tagalong/v2\nkind: Policy\n',
      true,
      'error not-a-policy',
    ],
    [
      'a kind that is misspelt',
      'apiVersion: tagalong/v1\nkind: Polices\n',
      true,
      'error not-a-policy',
    ],
    ['a template in a folder', '{{ if .x }}\na: b\n{{ end }}\n', true, 'info yaml-syntax'],
    [
      'a broken policy in a folder',
      'apiVersion: tagalong/v1\n{{ a }}\n',
      true,
      'error yaml-syntax',
    ],
    ['nothing', '# nothing\n', false, 'error no-policy'],
    ['a list', '- a\n', false, 'error not-a-policy'],
    ['a text', 'hello\n', false, 'error not-a-policy'],
  ])('%s', async (_name, text, isFound, wanted) => {
    const sound = { name: 'sound.yaml', text: policy('sound') };
    const findings = await findingsOfAll([sound, { name: 'x.yaml', text, isFound }]);
    expect(findings.map(({ severity, rule }) => `${severity} ${rule}`)).toEqual([wanted]);
  });

  it('without a single policy are refused, whatever else is there', async () => {
    const text = 'apiVersion: v1\nkind: Service\n';
    const findings = await findingsOfAll([{ name: 'x.yaml', text, isFound: true }]);
    expect(findings.map(({ rule }) => rule).sort()).toEqual(['no-policy', 'not-a-policy']);
  });

  it('with Windows line ends and a byte order mark have the same places', async () => {
    const text = policy('a', '{filters: [{at: gatway}]}').replaceAll('\n', '\r\n');
    const [finding] = await findingsOf(`\ufeff${text}`);
    expect(finding).toMatchObject({
      place: { line: 4, column: 23 },
      hint: 'did you mean "gateway"?',
    });
  });
});

describe('a large policy', () => {
  it('of 500 filters takes less than two seconds', async () => {
    const filters = Array.from(
      { length: 500 },
      (_, i) =>
        `  - at: sidecar\n    selector: {app: app-${i}}\n    tags: [{header: x-traffic-tag}]\n    propagate: {}\n    limits:\n      - {name: login, when: {path: {exact: /login}, method: [POST]}, per: [{header: x-user}], rate: 10/s}\n`,
    );
    const text = policyText(`filters:\n${filters.join('')}`);
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const before = performance.now();
      const { policies } = await validate([{ name: 'large.yaml', text }]);
      expect(policies[0]?.spec.filters.length).toBe(500);
      times.push(performance.now() - before);
    }
    expect(Math.min(...times)).toBeLessThan(2000);
  });
});

describe('a tag that leads to versions beside another one', () => {
  it('may have a default that no version is for', async () => {
    const text = policyText(
      'filters:\n  - at: gateway\n    namespace: gw\n    tags:\n      - {header: x-stage, default: prod, rules: [{value: pre, when: {cookie: pre, present: true}}]}\n      - {header: x-a, default: v1, rules: [{value: b, when: {tag: {x-stage: pre}}}]}\nroutes:\n  - {host: web, tag: x-a, default: v1, versions: {v1: {version: v1}, b: {labels: {version: v2}, when: {x-a: b, x-stage: pre}}}}\n',
    );
    expect(await allFindingsOf(text)).toEqual([]);
    const wrong = text.replace('value: pre,', 'value: pree,');
    expect((await allFindingsOf(wrong)).map(({ rule }) => rule)).toContain('value-without-version');
  });
});

describe('the head of a document', () => {
  it.each([
    ['- a\n', 'found a list, wanted apiVersion'],
    ['kind: Policy\n', 'found no "apiVersion", wanted apiVersion'],
    ['apiVersoin: tagalong/v1\n', 'is "apiVersoin" to be "apiVersion"?'],
    ['{"apiVersion":"tagalong/v1", /* x */ "kind":"Policy"}', 'comments begin with #'],
  ])('%j', async (text, wanted) => {
    const [finding] = await allFindingsOf(text);
    expect(`${finding?.message} ${finding?.hint}`).toContain(wanted);
  });
});

describe('what other files have it like', () => {
  it.each([
    ['selector: {matchLabels: {app: web}}', 'write the labels themselves: {app: web}'],
    ['limits: [{name: a, rate: 10}]', 'found 10, wanted a rate such as 10/s'],
    ['tags: [{header: x-a, rules: [{value: b, when: [{method: [GET]}]}]}]', 'write {all: […]}'],
    [
      'tags: [{header: x-a, rules: [{value: b, when: {ip: ["fe80::1%eth0"]}}]}]',
      'wanted an address',
    ],
  ])('%s', async (line, wanted) => {
    const findings = await allFindingsOf(policyText(`filters:\n  - at: inbound\n    ${line}\n`));
    const said = findings.map(({ message, hint }) => `${message} ${hint}`).join('\n');
    expect(said).toContain(wanted);
  });
});
