// machine: the states of a sidecar, and what each answer of its probe makes of them. Pure: time and
// chance are arguments.

import type { SidecarState } from '../core/channels.js';

/** Is there a sidecar: certainly, perhaps, or not? */
export type Expected = 'yes' | 'maybe' | 'no';

/**
 * How asking the sidecar ended: the status of its answer; `refused`: nobody listens; `silent`:
 * somebody may listen, and has not answered in time; `unknown`: this process could not ask.
 */
export type Sign = number | 'refused' | 'silent' | 'unknown';

export interface Rules {
  readonly expected: Expected;
  /** `maybe`: no sign of life for so long, and there is no sidecar. */
  readonly graceMs: number;
}

/** All that is known of a sidecar. */
export interface Situation {
  readonly state: SidecarState;
  /** Has it been ready once? */
  readonly wasReady: boolean;
  /** Silences in a row. */
  readonly silences: number;
  /** When it last gave a sign of life; at first, when it was expected. */
  readonly aliveMs: number;
  /** Questions since the state changed. */
  readonly asked: number;
}

/**
 * A busy machine lets a probe go unanswered now and then: so many in a row, at the pace of one in
 * `SLOW_START_MS`, are a sidecar that is dead.
 */
export const SILENCES_MAX = 3;

const START_MS = 100;
const SLOW_START_MS = 500;
const GROWTH = 1.5;
const STEADY_MS = 5_000;
/** A pace differs from its mean by up to this: the pods of a node do not ask in step. */
const JITTER = 0.2;

/**
 * What a sign means, in the light of what was before:
 * - `absent`: no sign of life for the whole grace; `lost`: refused, or silent for too long, after
 *   it was ready once.
 */
type Meaning = 'ok' | 'other' | 'nothing' | 'absent' | 'lost';

const NEXT: Readonly<Record<SidecarState, Readonly<Record<Meaning, SidecarState>>>> = {
  // It came later than its grace.
  none: { ok: 'ready', other: 'starting', nothing: 'none', absent: 'none', lost: 'none' },
  // `lost`: another proxy died while it started.
  starting: { ok: 'ready', other: 'starting', nothing: 'starting', absent: 'none', lost: 'dead' },
  // Istio's agent answers 503 from SIGTERM on.
  ready: { ok: 'ready', other: 'draining', nothing: 'ready', absent: 'ready', lost: 'dead' },
  draining: {
    ...{ ok: 'ready', other: 'draining' },
    ...{ nothing: 'draining', absent: 'draining', lost: 'dead' },
  },
  // What answers after a death is another proxy, on its way up.
  dead: { ok: 'ready', other: 'starting', nothing: 'dead', absent: 'dead', lost: 'dead' },
};

/** Before the first question. */
export function begin({ expected }: Rules, nowMs: number): Situation {
  const state = expected === 'no' ? 'none' : 'starting';
  return { state, wasReady: false, silences: 0, aliveMs: nowMs, asked: 0 };
}

/** What a sign makes of a situation. */
export function next(before: Situation, sign: Sign, nowMs: number, rules: Rules): Situation {
  // That this process has no socket to spare says nothing about who stopped answering.
  const silences =
    sign === 'silent' ? before.silences + 1 : sign === 'unknown' ? before.silences : 0;
  const alive = typeof sign === 'number' || sign === 'silent';
  const aliveMs = alive ? nowMs : before.aliveMs;
  const state = NEXT[before.state][meaningOf(before, sign, silences, nowMs - aliveMs, rules)];
  return {
    state,
    wasReady: before.wasReady || state === 'ready',
    silences,
    aliveMs,
    asked: state === before.state ? before.asked + 1 : 0,
  };
}

function meaningOf(
  { wasReady }: Situation,
  sign: Sign,
  silences: number,
  lifelessMs: number,
  { expected, graceMs }: Rules,
): Meaning {
  if (typeof sign === 'number') return sign === 200 ? 'ok' : 'other';
  if (!wasReady) return expected === 'maybe' && lifelessMs >= graceMs ? 'absent' : 'nothing';
  return sign === 'refused' || silences >= SILENCES_MAX ? 'lost' : 'nothing';
}

/** In how many ms to ask again. `random`: 0 to 1. */
export function paceMs({ state, silences, asked }: Situation, random: number): number {
  return meanPaceMs(state, silences, asked) * (1 - JITTER + 2 * JITTER * random);
}

function meanPaceMs(state: SidecarState, silences: number, asked: number): number {
  if (state === 'none') return STEADY_MS;
  if (state === 'ready' && silences === 0) return STEADY_MS;
  if (state === 'starting') return Math.min(SLOW_START_MS, START_MS * GROWTH ** asked);
  return SLOW_START_MS;
}
