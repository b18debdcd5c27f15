// Workers that want a token of one bucket at the same moment: one writes between what another reads
// and writes, once or each time. No token is given twice.

import { describe, expect, it } from 'vitest';
import { Status } from '../../envoyfilter/src/host/index.js';
import { Admissions, Limited, Random } from '../harness/limited.js';

const SET = 'proxy_set_shared_data';
const OTHERS = 3;
/** How often a worker tries: features/limiting/lease.ts. */
const TRIES_MAX = 32;

/** A proxy whose workers get in one another's way. */
class Contended {
  readonly proxy: Limited;
  readonly admitted = new Admissions();
  #meanwhile: (() => void) | undefined;
  #times = 0;
  /** Whose request is under way: a worker does one thing at a time. */
  #busy = 0;
  #interrupted = 0;

  constructor(limits: readonly Readonly<Record<string, unknown>>[]) {
    this.proxy = new Limited(limits, {
      workers: 1 + OTHERS,
      fault: (call) => {
        const meanwhile = this.#meanwhile;
        if (call !== SET || meanwhile === undefined) return undefined;
        // What comes between is not interrupted itself.
        this.#meanwhile = undefined;
        this.#interrupted = this.#busy;
        meanwhile();
        this.#busy = this.#interrupted;
        this.#times -= 1;
        if (this.#times > 0) this.#meanwhile = meanwhile;
        return undefined;
      },
    });
  }

  /** What is done between what a worker reads and what it writes, as often as `times` says. */
  between(times: number, action: () => void): void {
    this.#times = times;
    this.#meanwhile = times > 0 ? action : undefined;
  }

  /** One that is not interrupted. */
  other(random: Random): number {
    return (this.#interrupted + 1 + random.below(OTHERS)) % (1 + OTHERS);
  }

  ask(worker: number, key?: string): boolean {
    this.#busy = worker;
    // When it reads its clock: before anything comes between.
    const at = this.proxy.clock.now;
    const admitted = this.proxy.admits(key === undefined ? [] : [['x-key', key]], { worker });
    if (admitted && key === undefined) this.admitted.times.push(at);
    return admitted;
  }
}

describe('a bucket that another worker writes between reading and writing', () => {
  it('is read again: both have a token, and there is one less for each', () => {
    const contended = new Contended([{ name: 'all', rate: '1/h', burst: 20 }]);
    let between = 0;
    contended.between(1, () => {
      if (contended.ask(1)) between += 1;
    });
    let own = 0;
    for (let i = 0; i < 30; i++) if (contended.ask(0)) own += 1;
    expect([between, own]).toEqual([1, 19]);
    expect(contended.proxy.errors()).toBe(0);
  });

  it('is not created twice', () => {
    const contended = new Contended([{ name: 'all', rate: '1/h', burst: 1 }]);
    const answers: boolean[] = [];
    contended.between(1, () => answers.push(contended.ask(1)));
    answers.push(contended.ask(0));
    expect(answers).toEqual([true, false]);
  });

  it('is not created over a neighbour in its slot', () => {
    const contended = new Contended([
      { name: 'all', rate: '1/h', burst: 1, per: [{ header: 'x-key' }], maxKeys: 32 },
    ]);
    const answers: boolean[] = [];
    contended.between(1, () => answers.push(contended.ask(1, 'b')));
    answers.push(contended.ask(0, 'a'));
    expect(answers).toEqual([true, true]);
    // Each of them is used up, in every worker.
    for (let worker = 0; worker <= OTHERS; worker++) {
      expect([contended.ask(worker, 'a'), contended.ask(worker, 'b')]).toEqual([false, false]);
    }
  });

  it.each([1, 20, 100, 2000])('never gives more than its burst of %d, however often', (burst) => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      const rate = random.of(['1/h', '100/s', '20000/s']);
      const contended = new Contended([{ name: 'all', rate, burst }]);
      const chance = random.of([1, 2, 5]);
      contended.between(Number.POSITIVE_INFINITY, () => {
        while (random.below(chance + 1) !== 0) contended.ask(contended.other(random));
        if (random.below(10) === 0) contended.proxy.clock.now += BigInt(random.below(1_000_000));
      });
      for (let i = 0; i < 4000; i++) {
        contended.ask(random.below(1 + OTHERS));
        if (random.below(10) === 0) contended.proxy.clock.now += BigInt(random.below(1_000_000));
      }
      expect(contended.admitted.excess(rate, burst), `seed ${seed}`).toBeLessThanOrEqual(0);
      expect(contended.proxy.errors()).toBe(0);
    }
  });
});

describe('a worker that is too slow each time', () => {
  it('rejects, as the tokens are for those that are faster', () => {
    const contended = new Contended([{ name: 'all', rate: '1/h', burst: 20_000 }]);
    contended.ask(1);
    const [slot = ''] = contended.proxy.keys().filter((key) => key.includes('/limit/'));
    const { sharedData } = contended.proxy.host;
    let between = 0;
    contended.between(Number.POSITIVE_INFINITY, () => {
      between += 1;
      sharedData.set('tagalong', slot, sharedData.get('tagalong', slot)!.value);
    });
    const reply = contended.proxy.ask();
    expect(reply?.headers.get('retry-after')).toBe('1');
    expect(between).toBe(TRIES_MAX);
    expect(contended.proxy.errors()).toBe(0);
    // It is over as soon as the others are, and one is enough to lose.
    contended.between(TRIES_MAX - 1, () => {
      sharedData.set('tagalong', slot, sharedData.get('tagalong', slot)!.value);
    });
    expect(contended.ask(0)).toBe(true);
  });

  it('is no such worker where the host always says so: the request goes on, counted', () => {
    const proxy = new Limited([{ name: 'all', rate: '1/h', burst: 5 }], {
      fault: (call, stream) => (call === SET && stream > 1 ? Status.CasMismatch : undefined),
    });
    expect(proxy.burst(10)).toBe(10);
    expect(proxy.errors('store')).toBe(10);
  });
});
