// The SDK's clients while a real Envoy as their sidecar comes late, is killed, and is drained.
// TAGALONG_LOAD=full: 250 calls a second for 40 s, each client alone, in both modes; else half of the
// time at a quarter of the rate, side by side, the same events in the same order. TAGALONG_NODE: the
// Node that runs the clients.

import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CallResult,
  type ChaosOptions,
  type ChaosReport,
  CLIENTS,
  type Client,
  type ClientReport,
  chaos,
} from '../harness/sdk-chaos.js';

const FULL = process.env.TAGALONG_LOAD === 'full';
const NODE = process.env.TAGALONG_NODE ? { node: process.env.TAGALONG_NODE } : {};
const TIMES = FULL
  ? { rate: 250, seconds: 40, upAt: 5, killsAt: [12, 18, 24], drainAt: 32, goneAt: 37 }
  : { rate: 60, seconds: 18, upAt: 2, killsAt: [5, 8, 11], drainAt: 14, goneAt: 17 };
const GROUPS: readonly (readonly Client[])[] = FULL ? CLIENTS.map((one) => [one]) : [CLIENTS];
const SCENE = { ...TIMES, downFor: 1, floorPerSecond: 1, ...NODE };
const TIMEOUT_MS = 120_000;
/**
 * After its deadline a call has failed. With others beside it, what its loop is late by at that moment
 * is not the SDK's; alone, all of it is.
 */
const LATE_MS = 50;

/** Was a call under way when the sidecar died? A process that is late hears of it by so much later. */
function diedUnder({ at, ms }: CallResult, { deaths }: ChaosReport, lagMs: number): boolean {
  return deaths.some(({ fromMs, toMs }) => at <= toMs + lagMs && at + ms >= fromMs);
}

function arrivalsOf({ arrivals }: ChaosReport, { client }: ClientReport, which: string) {
  return arrivals[`${client}-${which}`] ?? {};
}

function summary(report: ChaosReport): void {
  for (const { client, results, wire, tries, via, lagMs } of report.reports) {
    const failed: Record<string, number> = {};
    for (const { which, error, status, sent } of results) {
      if (error === undefined && status === 200) continue;
      const key = `${which} ${error ?? status} ${sent ?? ''}`;
      failed[key] = (failed[key] ?? 0) + 1;
    }
    const slowest = Math.round(Math.max(...results.map(({ ms }) => ms)));
    console.log(
      `${client}: ${results.length} calls, ${wire} on the wire, ${tries} tries, ${JSON.stringify(via)}, ` +
        `slowest ${slowest} ms, loop late by ${Math.round(lagMs)} ms, not answered: ${JSON.stringify(failed)}`,
    );
  }
}

const MODES: readonly [string, Pick<ChaosOptions, 'direct' | 'deadlineMs'>][] = [
  ['with a direct address', { direct: true, deadlineMs: 15_000 }],
  // So short that calls which wait for the sidecar at the start reach it.
  ['without one', { direct: false, deadlineMs: FULL ? 3_000 : 1_500 }],
];

const SCENES = MODES.flatMap(([name, mode]) =>
  GROUPS.map((clients) => [`${name} (${clients.join(', ')})`, mode, clients] as const),
);

describe.each(SCENES)('a sidecar that dies, %s', (_, mode, clients) => {
  let report: ChaosReport;
  beforeAll(async () => {
    report = await chaos({ ...SCENE, ...mode, clients });
    summary(report);
  }, TIMEOUT_MS);

  describe.each(clients)('%s', (client) => {
    let own: ClientReport;
    // What only holds where there is another way.
    const itDirect = mode.direct ? it : () => {};
    beforeAll(() => {
      own = report.reports.find((one) => one.client === client)!;
    });

    it('ends every call', () => {
      expect(own.results).toHaveLength(SCENE.rate * SCENE.seconds);
    });

    itDirect('answers every GET and every keyed POST', () => {
      const lost = own.results.filter(({ which, status }) => which !== 'post' && status !== 200);
      expect(lost).toEqual([]);
    });

    it('has one effect for each key that was answered', () => {
      const answered = own.results.filter(
        ({ which, status }) => which === 'keyed' && status === 200,
      );
      const wrong = answered.filter(({ id }) => report.effects[`${client}-keyed ${id}`] !== 1);
      expect(wrong).toEqual([]);
    });

    it('never has a POST without a key arrive twice', () => {
      const times = Object.entries(arrivalsOf(report, own, 'post'));
      expect(times.filter(([, count]) => count > 1)).toEqual([]);
    });

    it('fails a POST without a key as perhaps processed, if it was under way at a death', () => {
      // What the deadline ends, at the start, was under way as well; it is told apart by its code.
      const maybe = own.results.filter(
        ({ which, sent, error }) =>
          which === 'post' && sent === 'maybe' && error !== 'TAGALONG_DEADLINE',
      );
      expect(maybe.filter((call) => !diedUnder(call, report, own.lagMs))).toEqual([]);
      expect(new Set(maybe.map(({ error }) => error))).toEqual(
        new Set(maybe.length > 0 ? ['TAGALONG_MAYBE_PROCESSED'] : []),
      );
    });

    it('says "not sent" only of what has not arrived', () => {
      const unsent = own.results.filter(({ sent }) => sent === 'no');
      const arrived = unsent.filter(({ id, which }) => arrivalsOf(report, own, which)[id]);
      expect(arrived).toEqual([]);
    });

    it('has a deadline end calls only while the sidecar is awaited', () => {
      const late = own.results.filter(({ error }) => error === 'TAGALONG_DEADLINE');
      const upMs = own.results[0]!.at + SCENE.upAt * 1_000 + mode.deadlineMs + own.lagMs;
      expect(late.filter(({ at }) => at > upMs)).toEqual([]);
    });

    itDirect('fails no other POST without a key', () => {
      const other = own.results.filter(
        ({ which, status, sent }) => which === 'post' && status !== 200 && sent !== 'maybe',
      );
      expect(other).toEqual([]);
    });

    it('fails with an error of its own, within the deadline', () => {
      const failed = own.results.filter(({ error }) => error !== undefined);
      expect(failed.filter(({ typed }) => !typed)).toEqual([]);
      const latestMs = mode.deadlineMs + LATE_MS;
      const late = failed.filter(({ ms, lateMs }) => ms - (FULL ? 0 : lateMs) > latestMs);
      expect(late).toEqual([]);
      if (!mode.direct) expect(failed.length).toBeGreaterThan(0);
    });

    it('makes few more attempts than calls', () => {
      const { rate, seconds, floorPerSecond } = SCENE;
      expect(own.wire).toBeLessThanOrEqual(1.2 * rate * seconds + floorPerSecond * seconds);
    });

    it('goes back to the sidecar each time it is there', () => {
      const share = own.via.sidecar! / own.tries;
      expect(share).toBeGreaterThan(0.4);
    });
  });
});
