// explainer: what a policy does to a request, and why, by running the filter itself on it.
// Promise: nothing leaves the process, no real time goes by, and the same requests are explained in
// the same way each time. Requests share one simulated proxy: what a limit has counted and what the
// store remembers stays from one to the next.

import { HeaderMap, type LocalReply } from '../host/index.js';
import { releaseModule } from '../host/module.js';
import { globalLimitsOf } from '../policy/global-limits.js';
import {
  type Direction,
  filterEntries,
  type Labels,
  type PlacedEntry,
  type Policy,
} from '../policy/policy.js';
import { indexOf } from '../render/names.js';
import { handOverHeader } from '../render/rate-limit-filters.js';
import { type Arrival, arrivalOf, type ExplainRequest } from './arrival.js';
import { type BucketOf, bucketFunction } from './bucket.js';
import { fromBytes } from './bytes.js';
import { baggageOf, changesOf, readable } from './changes.js';
import type { EntryExplanation, Explanation, Reply } from './explanation.js';
import { Probe } from './probe.js';
import { Random } from './random.js';
import { Routes } from './routes.js';
import type { Pairs } from './scene.js';
import { sectionsOf } from './sections.js';
import { type Passage, Simulator } from './simulator.js';
import { resultsOf, stepsOf } from './steps.js';
import { tagNames } from './tag-names.js';

export interface ExplainerOptions {
  /** The filter's module; default the one that @tagalong/filter ships. */
  readonly module?: Uint8Array;
  /** Whether conditions are told in reasons, which doubles the work; default true. */
  readonly reasons?: boolean;
  /**
   * False: of the steps there are the results alone, and of the limits that reject a request the
   * one that does so for longest. That is faster. Default true.
   */
  readonly steps?: boolean;
  /** Entries of workloads in this namespace only. */
  readonly namespace?: string;
  /** Entries that select workloads with these labels only. */
  readonly labels?: Labels;
}

/** What one entry did, and what it left. */
interface Stage {
  readonly entry: PlacedEntry;
  readonly passage: Passage;
  readonly explanation: EntryExplanation;
}

const OK: Pairs = [[':status', '200']];

export class Explainer {
  readonly #routes: Routes;
  readonly #tags: readonly string[];
  readonly #entries: readonly PlacedEntry[];
  readonly #module: Uint8Array;
  readonly #bucketOf: BucketOf;
  readonly #random = new Random(0);
  readonly #simulator: Simulator;
  readonly #reasons: boolean;
  readonly #steps: boolean;
  readonly #probes = new Map<PlacedEntry, Probe | undefined>();
  #nowMs = 0;
  #requests = 0;

  private constructor(
    policies: readonly Policy[],
    options: ExplainerOptions,
    module: Uint8Array,
    bucketOf: BucketOf,
  ) {
    const { namespace, labels, steps = true, reasons = steps } = options;
    this.#routes = new Routes(policies);
    this.#tags = tagNames(policies);
    this.#entries = policies
      .flatMap(filterEntries)
      // As their rendered filters stand: by position in the file, those of all policies together.
      .sort((one, other) => indexOf(one) - indexOf(other) || (one.id < other.id ? -1 : 1))
      .filter((entry) => namespace === undefined || entry.namespace === namespace)
      .filter(({ selector }) => labels === undefined || selects(selector, labels));
    this.#module = module;
    this.#bucketOf = bucketOf;
    this.#reasons = reasons;
    this.#steps = steps;
    this.#simulator = new Simulator(module, (bytes) => this.#random.fill(bytes), steps);
  }

  static async of(
    policies: Policy | readonly Policy[],
    options: ExplainerOptions = {},
  ): Promise<Explainer> {
    const list = Array.isArray(policies) ? (policies as readonly Policy[]) : [policies as Policy];
    const module = options.module ?? releaseModule();
    return new Explainer(list, options, module, await bucketFunction());
  }

  /** The entries that a request meets there, in their order. */
  entriesAt(at: Direction): readonly PlacedEntry[] {
    return this.#entries.filter(({ direction }) => direction === at);
  }

  /** Virtual time since it was made. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets virtual time go by: buckets fill again, what is remembered is forgotten. */
  advance(ms: number): void {
    this.#simulator.advance(ms);
    this.#nowMs += ms;
  }

