import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SidecarState } from '../../../sdk-node/src/core/channels.js';
import {
  begin,
  next,
  paceMs,
  type Rules,
  SILENCES_MAX,
  type Sign,
  type Situation,
} from '../../../sdk-node/src/sidecar/machine.js';

const GRACE_MS = 10_000;
const yes: Rules = { expected: 'yes', graceMs: GRACE_MS };
const maybe: Rules = { expected: 'maybe', graceMs: GRACE_MS };
const no: Rules = { expected: 'no', graceMs: GRACE_MS };

/** Signs, each 500 ms after the one before. */
function after(signs: readonly Sign[], rules: Rules = yes): Situation {
  return signs.reduce(
    (situation, sign, i) => next(situation, sign, 500 * (i + 1), rules),
    begin(rules, 0),
  );
}

describe('machine', () => {
  it.each<[Sign[], SidecarState]>([
    [[], 'starting'],
    [['refused'], 'starting'],
    [[503], 'starting'],
    [['silent', 'silent', 'silent', 'silent'], 'starting'],
    [[200], 'ready'],
    [['refused', 503, 200], 'ready'],
    [[200, 503], 'draining'],
    [[200, 404], 'draining'],
    [[200, 0], 'draining'],
    [[200, 'refused'], 'dead'],
    [[200, 'unknown', 'unknown', 'unknown', 'unknown'], 'ready'],
    [[200, 503, 200], 'ready'],
    [[200, 503, 'refused'], 'dead'],
    [[200, 'refused', 503], 'starting'],
    [[200, 'refused', 503, 'refused'], 'dead'],
    [[200, 'refused', 503, 200], 'ready'],
    [[200, 'refused', 'refused', 200], 'ready'],
    [[200, 'refused', 'silent'], 'dead'],
  ])('makes of %j: %s', (signs, state) => {
    expect(after(signs).state).toBe(state);
  });

  it('is none from the beginning where no sidecar is expected', () => {
    expect(begin(no, 0).state).toBe('none');
  });

  it('takes a silence or two for nothing, and three in a row for a death', () => {
    const silences = (count: number): Sign[] => new Array(count).fill('silent');
    for (const first of [[200], [200, 503]]) {
      const { state } = after(first);
      expect(after([...first, ...silences(SILENCES_MAX - 1)]).state).toBe(state);
      expect(after([...first, ...silences(SILENCES_MAX)]).state).toBe('dead');
    }
    const interrupted = [200, ...silences(2), 200, ...silences(2)];
    expect(after(interrupted).state).toBe('ready');
    // Not to have been able to ask is neither an answer nor a silence.
    expect(after([200, 'silent', 'unknown', 'silent', 'unknown', 'silent']).state).toBe('dead');
  });

  it('takes refusals for the whole grace for none, where none was certain', () => {
    const refusedAt = (ms: number, rules: Rules) =>
      next(next(begin(rules, 0), 'refused', 1, rules), 'refused', ms, rules).state;
    expect(refusedAt(GRACE_MS - 1, maybe)).toBe('starting');
    expect(refusedAt(GRACE_MS, maybe)).toBe('none');
    expect(refusedAt(100 * GRACE_MS, yes)).toBe('starting');
  });

  it('counts the grace from the last sign of life', () => {
    for (const sign of [503, 'silent'] as const) {
      const alive = next(begin(maybe, 0), sign, 9_000, maybe);
      expect(next(alive, 'refused', 9_000 + GRACE_MS - 1, maybe).state).toBe('starting');
      expect(next(alive, 'refused', 9_000 + GRACE_MS, maybe).state).toBe('none');
    }
  });

  it('comes back from none, at once or through a start', () => {
    const none = next(begin(maybe, 0), 'refused', GRACE_MS, maybe);
    expect(next(none, 200, GRACE_MS + 1, maybe).state).toBe('ready');
    expect(next(none, 503, GRACE_MS + 1, maybe).state).toBe('starting');
    expect(next(none, 'silent', GRACE_MS + 1, maybe).state).toBe('none');
  });

  it('never is none again after it was ready', () => {
    const ready = next(begin(maybe, 0), 200, 1, maybe);
    expect(next(ready, 'refused', 100 * GRACE_MS, maybe).state).toBe('dead');
  });

  const sign = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Sign>('refused', 'silent', 'unknown') },
    fc.constantFrom<Sign>(200, 503),
    fc.integer({ min: 0, max: 999 }),
  );
  const history = fc.array(fc.tuple(fc.integer({ min: 1, max: 6_000 }), sign), { maxLength: 40 });

  it('agrees with what the whole history says', () => {
    fc.assert(
      fc.property(history, fc.constantFrom(yes, maybe), (steps, rules) => {
        let atMs = 0;
        let situation = begin(rules, 0);
        const seen: Seen[] = [];
        for (const [ms, one] of steps) {
          atMs += ms;
          situation = next(situation, one, atMs, rules);
          seen.push({ atMs, sign: one });
          expect(situation.state).toBe(judged(seen, rules));
          expect(situation.wasReady).toBe(seen.some(({ sign: s }) => s === 200));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('asks at a pace that is bounded on both sides', () => {
    fc.assert(
      fc.property(history, fc.double({ min: 0, max: 1, noNaN: true }), (steps, random) => {
        const situation = after(steps.map(([, one]) => one));
        const ms = paceMs(situation, random);
        const steady = situation.state === 'ready' && situation.silences === 0;
        expect(ms).toBeGreaterThanOrEqual(0.8 * (steady ? 5_000 : 100) - 1e-6);
        expect(ms).toBeLessThanOrEqual(1.2 * (steady ? 5_000 : 500) + 1e-6);
      }),
    );
  });

  it('asks every 100 ms at first and every 500 ms after a while', () => {
    const mean = (count: number) =>
      Math.round(paceMs(after(new Array(count).fill('refused')), 0.5));
    expect([0, 1, 2, 3, 4, 5, 60].map(mean)).toEqual([100, 150, 225, 338, 500, 500, 500]);
    expect(paceMs(after([200]), 0)).toBeCloseTo(4_000);
    expect(paceMs(after([200]), 1)).toBeCloseTo(6_000);
    expect(paceMs(after([200, 'silent']), 0.5)).toBeCloseTo(500);
    expect(paceMs(next(begin(maybe, 0), 'refused', GRACE_MS, maybe), 0.5)).toBeCloseTo(5_000);
  });
});

interface Seen {
  readonly atMs: number;
  readonly sign: Sign;
}

/** The state from the history alone, read backwards: no state is carried from sign to sign. */
function judged(seen: readonly Seen[], { expected, graceMs }: Rules): SidecarState {
  const answer = seen.findLastIndex(({ sign }) => typeof sign === 'number');
  const firstReady = seen.findIndex(({ sign }) => sign === 200);
  if (firstReady < 0) {
    // Absent, if at some moment since the last answer nothing had lived for the grace.
    if (expected === 'yes') return 'starting';
    for (let i = answer + 1; i < seen.length; i++) {
      const alive = seen.slice(0, i).filter(({ sign }) => sign !== 'refused' && sign !== 'unknown');
      const lastMs = alive.at(-1)?.atMs ?? 0;
      const one = seen[i]!;
      const lifeless = one.sign === 'refused' || one.sign === 'unknown';
      if (lifeless && one.atMs - lastMs >= graceMs) return 'none';
    }
    return 'starting';
  }
  if (hasDied(seen.slice(answer + 1))) return 'dead';
  const last = seen[answer]!.sign;
  if (last === 200) return 'ready';
  // Not ready: it drains if it has lived since it was last ready, else it is another one.
  const ready = seen.findLastIndex(({ sign }) => sign === 200);
  for (let i = ready + 1; i < answer; i++) {
    if (hasDied(seen.slice(ready + 1, i + 1))) return 'starting';
  }
  return 'draining';
}

/** Is there a refusal, or silences in a row? */
function hasDied(seen: readonly Seen[]): boolean {
  let row = 0;
  for (const { sign } of seen) {
    if (sign === 'refused') return true;
    if (sign === 'silent') row++;
    else if (sign !== 'unknown') row = 0;
    if (row >= SILENCES_MAX) return true;
  }
  return false;
}
