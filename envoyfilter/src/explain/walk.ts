// walk: one request through a chain of services: which hop keeps, restores or loses a tag.
// Each service has a proxy of its own. Its application gives on what it is said to, and no more.

import type { Policy } from '../policy/policy.js';
import type { ExplainRequest } from './arrival.js';
import { Explainer } from './explainer.js';
import type { Explanation, RouteChoice } from './explanation.js';
import { tagNames } from './tag-names.js';
import { FORWARDED, type Service, type TreeSpec } from './tree.js';

export interface TagAtHop {
  readonly tag: string;
  /** As it goes on; null: absent. */
  readonly value: string | null;
  /** How it came to that. */
  readonly note: string;
}

export interface Hop {
  /** `gateway`, `reviews inbound`, `reviews application`, `reviews outbound`. */
  readonly where: string;
  readonly tags: readonly TagAtHop[];
  /** Whom the request goes to, and which version, where a route says so. */
  readonly to?: { readonly host: string; readonly version?: string; readonly why?: string };
  /** Of a proxy that runs the filter. */
  readonly explanation?: Explanation;
}

export interface Walk {
  readonly services: readonly string[];
  readonly forwards: Readonly<Record<string, readonly string[]>>;
  readonly hops: readonly Hop[];
  /** The same without the policies' `propagate`; absent where they have none. */
  readonly without?: readonly Hop[];
}

type Headers = readonly (readonly [name: string, value: string])[];

/** @throws EntryRefusedError */
export async function walkTree(
  policies: readonly Policy[],
  spec: TreeSpec,
  request: Omit<ExplainRequest, 'at'>,
): Promise<Walk> {
  const forwards = Object.fromEntries(
    spec.services.map(({ name }) => [name, spec.forwards?.[name] ?? [...FORWARDED]]),
  );
  const propagates = policies.some(({ spec: { filters } }) =>
    filters.some(({ propagate }) => propagate !== undefined),
  );
  const hops = await walk(policies, spec.services, forwards, request);
  const without = propagates
    ? await walk(policies.map(withoutPropagate), spec.services, forwards, request)
    : undefined;
  const services = spec.services.map(({ name }) => name);
  return { services, forwards, hops, ...(without === undefined ? {} : { without }) };
}

async function walk(
  policies: readonly Policy[],
  services: readonly Service[],
  forwards: Readonly<Record<string, readonly string[]>>,
  request: Omit<ExplainRequest, 'at'>,
): Promise<Hop[]> {
  const tags = tagNames(policies);
  const hops: Hop[] = [];
  let headers: Headers = request.headers ?? [];
  const edge = await Explainer.of(policies);
  if (edge.entriesAt('gateway').length > 0) {
    const explanation = edge.explain({ ...request, at: 'gateway' });
    hops.push(proxyHop('gateway', headers, explanation, tags, services[0]));
    if (explanation.reply !== undefined) return hops;
    headers = explanation.headers.after;
  }
  for (const [index, service] of services.entries()) {
    const { name, namespace = policies[0]?.metadata.namespace ?? 'default' } = service;
    const labels = { app: name, 'app.kubernetes.io/name': name };
    const proxy = await Explainer.of(policies, { namespace, labels });
    const inbound = proxy.explain({ ...request, headers, at: 'inbound', authority: name });
    hops.push(proxyHop(`${name} inbound`, headers, inbound, tags));
    const next = services[index + 1];
    if (inbound.reply !== undefined || next === undefined) return hops;
    const forwarded = forwards[name] ?? FORWARDED;
    headers = inbound.headers.after.filter(([header]) => forwarded.includes(header));
    hops.push(applicationHop(name, inbound.headers.after, headers, forwarded, tags));
    const outbound = proxy.explain({ at: 'outbound', authority: next.name, headers });
    hops.push(proxyHop(`${name} outbound`, headers, outbound, tags, next));
    if (outbound.reply !== undefined) return hops;
    headers = outbound.headers.after;
  }
  return hops;
}

function proxyHop(
  where: string,
  before: Headers,
  explanation: Explanation,
  tags: readonly string[],
  next?: Service,
): Hop {
  const after = explanation.headers.after;
  const route = next && explanation.routes.find(({ host }) => host.split('.')[0] === next.name);
  return {
    where,
    tags: tags.map((tag) => ({
      tag,
      value: explanation.reply === undefined ? valueAt(after, tag) : null,
      note: noteOf(tag, valueAt(before, tag), valueAt(after, tag), explanation),
    })),
    ...(next === undefined ? {} : { to: target(next, route) }),
    explanation,
  };
}

function target({ name }: Service, route: RouteChoice | undefined): NonNullable<Hop['to']> {
  return route === undefined
    ? { host: name }
    : { host: name, version: route.version, why: route.why };
}

/** How a tag came to what it is behind a proxy. */
function noteOf(
  tag: string,
  before: string | null,
  after: string | null,
  { entries, reply }: Explanation,
): string {
  if (reply !== undefined) return `answered here with ${reply.status}`;
  if (entries.length === 0) return after === null ? 'absent' : 'passes, no filter runs here';
  const steps = entries.flatMap((entry) => entry.steps);
  const its = steps.filter((step) => 'tag' in step && step.tag.toLowerCase() === tag);
  const came = its.find((step) => step.step === 'incoming');
  const rule = its.find((step) => step.step === 'rule' && step.verdict === 'matched');
  const found = steps.find((step) => step.step === 'propagate' && step.verdict === 'found');
  const stored = steps.some((step) => step.step === 'propagate' && step.verdict === 'stored');
  const tail = stored && after !== null ? ', remembered' : '';
  const by = found?.step === 'propagate' ? ` by ${found.by}` : '';
  const stripped = came?.step === 'incoming' && came.verdict === 'stripped' ? 'stripped, ' : '';
  if (rule?.step === 'rule') return `${stripped}rule ${rule.rule}${tail}`;
  if (came?.step === 'incoming' && came.verdict === 'restored') return `restored${by}`;
  if (before === null && after !== null && found !== undefined) return `restored${by}`;
  if (after === null) {
    if (before !== null) return `${stripped || 'removed, '}nothing instead`;
    return 'absent';
  }
  if (before === after && stripped === '') return `kept${tail}`;
  return `${stripped}default${tail}`;
}

function applicationHop(
  name: string,
  before: Headers,
  after: Headers,
  forwarded: readonly string[],
  tags: readonly string[],
): Hop {
  const list = forwarded.join(', ') || 'nothing';
  return {
    where: `${name} application`,
    tags: tags.map((tag) => {
      const value = valueAt(after, tag);
      const lost = value === null && valueAt(before, tag) !== null;
      const note = lost ? `lost: it forwards ${list}` : value === null ? 'absent' : 'forwarded';
      return { tag, value, note };
    }),
  };
}

function valueAt(headers: Headers, tag: string): string | null {
  return headers.find(([name]) => name.toLowerCase() === tag)?.[1] ?? null;
}

function withoutPropagate(policy: Policy): Policy {
  const filters = policy.spec.filters.map(({ propagate: _, ...filter }) => filter);
  return { ...policy, spec: { ...policy.spec, filters } };
}
