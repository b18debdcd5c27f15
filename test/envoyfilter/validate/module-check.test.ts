import { describe, expect, it } from 'vitest';
import { readPath } from '../../../envoyfilter/src/policy/place.js';
import { validate } from '../../../envoyfilter/src/validate/validate.js';
import { bounds, mistakes } from '../../harness/mistakes.js';
import { wasmBytes } from '../../harness/wasm.js';
import { allFindingsOf, findingsOf, policyText } from './policies.js';

const module = wasmBytes();

const DIRECTIONS: unknown[] = ['gateway', 'inbound', 'outbound'];

/** A configuration of the filter as an entry of a policy, or undefined where it can be none. */
function entryText(configuration: string | Uint8Array): string | undefined {
  if (typeof configuration !== 'string' || configuration.length > 10_000) return undefined;
  try {
    const value: unknown = JSON.parse(configuration);
    // Keys that stand twice are gone by now.
    if (JSON.stringify(value) !== configuration) return undefined;
    const { id, direction, ...sections } = value as Record<string, unknown>;
    // These two are rendered.
    if (id !== 'mistakes/policy/0' || !DIRECTIONS.includes(direction)) return undefined;
    const at = direction;
    const filter = { at, namespace: 'gw', ...sections };
    return JSON.stringify({
      apiVersion: 'tagalong/v1',
      kind: 'Policy',
      metadata: { name: 'shop', namespace: 'shop' },
      spec: {
        rateLimitService: { host: 'ratelimit' },
        filters: [filter],
      },
    });
  } catch {
    return undefined;
  }
}

const told = mistakes.flatMap((mistake) => {
  const text = entryText(mistake.configuration);
  return text === undefined ? [] : [{ ...mistake, text }];
});

describe('what the filter refuses', () => {
  it('is seen at all', () => expect(told.length).toBeGreaterThan(300));

  it.each(
    told.map((mistake) => [mistake.name, mistake] as const),
  )('is refused before it comes there: %s', async (_name, { text }) => {
    const { findings } = await validate([{ name: 'policy.json', text }], { module });
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.map(({ path }) => path).join()).toContain('spec');
    for (const { place } of errors) expect(place.line).toBeGreaterThan(0);
  });
});

describe('what the filter accepts at a bound', () => {
  const within = bounds.flatMap(({ name, within: configuration }) => {
    const text = entryText(configuration);
    return text === undefined ? [] : [[name, text] as const];
  });

  it.each(within)('is accepted: %s', async (_name, text) => {
    const { findings } = await validate([{ name: 'policy.json', text }], { module });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});

describe('the filter itself', () => {
  const regex = (expression: string, at = 'inbound') =>
    policyText(
      `filters:\n  - {at: outbound, propagate: {}}\n  - at: ${at}\n    propagate: {}\n    tags:\n      - header: x-a\n        rules:\n          - {value: b, when: {path: {regex: '${expression}'}}}\n`,
    );

  it('is asked for what schema and rules do not know, and its place is found', async () => {
    const [finding, ...more] = await allFindingsOf(regex('/(a'));
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      rule: 'module-refuses',
      path: 'spec.filters[1].tags[0].rules[0].when.path.regex',
      place: { line: 12, column: 47 },
    });
    expect(finding?.message).toMatch(/^found .*, wanted /);
    expect(finding?.message).not.toContain('Envoy keeps');
    expect(await allFindingsOf(regex('/(a)'))).toEqual([]);
  });

  it('is not asked without its module, nor for what is refused anyway', async () => {
    expect(await findingsOf(regex('/(a'))).toEqual([]);
    const unknown = regex('/(a').replace('value: b', 'valeu: b');
    expect((await allFindingsOf(unknown)).map(({ rule }) => rule)).toEqual(['unknown-key']);
  });

  it('tells entries apart, however many there are', async () => {
    const entry = (index: number) => {
      const expression = index % 3 === 0 ? `/(${index}` : `/(${index})`;
      return `  - {at: inbound, selector: {app: a${index}}, tags: [{header: x-a, rules: [{value: b, when: {path: {regex: '${expression}'}}}]}]}\n`;
    };
    const count = 150;
    const text = policyText(
      `filters:\n${Array.from({ length: count }, (_, i) => entry(i)).join('')}`,
    );
    const places = (await allFindingsOf(text)).map(({ place }) => place.line);
    const wanted = Array.from({ length: count / 3 }, (_, i) => 6 + 3 * i);
    expect(places).toEqual(wanted);
  });

  it('says of both directions of a sidecar the same once', async () => {
    const text = regex('/(a', 'sidecar').replace('    - {at: outbound, propagate: {}}\n', '');
    expect((await allFindingsOf(text)).map(({ rule }) => rule)).toEqual(['module-refuses']);
  });
});

describe('the path of a line of its log', () => {
  it.each([
    ['$', []],
    ['$.tags[0].rules[12].when', ['tags', 0, 'rules', 12, 'when']],
    ['$.tags[0]["a \\"b\\" ]"].x-y', ['tags', 0, 'a "b" ]', 'x-y']],
    ['$["a.b"]', ['a.b']],
    ['$["\\xc3\\xa9\\\\"]', ['\u00c3\u00a9\\']],
  ])('%s', (text, path) => expect(readPath(text)).toEqual(path));
});
