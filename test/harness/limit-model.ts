// limit-model: what limits do to a request, as the policy's description says it, for one worker that
// is alone in its proxy. An oracle for the filter, slow and plain: buckets are maps, numbers are
// BigInt and have no end. It knows nothing of leases: `isLeased` tells of which limits the filter may
// keep tokens back for a while, and so admit later than this does, but never more.

import {
  cookies,
  holds,
  lower,
  type Model,
  networkText,
  type Pairs,
  pathOperand,
  pathReadings,
  queryFields,
  type Scene,
  sceneOf,
  utf8,
  type When,
} from './model.js';

export interface KeyPartSpec {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly ip?: true | { readonly v4?: number; readonly v6?: number };
  readonly host?: true;
  readonly method?: true;
  readonly path?: { readonly template: string; readonly variable: string };
  readonly tag?: string;
}

export interface LimitSpec {
  readonly name: string;
  readonly when?: When;
  readonly per?: readonly KeyPartSpec[];
  readonly rate: string;
  readonly burst?: number;
  readonly scope?: 'worker' | 'proxy' | 'global';
  readonly dryRun?: boolean;
  readonly reject?: { readonly status?: number };
  readonly reply?: { readonly jitter?: string; readonly onSuccess?: boolean };
  readonly maxKeys?: number;
  readonly overflow?: 'shared' | 'reject' | 'admit';
}

export interface LimitedModel extends Model {
  readonly limits?: readonly LimitSpec[];
}

/** What the client is told of a limit. */
export interface Told {
  readonly limit: string;
  readonly burst: number;
  readonly remaining: number;
  /** Seconds until it is full. */
  readonly reset: number;
}

export type Outcome =
  | { readonly admitted: true; readonly told: Told | undefined }
  | {
      readonly admitted: false;
      readonly status: number;
      readonly told: Told;
      /** Seconds, the least and the most that jitter makes of them. */
      readonly retryAfter: readonly [number, number];
    };

const SECOND = 1_000_000_000n;
const PERIODS: Readonly<Record<string, bigint>> = { s: SECOND, m: 60n * SECOND, h: 3600n * SECOND };
const MAX_KEYS = 4096;
const ALL = 'all';
const OVERFLOW = 'overflow';

const max = (a: bigint, b: bigint) => (a > b ? a : b);
const ceilDiv = (a: bigint, b: bigint) => (a + b - 1n) / b;
const secondsOf = (ns: bigint) => Number(ceilDiv(ns, SECOND));

/** GCRA in nanoseconds: a bucket is the time when it is full. */
export class Gcra {
  readonly interval: bigint;
  readonly burst: bigint;

  constructor({ rate, burst }: LimitSpec) {
    const [, count = '', unit = ''] = /^(\d+)\/([smh])$/.exec(rate) ?? [];
    this.interval = ceilDiv(PERIODS[unit] ?? 0n, BigInt(count));
    this.burst = BigInt(burst ?? Number(count));
  }

  free(full: bigint, now: bigint): bigint {
    const left = this.burst * this.interval - max(full - now, 0n);
    return max(left, 0n) / this.interval;
  }

  /** Until a token is there, at least 1. */
  wait(full: bigint, now: bigint): bigint {
    return max(full - now - (this.burst - 1n) * this.interval, 1n);
  }

  taken(full: bigint, now: bigint): bigint {
    return max(full, now) + this.interval;
  }
}

/** What outlives a configuration that leaves the limit as it was. */
interface State {
  /** By key; whoever is not in it has a full bucket, or what `floor` says. */
  readonly full: Map<string, bigint>;
  /** Which keys have a bucket of the worker's: of scope proxy, what it knows without asking. */
  readonly places: Places;
  /** Of scope proxy: what a bucket is that nobody has, since keys went to the overflow. */
  floor: bigint;
  /** Of scope proxy: until when the worker knows, without asking, that there is no token. */
  readonly none: Map<string, bigint>;
  /** What the bucket was then. */
  readonly seen: Map<string, bigint>;
}

/** The buckets of a worker: one that is full again is taken for a key that has none. */
class Places {
  readonly #keys: string[] = [];
  #hand = 0;
  #passed = 0;
  #wake = 0n;
  #soonest: bigint | undefined;

