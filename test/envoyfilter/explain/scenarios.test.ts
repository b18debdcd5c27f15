// Every scenario that the filter is held to, on the V8 host and in real Envoys, is explained with
// the same outcome. Bytes beyond ASCII are left out: explanations take text.

import { describe, expect, it } from 'vitest';
import { Explainer } from '../../../envoyfilter/src/explain/explainer.js';
import type { Explanation } from '../../../envoyfilter/src/explain/explanation.js';
import { EntryRefusedError } from '../../../envoyfilter/src/explain/simulator.js';
import type { Policy } from '../../../envoyfilter/src/policy/policy.js';
import { type Case, headerPair, loadScenarios, type Scenario } from '../../harness/scenario.js';

const scenarios = loadScenarios()
  .map((scenario, index) => ({ scenario, index }))
  .filter(({ scenario: { config } }) => typeof config === 'object');
const accepted = scenarios.filter(({ scenario }) => !isRefused(scenario));
const refused = scenarios.filter(({ scenario }) => isRefused(scenario));

function isRefused({ name }: Scenario): boolean {
  return name.startsWith('refused: ');
}

/** Of a scenario, with the id that its shares are dealt by. */
function policyOf({ direction, config }: Scenario, index: number): Policy {
  const filters = [{ at: direction, ...(config as object) }];
  return { metadata: { namespace: 'scenario', name: String(index) }, spec: { filters } };
}

function isPlain({ headers = [], authority = '', path = '' }: Case): boolean {
  const text = [...headers, authority, path].join('');
  return /^[ -~]*$/.test(text) && !/x-forwarded-for/i.test(text);
}

function valuesOf(pairs: Explanation['headers']['after'], name: string): string[] {
  return pairs.filter(([other]) => other === name).map(([, value]) => value);
}

describe.each(accepted)('$scenario.name', ({ scenario, index }) => {
  it('is explained with its outcome', async () => {
    const explainer = await Explainer.of(policyOf(scenario, index));
    for (const one of scenario.cases) {
      const { times = 1, client = '192.0.2.1', headers = [] } = one;
      // What is handed over is gone behind the filter that follows.
      const expected = new Map(
        Object.entries(one.forwarded ?? {}).filter(([name]) => !name.startsWith('x-tagalong-')),
      );
      for (let turn = 0; turn < times; turn += 1) {
        const told = explainer.explain({
          at: scenario.direction,
          authority: one.authority ?? 'scenario.test',
          path: one.path ?? '/',
          method: one.method ?? 'GET',
          sourceAddress: client,
          headers: headers.map(headerPair).map(([name, value]) => [name, value.trim()] as const),
        });
        if (!isPlain(one)) continue;
        const isAnswered = (one.status ?? 200) >= 400 || one.body !== undefined;
        expect(told.reply !== undefined, one.name).toBe(isAnswered);
        if (isAnswered || one.method === 'HEAD') continue;
        const found = [...expected.keys()].map((name) => [
          name,
          valuesOf(told.headers.after, name),
        ]);
        expect(Object.fromEntries(found), one.name).toEqual(Object.fromEntries(expected));
        for (const { steps } of told.entries) {
          for (const step of steps) {
            if (step.step === 'rule') expect(step.reason, step.rule).not.toBe('');
          }
        }
      }
    }
  });
});

it.each(refused)('$scenario.name', async ({ scenario, index }) => {
  const explainer = await Explainer.of(policyOf(scenario, index));
  const ask = () => explainer.explain({ at: scenario.direction });
  expect(ask).toThrow(EntryRefusedError);
  expect(ask).toThrow(/^configuration refused at \$/);
});

it('there are scenarios', () => {
  expect(accepted.length).toBeGreaterThan(50);
  expect(refused.length).toBeGreaterThan(0);
});
