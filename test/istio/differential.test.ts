// Generated policies, valid by construction: they pass validate, are rendered, translated by Istio,
// served by Envoy, and decide every request as `explain` says. Another seed by DIFFERENTIAL_SEED.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Policy } from '../../envoyfilter/src/policy/policy.js';
import { isFault } from '../../envoyfilter/src/validate/fault.js';
import { validate } from '../../envoyfilter/src/validate/validate.js';
import { wasmBytes } from '../harness/wasm.js';
import { type GeneratedPolicy, generatedPolicies } from './generated.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { type Decision, Slot } from './slot.js';

const POLICIES = Number(process.env.DIFFERENTIAL_COUNT ?? 200);
const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 20_261_121);
/** Alternating, one for each policy of a push. */
const ENVOYS = ['1.40', '1.36', '1.40'];
const TIMEOUT_MS = 900_000;

interface Trial {
  readonly number: number;
  readonly text: string;
  readonly generated: GeneratedPolicy;
  readonly slot: Slot;
  readonly policy: Policy;
}

async function valid(slot: Slot, generated: GeneratedPolicy, number: number): Promise<Trial> {
  const text = slot.policyText(generated, number);
  const { findings, policies } = await validate([{ name: `generated-${number}.yaml`, text }], {
    module: wasmBytes(),
  });
  const faults = findings.filter((finding) => isFault(finding));
  expect(faults, text).toEqual([]);
  return { number, text, generated, slot, policy: policies[0]! };
}

const istio = await findIstio();

describe.skipIf(istio === undefined)(`generated policies of seed ${SEED}`, () => {
  let judge: Judge;
  const slots: Slot[] = [];
  beforeAll(async () => {
    judge = await Judge.start();
    for (const [index, envoy] of ENVOYS.entries()) {
      slots.push(await Slot.open(judge, index, envoy));
    }
  });
  afterAll(async () => {
    await Promise.all(slots.map((slot) => slot.close()));
    await judge?.stop();
  });

  it(
    'do in Envoy what explain says',
    async () => {
      const all = generatedPolicies(POLICIES, SEED);
      const kinds = new Map<string, number>();
      for (let first = 0; first < all.length; first += slots.length) {
        const trials = await Promise.all(
          slots.flatMap((slot, index) => {
            const generated = all[first + index];
            return generated === undefined ? [] : [valid(slot, generated, first + index)];
          }),
        );
        const { resources } = await renderForIstio(trials.map(({ policy }) => policy));
        await judge.apply([...slots.flatMap((slot) => slot.resources()), ...resources]);
        await Promise.all(trials.map((trial) => compare(trial, kinds)));
      }
      // It is no comparison where nothing is decided.
      for (const kind of ['answered', 'tagged', 'v1', 'v2', 'v3', 'called']) {
        expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(POLICIES / 10);
      }
    },
    TIMEOUT_MS,
  );

  async function compare(trial: Trial, kinds: Map<string, number>): Promise<void> {
    const { number, text, generated, slot, policy } = trial;
    const decided = await slot.decide(generated);
    const explained = await slot.explain(policy, generated);
    for (const [index, decision] of decided.entries()) {
      const request = JSON.stringify(generated.requests[index]);
      expect(decision, `policy ${number}, request ${index} ${request}\n${text}`).toEqual(
        explained[index],
      );
      for (const kind of kindsOf(decision)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
});

function kindsOf({ tags, version, call }: Decision): string[] {
  return [
    tags === undefined ? 'answered' : 'passed',
    ...(Object.values(tags ?? {}).some((values) => values.length > 0) ? ['tagged'] : []),
    ...(version === undefined ? [] : [version]),
    ...(call === undefined ? [] : ['called']),
  ];
}
