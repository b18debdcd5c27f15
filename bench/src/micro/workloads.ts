// workloads: what is counted and timed on the V8 host: the variants of the benchmark that are one
// wasm, so that both parts speak of the same work; their scales; and the callback for responses.

import { NO_OP } from '../record/record.js';
import { CANARY } from '../variants/answers.js';
import { BASE } from '../variants/base.js';
import { OURS, ourFilter, rulesVariant, tagWrite } from '../variants/ours.js';
import { incoming, TAG } from '../variants/requests.js';
import type { Variant } from '../variants/variant.js';

export interface Workload {
  /** As in the record: `one hop`, or what the scale is of. */
  readonly case: string;
  /** The place on the scale. */
  readonly at?: number;
  readonly variant: Variant;
  /** Headers that each response has to have once it has passed the filter. */
  readonly answered?: readonly string[];
}

const ONE_HOP = 'one hop';
const RULES = [10, 100, 1000];
const HEADERS = [6, 9, 20, 60];

function responding(name: string, tag: object, answered: readonly string[]): Workload {
  const sections = { tags: [{ header: TAG, ...tag }] };
  const variant: Variant = {
    name,
    title: `a tag, and a response with ${answered.join(' and ')}`,
    group: 'ours',
    listeners: async () => [{ name: 'bench', filters: [ourFilter(sections, 'gateway')] }],
    load: { listener: 'bench', requests: [incoming()], expect: CANARY },
  };
  return { case: 'response', variant, answered };
}

function withHeaders(at: number): Workload {
  const load = { ...tagWrite.load, requests: [incoming({ headers: at })] };
  return { case: 'headers', at, variant: { ...tagWrite, load } };
}

export const WORKLOADS: readonly Workload[] = [
  ...[...BASE.filter(({ name }) => name === NO_OP), ...OURS].map((variant) => ({
    case: ONE_HOP,
    variant,
  })),
  responding('echo', { default: 'canary', echo: true }, [TAG]),
  responding(
    'mint',
    { rules: [{ percent: 100, mint: { cookie: 'tagalong_id' }, value: 'canary' }] },
    ['set-cookie'],
  ),
  ...RULES.map((at) => ({ case: 'rules', at, variant: rulesVariant(at) })),
  ...HEADERS.map(withHeaders),
];

/** `store`, `rules 100`: unique among WORKLOADS. */
export function workloadName({ case: what, at, variant }: Workload): string {
  return at === undefined ? variant.name : `${what} ${at}`;
}
