// tour: the requests that the demo sends, what each must come to, and what it did come to.

import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import { type Answer, send } from '../harness/client.js';
import type { Mesh } from '../harness/mesh.js';
import { VIA } from '../harness/proxy.js';

/** A request of the tour and what the policy says of it. */
interface Stop {
  readonly title: string;
  /** `edge`: from outside. `inside`: from another service of the mesh. */
  readonly from: 'edge' | 'inside';
  /** Default `/`. */
  readonly path?: string;
  readonly headers: readonly string[];
  readonly tag: string;
  readonly rule: string;
  readonly version: string;
  /** The trace that reaches ratings, which reviews calls with a request id and nothing else. */
  readonly trace?: string;
  /** A limit, and how often it admits this request at once: it is sent once more than that. */
  readonly limit?: { readonly name: string; readonly admits: number };
}

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const STOPS: readonly Stop[] = [
  {
    title: 'anybody',
    from: 'edge',
    headers: [],
    tag: 'stable',
    rule: 'default',
    version: 'v1',
  },
  {
    title: 'a tester',
    from: 'edge',
    headers: ['x-user-group: internal'],
    tag: 'canary',
    rule: 'testers',
    version: 'v2',
  },
  {
    title: 'a beta user',
    from: 'edge',
    headers: ['cookie: beta=1'],
    tag: 'canary',
    rule: 'beta-cookie',
    version: 'v2',
  },
  {
    title: 'a forged tag from outside',
    from: 'edge',
    headers: ['x-traffic-tag: canary'],
    tag: 'stable',
    rule: 'stripped, default',
    version: 'v1',
  },
  {
    title: 'nora at the checkout: her bucket is in the 25 %',
    from: 'edge',
    path: '/checkout',
    headers: ['cookie: uid=nora'],
    tag: 'canary',
    rule: 'checkout-quarter',
    version: 'v2',
  },
  {
    title: 'ada at the checkout: hers is not',
    from: 'edge',
    path: '/checkout',
    headers: ['cookie: uid=ada'],
    tag: 'stable',
    rule: 'default',
    version: 'v1',
  },
  {
    title: 'a trace, through a service that forwards x-request-id only',
    from: 'edge',
    headers: ['x-user-group: internal', `traceparent: ${TRACE}`],
    tag: 'canary',
    rule: 'testers',
    version: 'v2',
    trace: TRACE,
  },
  {
    title: 'a tag from inside the mesh',
    from: 'inside',
    headers: ['x-traffic-tag: canary'],
    tag: 'canary',
    rule: 'kept',
    version: 'v2',
  },
  {
    title: 'a tag that has no version',
    from: 'inside',
    headers: ['x-traffic-tag: feat-99'],
    tag: 'feat-99',
    rule: 'kept',
    version: 'v1',
  },
  {
    title: 'a login, of which each client has five a minute',
    from: 'edge',
    path: '/login',
    headers: [],
    tag: 'stable',
    rule: 'default',
    version: 'v1',
    limit: { name: 'login', admits: 5 },
  },
  {
    title: 'a report for a beta user: the new version makes two a minute',
    from: 'edge',
    path: '/reports/7',
    headers: ['cookie: beta=1'],
    tag: 'canary',
    rule: 'beta-cookie',
    version: 'v2',
    limit: { name: 'canary-reports', admits: 2 },
  },
  {
    title: 'a report for anybody: the old version makes more',
    from: 'edge',
    path: '/reports/7',
    headers: [],
    tag: 'stable',
    rule: 'default',
    version: 'v1',
  },
];

/** What came of a stop. */
export interface Visit extends Stop {
  readonly via: readonly string[];
  /** The answer to the request that was one too many. */
  readonly rejected?: {
    readonly status: number;
    readonly retryAfter: string;
    readonly body: string;
  };
  /** In words, where it is not as the policy says. */
  readonly wrong: readonly string[];
}

/** Sends the tour's requests one after the other. */
export async function* takeTour(mesh: Mesh): AsyncGenerator<Visit> {
  for (const stop of STOPS) yield await visit(mesh, stop);
  yield await visitTwice(mesh);
}

/** A visitor without an identity: whatever the first visit is given, the second has too. */
async function visitTwice(mesh: Mesh): Promise<Visit> {
  const first = await send({ port: mesh.edgePort, path: '/checkout' });
  const cookie = first.headers.find(([name]) => name === 'set-cookie')?.[1].split(';')[0] ?? '';
  const page = pageOf(first.body);
  const tag = String(page?.reviews?.tag);
  return visit(mesh, {
    title: 'a visitor nobody knows, for the second time: the cookie keeps them where they were',
    from: 'edge',
    path: '/checkout',
    headers: [`cookie: ${cookie}`],
    tag,
    rule: tag === 'canary' ? 'checkout-quarter' : 'default',
    version: String(page?.reviews?.version),
  });
}