  /** What became of the key: it has a bucket, it has got one, or there is none for it. */
  place(key: string, count: number, now: bigint, fullAt: (key: string) => bigint) {
    if (this.#keys.includes(key)) return 'known';
    if (this.#keys.length < count) {
      this.#keys.push(key);
      return 'new';
    }
    if (now < this.#wake) return 'none';
    for (let looks = 0; looks < 256; looks++) {
      const index = this.#hand;
      this.#hand = (index + 1) % count;
      const full = fullAt(this.#keys[index]!);
      if (full <= now) {
        this.#keys[index] = key;
        this.#begin();
        return 'new';
      }
      if (this.#soonest === undefined || full < this.#soonest) this.#soonest = full;
      this.#passed += 1;
      if (this.#passed < count) continue;
      this.#wake = this.#soonest;
      this.#begin();
      return 'none';
    }
    return 'none';
  }

  #begin(): void {
    this.#passed = 0;
    this.#soonest = undefined;
  }
}

type Verdict = 'admitted' | 'rejected' | 'asking' | 'untracked';

/** One limit while one request is judged. */
interface Judged {
  readonly limit: LimitSpec;
  readonly gcra: Gcra;
  readonly state: State;
  readonly key: string;
  bucket: string;
  verdict: Verdict;
  wait: bigint;
  /** What the bucket was, where a token was taken of it before all were asked. */
  before: bigint | undefined;
  /** Of scope proxy: whether the worker has room to remember what it was told. */
  known: boolean;
  /** What it remembers of the bucket, where it rejects by that. */
  seen: bigint | undefined;
}

/**
 * Whether tokens of a limit may be taken ahead by a worker: of a burst of 32 and more, at 100 a
 * second and more.
 */
export function isLeased(limit: LimitSpec): boolean {
  const { burst, interval } = new Gcra(limit);
  return limit.scope !== 'worker' && burst >= 32n && interval <= SECOND / 100n;
}

export class LimitModel {
  readonly #states = new Map<string, State>();
  /** By `limit outcome mode`. */
  readonly counters = new Map<string, number>();

  /** One request; `peer` is the client's address as Envoy knows it, `now` in nanoseconds. */
  decide(model: LimitedModel, request: Pairs, peer: string | undefined, now: bigint): Outcome {
    const { mode = 'enforce', limits = [] } = model;
    if (mode === 'disabled') return { admitted: true, told: undefined };
    const scene = sceneOf(model, request, peer);
    const isDry = ({ dryRun }: LimitSpec) => dryRun === true || mode === 'dryRun';
    const matching = limits.filter(({ when }) => when === undefined || holds(when, scene));
    const real = matching
      .filter((limit) => !isDry(limit))
      .map((limit) => this.#ask(model, limit, scene, now, 'enforce'));
    const rejecting = this.#rejecting(real, now);
    if (rejecting !== undefined) {
      for (const one of real) {
        if (one.verdict === 'rejected') this.#count(one.limit, 'limited', 'enforce');
        else if (one.before !== undefined) giveBack(one, now);
      }
      return answer(rejecting, now);
    }
    for (const one of real) {
      if (one.verdict === 'admitted' && one.limit.scope === 'worker') take(one, now);
      this.#count(one.limit, 'ok', 'enforce');
    }
    for (const limit of matching.filter(isDry)) {
      const one = this.#ask(model, limit, scene, now, 'dryRun');
      if (one.verdict === 'asking') this.#askWorkers(one, now, 'dryRun');
      else if (one.verdict === 'admitted') take(one, now);
      this.#count(limit, one.verdict === 'rejected' ? 'dry' : 'ok', 'dryRun');
    }
    return { admitted: true, told: tightest(real, now) };
  }

  #count({ name }: LimitSpec, outcome: string, mode: string): void {
    const label = `${name} ${outcome} ${mode}`;
    this.counters.set(label, (this.counters.get(label) ?? 0) + 1);
  }

  #stateOf(model: LimitedModel, limit: LimitSpec, gcra: Gcra): State {
    const { name, scope = 'proxy', per = [], maxKeys = MAX_KEYS } = limit;
    const parts = per.map((part) => partIdentity(part, model));
    const same = [name, scope, Number(gcra.interval), Number(gcra.burst), maxKeys, parts];
    const identity = JSON.stringify(same);
    let state = this.#states.get(identity);
    if (state === undefined) {
      state = {
        full: new Map(),
        places: new Places(),
        floor: 0n,
        none: new Map(),
        seen: new Map(),
      };
      this.#states.set(identity, state);
    }
    return state;
  }

  /** What the worker can say by itself. */
  #ask(model: LimitedModel, limit: LimitSpec, scene: Scene, now: bigint, mode: string): Judged {
    const gcra = new Gcra(limit);
    const state = this.#stateOf(model, limit, gcra);
    const key = keyOf(limit, model, scene);
    const one: Judged = {
      limit,
      gcra,
      state,
      key,
      bucket: key,
      verdict: 'asking',
      wait: 0n,
      before: undefined,
      known: true,
      seen: undefined,
    };
    if (limit.scope !== 'worker') {
      const place = placeOf(one, now, state.none);
      if (place === 'new') state.none.delete(key);
      one.known = place !== 'none';
      this.#recall(one, now);
    } else if (!isPlaced(one, now)) {
      this.#overflow(one, now, mode);
    } else {
      judge(one, now);
    }
    return one;
  }

  #recall(one: Judged, now: bigint): void {
    one.verdict = 'asking';
    if (!one.known || (one.state.none.get(one.bucket) ?? 0n) <= now) return;
    one.seen = one.state.seen.get(one.bucket);
    reject(one, now);
  }

  #overflow(one: Judged, now: bigint, mode: string): void {
    this.#count(one.limit, 'overflow', mode);
    one.bucket = OVERFLOW;
    one.known = true;
    const { overflow = 'shared', scope } = one.limit;
    if (overflow === 'admit') one.verdict = 'untracked';
    else if (overflow === 'reject') reject(one, now, one.gcra.interval);
    else if (scope === 'worker') judge(one, now);
    else this.#recall(one, now);
  }