  /**
   * Sends one request through the entries of one place.
   * @throws EntryRefusedError where the filter does not take an entry
   * @throws RangeError where `nowMs` lies before the request before
   */
  explain(request: ExplainRequest): Explanation {
    const { nowMs = this.#nowMs, at } = request;
    if (nowMs < this.#nowMs) {
      throw new RangeError(`nowMs: got ${nowMs}, wanted at least ${this.#nowMs}`);
    }
    this.advance(nowMs - this.#nowMs);
    this.#requests += 1;
    this.#random.reseed(request.seed ?? this.#requests);
    if (at !== 'sidecar') return this.#explainAt(request, at);
    const inbound = this.#explainAt(request, 'inbound');
    if (inbound.reply !== undefined) return inbound;
    return { ...inbound, next: this.#explainAt(callOf(inbound, request), 'outbound') };
  }

  #explainAt(request: ExplainRequest, at: Direction): Explanation {
    const arrival = arrivalOf(request, at, () => this.#random.uuid());
    const before = [...arrival.headers];
    const stages = this.#run(arrival, at);
    const last = stages.at(-1);
    const answered = last?.passage.reply;
    const response = answered?.headers ?? HeaderMap.fromResponse(OK);
    // Envoy shows every answer to the filters of the chain, the last first.
    for (const { passage } of [...stages].reverse()) passage.respond(response);
    const after = [...arrival.headers];
    const value = (name: string) => {
      const values = arrival.headers.getAll(name);
      return values.length === 0 ? undefined : fromBytes(values.join(','));
    };
    const text = (name: string) => fromBytes(arrival.headers.get(name) ?? '');
    return {
      at,
      request: {
        method: text(':method'),
        path: text(':path'),
        authority: text(':authority'),
        source: arrival.source,
        atMs: this.#nowMs,
      },
      entries: stages.map(({ explanation }) => explanation),
      headers: {
        before: readable(before),
        after: readable(after),
        changes: changesOf(readable(before), readable(after)),
      },
      tags: Object.fromEntries(this.#tags.map((name) => [name, value(name) ?? null])),
      baggage: changesOf(readable(baggageOf(before)), readable(baggageOf(after))),
      response: answered === undefined ? changesOf(OK, readable([...response])) : [],
      ...(answered === undefined || last === undefined ? {} : { reply: replyOf(answered, last) }),
      routes: answered === undefined ? this.#routes.choices(value) : [],
    };
  }

  /** Through every entry, or up to the one that answers. Changes the headers of the arrival. */
  #run({ headers, source }: Arrival, at: Direction): Stage[] {
    const stages: Stage[] = [];
    for (const entry of this.entriesAt(at)) {
      const stage = this.#stage(entry, headers, source);
      stages.push(stage);
      if (stage.passage.reply !== undefined) break;
      // As the filter that follows the wasm does, once the service was asked.
      for (const limit of globalLimitsOf(entry)) headers.remove(handOverHeader(limit));
    }
    return stages;
  }

  #stage(entry: PlacedEntry, headers: HeaderMap, source: string): Stage {
    const sections = sectionsOf(entry);
    const probe = this.#probeOf(entry);
    const truth = probe?.ask(headers.clone(), source);
    const seen = headers.toPairs();
    const passage = this.#simulator.pass(entry, headers, source);
    const facts = () => ({
      entry,
      lines: passage.lines,
      after: headers.toPairs(),
      truth,
      scene: { headers: seen, source, client: sections.client },
      bucketOf: this.#bucketOf,
      retryAfter: passage.reply?.headers.get('retry-after'),
    });
    const steps = this.#steps ? stepsOf(facts()) : resultsOf(entry, headers.toPairs());
    const { id, direction } = entry;
    const explanation = { id, direction, mode: sections.mode ?? 'enforce', steps };
    return {
      entry,
      passage,
      explanation: passage.failed ? { ...explanation, failed: true } : explanation,
    };
  }

  #probeOf(entry: PlacedEntry): Probe | undefined {
    if (!this.#reasons || sectionsOf(entry).mode === 'disabled') return undefined;
    if (!this.#probes.has(entry)) this.#probes.set(entry, Probe.of(entry, this.#module));
    return this.#probes.get(entry);
  }
}

/** Whether a workload with these labels is among those that are selected. */
export function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

/** The application's own call: it gives on what it forwards, and nothing else. */
function callOf(inbound: Explanation, request: ExplainRequest): ExplainRequest {
  const forwards = (request.forwards ?? ['x-request-id']).map((name) => name.toLowerCase());
  return {
    at: 'outbound',
    authority: inbound.routes[0]?.host ?? 'upstream',
    headers: inbound.headers.after.filter(([name]) => forwards.includes(name)),
  };
}

function replyOf({ status, headers, body }: LocalReply, { entry, explanation }: Stage): Reply {
  const limits = explanation.steps.flatMap((step) =>
    step.step === 'limit' && step.verdict === 'rejected' ? [step.limit] : [],
  );
  return {
    status,
    headers: readable([...headers].filter(([name]) => name !== ':status')),
    body: fromBytes(body),
    entry: entry.id,
    limits: limits.length > 0 ? limits : namedLimit(headers),
  };
}

/** The limit that the answer itself names. */
function namedLimit(headers: HeaderMap): string[] {
  const [, name] = /^"((?:[^"\\]|\\.)*)"/.exec(headers.get('ratelimit') ?? '') ?? [];
  return name === undefined ? [] : [fromBytes(name)];
}