function pageOf(body: string) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function visit(mesh: Mesh, stop: Stop): Promise<Visit> {
  return stop.limit === undefined ? follow(mesh, stop) : exhaust(mesh, stop, stop.limit);
}

/** As often as a limit admits it, and once more. The last that is admitted is followed. */
async function exhaust(
  mesh: Mesh,
  stop: Stop,
  { name, admits }: NonNullable<Stop['limit']>,
): Promise<Visit> {
  const wrong: string[] = [];
  for (let turn = 1; turn < admits; turn++) {
    const { status } = await ask(mesh, stop);
    if (status !== 200) wrong.push(`request ${turn}: status ${status}, wanted 200`);
  }
  const visit = await follow(mesh, stop);
  const { status, headers, body } = await ask(mesh, stop);
  const headerOf = (wanted: string) => headers.find(([header]) => header === wanted)?.[1] ?? 'none';
  const rejected = { status, retryAfter: headerOf('retry-after'), body: body.slice(0, 200) };
  if (status !== 429) wrong.push(`request ${admits + 1}: status ${status}, wanted 429`);
  const by = /^"(.*)";r=0;/.exec(headerOf('ratelimit'))?.[1];
  if (by !== name) wrong.push(`rejected by ${by}, wanted ${name}`);
  return { ...visit, rejected, wrong: [...visit.wrong, ...wrong] };
}

/** Sends a stop's request. */
function ask(mesh: Mesh, stop: Stop): Promise<Answer> {
  return send({
    port: stop.from === 'edge' ? mesh.edgePort : mesh.insidePort,
    path: stop.path ?? '/',
    headers: stop.headers.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
  });
}

/** One request, and what each proxy did with it. */
async function follow(mesh: Mesh, stop: Stop): Promise<Visit> {
  const proxy = mesh.proxies[stop.from === 'edge' ? 'edge' : 'frontend'];
  if (proxy === undefined) throw new Error(`the mesh has no proxy for ${stop.from}`);
  const before = counters(await proxy.metrics());
  const answer = await ask(mesh, stop);
  if (answer.status !== 200) {
    const wrong = [`status ${answer.status}, wanted 200: ${answer.body.slice(0, 200)}`];
    return { ...stop, via: [], wrong };
  }
  const page = pageOf(answer.body);
  const outer = answer.headers.filter(([name]) => name === VIA).map(([, value]) => value);
  // Each proxy adds its line behind those of the proxies further in; the reader goes the other way.
  const lines = [...outer.reverse(), ...String(page.via).split(', ').reverse()];
  const ratings = page.reviews.ratings ?? {};
  lines.push(`reviews, with x-request-id only -> ratings got tag=${ratings.tag}`);
  if (stop.trace !== undefined) lines.push(`and traceparent=${ratings.trace}`);
  const found = {
    tag: String(page.reviews.tag),
    rule: ruleOf(before, counters(await proxy.metrics())) || 'none',
    version: String(page.reviews.version),
  };
  const wrong = (['tag', 'rule', 'version'] as const)
    .filter((what) => found[what] !== stop[what])
    .map((what) => `${what} ${found[what]}, wanted ${stop[what]}`);
  if (ratings.tag !== stop.tag) wrong.push(`ratings got tag ${ratings.tag}, wanted ${stop.tag}`);
  if (stop.trace !== undefined && ratings.trace !== stop.trace) {
    wrong.push(`ratings got trace ${ratings.trace}, wanted ${stop.trace}`);
  }
  return { ...stop, ...found, via: lines, wrong };
}

/** Value of each counter of tags, by name and labels. */
function counters(samples: readonly Sample[]): Map<string, Sample> {
  return new Map(
    samples
      .filter(({ name }) => /^tagalong_(tag|incoming)_total$/.test(name))
      .map((sample) => [JSON.stringify([sample.name, sample.labels]), sample]),
  );
}

/** Which rule and outcome a request moved, from the counters before and after. */
function ruleOf(before: Map<string, Sample>, after: Map<string, Sample>): string {
  const moved = [...after]
    .filter(([key, { value }]) => value > (before.get(key)?.value ?? 0))
    .map(([, sample]) => sample);
  return (
    moved
      // The outbound listener keeps the tag as well; the inbound one says what became of it first.
      .filter(({ labels }) => labels.direction !== 'outbound')
      .map(({ labels }) => labels.outcome ?? labels.rule ?? '')
      .sort((a, b) => Number(b === 'stripped') - Number(a === 'stripped'))
      .join(', ')
  );
}
