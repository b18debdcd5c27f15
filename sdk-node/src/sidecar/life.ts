// life: the state of this process's sidecar, kept up to date by a probe. One a process.
// Promise: no timer or socket of it keeps the process alive.

import { AsyncResource } from 'node:async_hooks';
import { type SidecarState, sidecarChannel } from '../core/channels.js';
import { once } from '../core/state.js';
import { onConfigured, peekSettings, type Settings } from '../options/settings.js';
import {
  begin,
  type Expected,
  next,
  paceMs,
  type Rules,
  type Sign,
  type Situation,
} from './machine.js';
import { ask } from './probe.js';

export interface Life {
  readonly state: SidecarState;
  /** Has the sidecar been ready once? */
  readonly wasReady: boolean;
  /** Calls back at every change of the state; returns what takes the callback away. */
  watch(callback: (to: SidecarState, from: SidecarState) => void): () => void;
  /** Somebody was refused where the sidecar should have answered: it is asked at once. */
  noticeRefused(): void;
}

/** From one question to the next, however many connections are refused. */
const ASK_MIN_MS = 100;
/** As pilot-agent's own. */
const ASK_TIMEOUT_MS = 500;

/** Probes belong to no request: made when this file is loaded, before any comes in. */
const outside = new AsyncResource('TAGALONG_PROBE');

/** Where a thread finds what the one that started it knew of the sidecar. */
const INHERITED = 'tagalong.sidecar.1';

interface Inherited extends Pick<Situation, 'state' | 'wasReady'> {
  readonly probe: string;
}

class ProbedLife implements Life {
  #rules!: Rules;
  #url!: URL;
  #situation!: Situation;
  readonly #watchers = new Set<(to: SidecarState, from: SidecarState) => void>();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is due. */
  #dueMs = 0;
  #askedMs = Number.NEGATIVE_INFINITY;
  #asking = false;
  #asked = false;
  /** Answers to questions that were asked under other settings do not count. */
  #generation = 0;

  constructor() {
    this.#begin();
    onConfigured(() => this.#begin());
  }

  get state(): SidecarState {
    return this.#situation.state;
  }

  get wasReady(): boolean {
    return this.#situation.wasReady;
  }

  watch(callback: (to: SidecarState, from: SidecarState) => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  noticeRefused(): void {
    if (this.#situation.state === 'none' || this.#asking) return;
    this.#schedule(Math.max(0, this.#askedMs + ASK_MIN_MS - performance.now()));
  }

  #begin(): void {
    const { enabled, sidecar } = peekSettings();
    const before = this.#situation as Situation | undefined;
    this.#generation++;
    this.#asking = false;
    this.#asked = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#rules = {
      expected: enabled ? expectedFrom(sidecar.expect, process.env) : 'no',
      graceMs: sidecar.graceMs,
    };
    this.#url = new URL(sidecar.probe);
    this.#situation = begin(this.#rules, performance.now());
    if (before !== undefined) this.#tell(before.state, 'configured');
    if (this.#rules.expected !== 'no') this.#schedule(0);
  }

  /** The next question: in `ms`, or earlier if it is due then. */
  #schedule(ms: number): void {
    const dueMs = performance.now() + ms;
    if (this.#timer !== undefined) {
      if (this.#dueMs <= dueMs) return;
      clearTimeout(this.#timer);
    }
    this.#dueMs = dueMs;
    this.#timer = outside.runInAsyncScope(() => setTimeout(() => this.#ask(), ms).unref());
  }

  #ask(): void {
    this.#timer = undefined;
    if (!this.#asked) this.#inherit();
    this.#asked = true;
    const generation = this.#generation;
    this.#asking = true;
    this.#askedMs = performance.now();
    const question = {
      method: 'GET',
      url: this.#url,
      timeoutMs: ASK_TIMEOUT_MS,
      ref: false,
    } as const;
    ask(question, (sign) => {
      if (generation !== this.#generation) return;
      this.#asking = false;
      this.#hear(sign);
      // A watcher may have changed the settings.
      if (generation !== this.#generation) return;
      this.#schedule(paceMs(this.#situation, Math.random()));
    });
  }

  /**
   * A thread that is started late need not find out anew, and hold its connections meanwhile, that
   * there is no sidecar. Not at load time: node:worker_threads takes 2 ms to load.
   */
  #inherit(): void {
    const threads = process.getBuiltinModule('node:worker_threads');
    if (threads.isMainThread) return;
    const known = threads.getEnvironmentData(INHERITED) as unknown as Inherited | undefined;
    if (known?.probe !== this.#url.href) return;
    const { state, wasReady } = known;
    const before = this.state;
    this.#situation = { ...this.#situation, state, wasReady };
    this.#tell(before, 'told by the thread that started this one');
  }

  #hear(sign: Sign): void {
    const { state } = this.#situation;
    this.#situation = next(this.#situation, sign, performance.now(), this.#rules);
    const how = typeof sign === 'number' ? `answered ${sign}` : sign;
    this.#tell(state, this.state === 'none' ? `${how} for ${this.#rules.graceMs} ms` : how);
  }

  #tell(from: SidecarState, why: string): void {
    const to = this.state;
    if (to === from) return;
    const known: Inherited = {
      state: to,
      wasReady: this.wasReady,
      probe: this.#url.href,
    };
    process.getBuiltinModule('node:worker_threads').setEnvironmentData(INHERITED, { ...known });
    if (sidecarChannel.hasSubscribers) sidecarChannel.publish({ from, to, why });
    for (const callback of [...this.#watchers]) callback(to, from);
  }
}

function expectedFrom(expect: Settings['sidecar']['expect'], env: NodeJS.ProcessEnv): Expected {
  if (expect !== 'auto') return expect === 'expect' ? 'yes' : 'no';
  return env.KUBERNETES_SERVICE_HOST ? 'maybe' : 'no';
}

/** The life of this process's sidecar; the first call starts the probe, if one is expected. */
export function life(): Life {
  return once('life', () => new ProbedLife());
}
