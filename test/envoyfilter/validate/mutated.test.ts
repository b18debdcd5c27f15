// Policies that are wrong are refused, each with a place, and nothing throws.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FIRST_POLICY } from '../../../envoyfilter/src/cli/first-policy.js';
import type { Finding } from '../../../envoyfilter/src/policy/finding.js';
import { type Path, readPath } from '../../../envoyfilter/src/policy/place.js';
import { mutationsOf } from './mutations.js';
import { allFindingsOf, findingsOf, SHOWN } from './policies.js';

const full = readFileSync(new URL('fixtures/full.yaml', import.meta.url), 'utf8');
const bases = [['every key', full], ['init', FIRST_POLICY], ...SHOWN] as const;
/** Of so many one is tried. */
const STRIDE = 4;
const mutated = bases.flatMap(([where, text]) =>
  mutationsOf(parse(text), text).map((mutation) => ({ ...mutation, where })),
);

function expectPlaced(findings: readonly Finding[], text: string): void {
  const lines = text.split('\n');
  for (const { place, message } of findings) {
    expect(place.line).toBeGreaterThanOrEqual(1);
    expect(place.line).toBeLessThanOrEqual(lines.length);
    expect(place.column).toBeGreaterThanOrEqual(1);
    expect(place.column).toBeLessThanOrEqual((lines[place.line - 1]?.length ?? 0) + 1);
    expect([place.endLine, place.endColumn]).not.toEqual([0, 0]);
    expect(message).not.toMatch(/TypeError|undefined|\[object|\n/);
  }
}

/** Whether one is inside of the other, or beside it. */
function isNear(one: Path, other: Path): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.slice(0, -1).every((step, index) => step === long[index]);
}

describe('a policy with every key', () => {
  it('is sound', async () => {
    const findings = await allFindingsOf(full);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

describe('a policy with one mistake', () => {
  it('is refused at its place', { timeout: 120_000 }, async () => {
    const tried = mutated.filter((_, index) => index % STRIDE === 0);
    expect(tried.length).toBeGreaterThan(300);
    const accepted: string[] = [];
    const elsewhere: string[] = [];
    for (const { name, text, path, where } of tried) {
      const errors = (await findingsOf(text)).filter(({ severity }) => severity === 'error');
      if (errors.length === 0) accepted.push(`${where}: ${name}`);
      expectPlaced(errors, text);
      if (path === undefined || errors.length === 0) continue;
      if (!errors.some((error) => isNear(readPath(error.path), path)))
        elsewhere.push(`${where}: ${name}: ${errors[0]?.path}`);
    }
    expect({ accepted, elsewhere }).toEqual({ accepted: [], elsewhere: [] });
  });
});

describe('any text', () => {
  /** Marsaglia's xorshift, so that a failure comes again. */
  function* numbers(seed: number): Generator<number> {
    for (let x = seed; ; ) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      yield x >>> 0;
    }
  }

  it('is read without a fault of ours', async () => {
    const random = numbers(2026);
    const next = (below: number) => Number(random.next().value) % below;
    const signs = '[]{}:,#&*!|>\'"%@`-? \n\tyn0~<=\u0000\u2028é\ud83d';
    for (let round = 0; round < 300; round++) {
      let text = full;
      for (let edit = next(4); edit >= 0; edit--) {
        const at = next(text.length);
        text = text.slice(0, at) + signs[next(signs.length)] + text.slice(at + next(3));
      }
      expectPlaced(await findingsOf(text), text.replace(/^\ufeff/, ''));
    }
  });
});
