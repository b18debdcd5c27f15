// scenario: one filter configuration, the requests sent through it, and what must come of each.
// The same file runs on the V8 host and in a real Envoy; it knows neither.
// Requests are sent in their order, one after the other. Time goes by meanwhile, so that seconds
// until something (retry-after, x-ratelimit-reset, `t` of ratelimit) are told in whole minutes,
// rounded up: a limit of 1/h says 3600 and not 3599.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import type { Direction, FilterEntry } from '../../envoyfilter/src/policy/policy.js';

export interface Case {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly authority?: string;
  /** The client's address as Envoy derives it; default 192.0.2.1. */
  readonly client?: string;
  /** `name: value`; a character above 0x7f stands for the byte of that number. */
  readonly headers?: readonly string[];
  /** Header of the request as the next hop sees it -> its values, in order. */
  readonly forwarded?: Readonly<Record<string, readonly string[]>>;
  /** The same of the response. */
  readonly response?: Readonly<Record<string, readonly string[]>>;
  /** Headers that the next hop answers with. */
  readonly answers?: readonly string[];
  /** How often it is sent, each time with this outcome; default 1. */
  readonly times?: number;
  /** What the client gets; default 200. */
  readonly status?: number;
  /** What the client gets from the filter itself, which then sends nothing on. */
  readonly body?: string;
}

export interface Scenario {
  readonly name: string;
  readonly direction: Direction;
  /** The filter's configuration without id and direction, or a text as it stands. */
  readonly config: Readonly<Record<string, unknown>> | string;
  readonly cases: readonly Case[];
  /** `NAME{label=value,…}` without policy and direction -> value after all cases. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What a host did with a case; only headers that the scenario names are in it (`observed…`). */
export interface Result {
  readonly status: number;
  /** Empty where nothing was sent on, and of HEAD, to which the next hop cannot say what came. */
  readonly forwarded: Record<string, string[]>;
  readonly response: Record<string, string[]>;
  /** Undefined where the next hop answered, and of HEAD. */
  readonly body: string | undefined;
}

const folder = fileURLToPath(new URL('../scenarios/', import.meta.url));

/** Every scenario of `test/scenarios`, by file and document. */
export function loadScenarios(): Scenario[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => {
        if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]}`);
        const scenario = document.toJS() as Scenario;
        return { ...scenario, name: `${basename(file, '.yaml')}: ${scenario.name}` };
      }),
    );
}

/** The entry that a scenario's configuration stands for; `index` makes its id its own. */
export function entryOf(scenario: Scenario, index: number): FilterEntry {
  const id = `scenario/${index}/0`;
  const { direction, config } = scenario;
  const sections = typeof config === 'string' ? {} : config;
  return { id, direction, configuration: { id, direction, ...sections } };
}

/** What the filter is given to read. */
export function configurationText(scenario: Scenario, entry: FilterEntry): string {
  if (typeof scenario.config === 'string') return scenario.config;
  return JSON.stringify(entry.configuration);
}

/** A body as text, from its bytes, one character each. */
export function bodyText(body: string): string {
  return Buffer.from(body, 'latin1').toString('utf8');
}

/** `name: value` into a pair. */
export function headerPair(line: string): [string, string] {
  const colon = line.indexOf(':', 1);
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}

/** The headers whose values a scenario is about. */
export function observed(part: 'forwarded' | 'response', scenario: Scenario): string[] {
  return [...new Set(scenario.cases.flatMap((it) => Object.keys(it[part] ?? {})))];
}

/** Those of an answer: of one that is not the filter's own, without what describes its body. */
export function observedAnswer(scenario: Scenario, isOwn: boolean): string[] {
  const names = observed('response', scenario);
  return isOwn ? names : names.filter((name) => !/^content-(type|length)$/.test(name));
}

/** Values by name, for the names that are observed. */
export function pick(
  names: readonly string[],
  pairs: readonly (readonly [string, string])[],
): Record<string, string[]> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      pairs
        .filter(([key]) => key.toLowerCase() === name)
        .map(([, value]) => inMinutes(name, value)),
    ]),
  );
}

const MINUTE = 60;
const SECONDS: Readonly<Record<string, RegExp>> = {
  'retry-after': /^\d+$/,
  'x-ratelimit-reset': /^\d+$/,
  ratelimit: /(?<=;t=)\d+/,
};

/** Seconds until something, in whole minutes. */
function inMinutes(name: string, value: string): string {
  const seconds = SECONDS[name];
  if (seconds === undefined) return value;
  return value.replace(seconds, (text) => String(Math.ceil(Number(text) / MINUTE) * MINUTE));
}

export interface NamedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The filter's counters of one scenario, as `NAME{label=value,…}`, zeros left out. */
export function countersOf(entry: FilterEntry, samples: readonly NamedSample[]) {
  return Object.fromEntries(
    samples
      .filter(({ name, labels }) => /^tagalong_.*_total$/.test(name) && labels.policy === entry.id)
      .filter(({ value }) => value !== 0)
      .map(({ name, labels, value }) => {
        const { policy: _policy, direction: _direction, ...rest } = labels;
        const text = Object.entries(rest)
          .sort()
          .map(([label, text]) => `${label}=${text}`);
        return [`${name}{${text.join(',')}}`, value] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
