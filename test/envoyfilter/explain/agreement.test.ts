// What is told as a reason is asked of the filter in a second pass: it never contradicts the first.

import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { Explainer } from '../../../envoyfilter/src/explain/explainer.js';
import { CONDITIONS, policyAt, SHOP } from './policies.js';

const NAMES = ['x-a', 'x-b', 'x-c', 'x-d', 'x-e', 'x-f', 'x-g', 'x-kept', 'cookie', 'x-user-group'];
const VALUES = ['one', 'TWO', 'pre-1', 'the-end', 'amidst', 'b', 'v10.x', '', 'beta=1', 'internal'];
const PATHS = [
  '/',
  '/exact',
  '/prefix/x',
  '/a.js',
  '/users/7/orders',
  '/r/abc',
  '/login',
  '//exact/',
];

const text = fc.oneof(fc.constantFrom(...VALUES), fc.string({ unit: 'binary', maxLength: 80 }));
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH'),
  path: fc.oneof(fc.constantFrom(...PATHS), fc.webPath()).map((path) => path || '/'),
  authority: fc.constantFrom('localhost', 'a.shop.example:80', ''),
  sourceAddress: fc.oneof(fc.constantFrom('10.1.2.3'), fc.ipV4(), fc.ipV6()),
  headers: fc.array(fc.tuple(fc.constantFrom(...NAMES), text), { maxLength: 6 }),
});

let conditions: Explainer;
let shop: Explainer;
beforeAll(async () => {
  conditions = await Explainer.of(policyAt(CONDITIONS));
  shop = await Explainer.of(policyAt(SHOP));
});

it('reasons agree with verdicts', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(request, (sent) => {
      const [entry] = conditions.explain({ at: 'gateway', ...sent }).entries;
      for (const step of entry?.steps ?? []) {
        if (step.step !== 'rule' || step.rule === 'nested' || step.verdict === 'not tried')
          continue;
        seen.add(`${step.rule} ${step.verdict}`);
        expect(step.conditions?.map(({ holds }) => holds)).toEqual([step.verdict === 'matched']);
      }
    }),
    { numRuns: 300 },
  );
  expect([...seen].filter((one) => one.endsWith(' matched')).length).toBeGreaterThan(10);
});

it('no request is too strange to be explained', () => {
  fc.assert(
    fc.property(request, fc.constantFrom('gateway', 'sidecar'), (sent, at) => {
      shop.advance(1000);
      const told = shop.explain({ at, ...sent });
      expect(told.entries.every(({ failed }) => failed === undefined)).toBe(true);
      expect(JSON.parse(JSON.stringify(told))).toEqual(told);
    }),
    { numRuns: 200 },
  );
});