  /** Asks the bucket that all workers share, and takes its token at once. */
  #askWorkers(one: Judged, now: bigint, mode: string): Verdict {
    if (!hasRoom(one, now)) {
      raiseFloor(one, now);
      this.#overflow(one, now, mode);
      if (one.verdict !== 'asking') return one.verdict;
    }
    judge(one, now);
    if (one.verdict !== 'rejected') take(one, now);
    else if (one.known) {
      one.state.none.set(one.bucket, now + one.wait);
      one.state.seen.set(one.bucket, fullOf(one));
    }
    return one.verdict;
  }

  /** The one that answers: who knows without asking, for the longest time; else the first asked. */
  #rejecting(all: readonly Judged[], now: bigint): Judged | undefined {
    let found: Judged | undefined;
    for (const one of all) {
      if (one.verdict !== 'rejected') continue;
      if (found === undefined || one.wait > found.wait) found = one;
    }
    if (found !== undefined) return found;
    for (const one of all) {
      if (one.verdict !== 'asking') continue;
      if (this.#askWorkers(one, now, 'enforce') === 'rejected') return one;
    }
    return undefined;
  }
}

function fullOf({ state, bucket, seen }: Judged): bigint {
  return seen ?? state.full.get(bucket) ?? (bucket === OVERFLOW ? 0n : state.floor);
}

function freeOf(one: Judged, now: bigint): bigint {
  return one.gcra.free(fullOf(one), now);
}

function judge(one: Judged, now: bigint): void {
  if (freeOf(one, now) > 0n) one.verdict = 'admitted';
  else reject(one, now);
}

function reject(one: Judged, now: bigint, wait = one.gcra.wait(fullOf(one), now)): void {
  one.verdict = 'rejected';
  one.wait = wait;
}

function take(one: Judged, now: bigint): void {
  one.before = fullOf(one);
  write(one, one.gcra.taken(one.before, now), now);
}

function giveBack(one: Judged, now: bigint): void {
  write(one, max(one.before ?? 0n, now), now);
}

/** Of what all workers share, buckets that are full again are left out of what is written. */
function write({ limit, state, bucket }: Judged, full: bigint, now: bigint): void {
  if (limit.scope !== 'worker' && bucket !== OVERFLOW) forgetFull(state, now);
  state.full.set(bucket, full);
}

function forgetFull(state: State, now: bigint): void {
  for (const [key, full] of state.full) {
    if (key !== OVERFLOW && full <= now) state.full.delete(key);
  }
}

/** Whoever gets a bucket after others went to the overflow starts empty, for a while ahead. */
function raiseFloor({ limit, gcra, state }: Judged, now: bigint): void {
  if ((limit.overflow ?? 'shared') !== 'shared') return;
  const tolerance = gcra.burst * gcra.interval;
  if (state.floor >= now + tolerance) return;
  forgetFull(state, now);
  state.floor = now + tolerance + tolerance / 8n;
}

/** `until`: when a bucket says nothing any more. */
function placeOf({ limit, state, key }: Judged, now: bigint, until: Map<string, bigint>) {
  const count = (limit.per ?? []).length === 0 ? 1 : (limit.maxKeys ?? MAX_KEYS);
  return state.places.place(key, count, now, (other) => until.get(other) ?? 0n);
}

/** Whether the key has a bucket of the worker's; a new one is no fuller than that of the overflow. */
function isPlaced(one: Judged, now: bigint): boolean {
  const { state, key } = one;
  const place = placeOf(one, now, state.full);
  if (place === 'new') state.full.set(key, state.full.get(OVERFLOW) ?? 0n);
  return place !== 'none';
}

/**
 * Whether the key has a bucket that all workers share, or can have one; up to 63 of them stand in one
 * slot.
 */
function hasRoom({ state, key, limit, bucket }: Judged, now: bigint): boolean {
  if (bucket === OVERFLOW || (limit.per ?? []).length === 0 || state.full.has(key)) return true;
  const used = [...state.full].filter(([other, full]) => other !== OVERFLOW && full > now);
  return used.length < (limit.maxKeys ?? MAX_KEYS);
}

function toldOf(one: Judged, now: bigint, remaining: bigint, least = 0n): Told {
  return {
    limit: one.limit.name,
    burst: Number(one.gcra.burst),
    remaining: Number(remaining),
    reset: secondsOf(max(fullOf(one) - now, least)),
  };
}

function answer(one: Judged, now: bigint): Outcome {
  const { reject: { status = 429 } = {}, reply: { jitter = '0s' } = {} } = one.limit;
  const least = secondsOf(one.wait);
  const most = least + Number.parseInt(jitter, 10);
  return {
    admitted: false,
    status,
    told: toldOf(one, now, 0n, one.wait),
    retryAfter: [least, most],
  };
}

/** Of those that tell, the first with the fewest tokens left. */
function tightest(all: readonly Judged[], now: bigint): Told | undefined {
  const [told] = all
    .filter(({ limit, verdict }) => limit.reply?.onSuccess === true && verdict === 'admitted')
    .map((one) => toldOf(one, now, freeOf(one, now)))
    .sort((a, b) => a.remaining - b.remaining);
  return told;
}

/** A part of a key in the one form that all spellings of it have. */
function partIdentity(part: KeyPartSpec, { client, paths }: LimitedModel): unknown {
  if (part.header !== undefined) return { header: lower(part.header) };
  if (part.tag !== undefined) return { tag: lower(part.tag) };
  if (part.ip !== undefined) return { v4: 32, v6: 64, ...client?.prefix, ...Object(part.ip) };
  if (part.path === undefined) return part;
  return { template: templateOf(part.path.template, paths), variable: part.path.variable };
}

function templateOf(text: string, paths: LimitedModel['paths']): string {
  const template = pathOperand('template', utf8(text), paths) ?? '';
  return paths?.ignoreCase === true
    ? template.replace(/(\{[^}]*\})|[^{]+/g, (part, variable) => variable ?? lower(part))
    : template;
}

/** The key of a request's bucket; without `per` all share one. */
function keyOf({ per = [] }: LimitSpec, model: LimitedModel, scene: Scene): string {
  if (per.length === 0) return ALL;
  return JSON.stringify(per.map((part) => readPart(part, model, scene) ?? null));
}

/** A value that is absent or empty is none, and so are several that differ. */
function readPart(part: KeyPartSpec, model: LimitedModel, scene: Scene): string | undefined {
  const values = (name: string) =>
    scene.request.filter(([key]) => key === name).map(([, value]) => value);
  const only = ([first = '', ...rest]: readonly string[]) =>
    first !== '' && rest.every((value) => value === first) ? first : undefined;
  const filled = (all: readonly string[]) => all.filter((value) => value !== '');
  if (part.header !== undefined) return only(values(lower(part.header)));
  if (part.cookie !== undefined) return only(filled(cookies(values('cookie'), utf8(part.cookie))));
  const [target] = values(':path');
  if (part.query !== undefined) return only(filled(queryFields(target ?? '', utf8(part.query))));
  if (part.method !== undefined) return only(values(':method'));
  if (part.tag !== undefined) return scene.tags.get(lower(part.tag));
  if (part.host !== undefined) {
    const [host = ''] = values(':authority');
    return only([lower(host.replace(/:\d*$/, '').replace(/\.$/, ''))]);
  }
  if (part.ip !== undefined) {
    const bits = { ...model.client?.prefix, ...Object(part.ip) };
    return scene.address === undefined ? undefined : networkText(scene.address, bits);
  }
  return part.path && target !== undefined ? variableOf(part.path, target, model) : undefined;
}

function variableOf(
  { template, variable }: { readonly template: string; readonly variable: string },
  target: string,
  { paths = {} }: LimitedModel,
): string | undefined {
  const [raw = ''] = target.split(/[?#]/, 1);
  const wanted = templateOf(template, paths).split('/');
  const found = (paths.normalize === false ? [raw] : pathReadings(raw))
    .map((path) => (paths.ignoreCase === true ? lower(path) : path).split('/'))
    .find(
      (parts) =>
        parts.length === wanted.length &&
        wanted.every((part, i) => (part.startsWith('{') ? parts[i] !== '' : parts[i] === part)),
    );
  return found?.[wanted.indexOf(`{${utf8(variable)}}`)];
}
