// tour: the requests that the demo sends, what each must come to, and what it did come to.

import type { Sample } from '../../envoyfilter/src/envoy/index.js';
import { send } from '../harness/client.js';
import type { Mesh } from '../harness/mesh.js';
import { VIA } from '../harness/proxy.js';

/** A request of the tour and what the policy says of it. */
interface Stop {
  readonly title: string;
  /** `edge`: from outside. `inside`: from another service of the mesh. */
  readonly from: 'edge' | 'inside';
  readonly headers: readonly string[];
  readonly tag: string;
  readonly rule: string;
  readonly version: string;
}

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
];

/** What came of a stop. */
export interface Visit extends Stop {
  readonly via: readonly string[];
  /** In words, where it is not as the policy says. */
  readonly wrong: readonly string[];
}

/** Sends the tour's requests one after the other. */
export async function* takeTour(mesh: Mesh): AsyncGenerator<Visit> {
  for (const stop of STOPS) yield await visit(mesh, stop);
}

async function visit(mesh: Mesh, stop: Stop): Promise<Visit> {
  const proxy = mesh.proxies[stop.from === 'edge' ? 'edge' : 'frontend'];
  if (proxy === undefined) throw new Error(`the mesh has no proxy for ${stop.from}`);
  const before = counters(await proxy.metrics());
  const answer = await send({
    port: stop.from === 'edge' ? mesh.edgePort : mesh.insidePort,
    headers: stop.headers.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
  });
  if (answer.status !== 200) {
    const wrong = [`status ${answer.status}, wanted 200: ${answer.body.slice(0, 200)}`];
    return { ...stop, via: [], wrong };
  }
  const page = JSON.parse(answer.body);
  const outer = answer.headers.filter(([name]) => name === VIA).map(([, value]) => value);
  // Each proxy adds its line behind those of the proxies further in; the reader goes the other way.
  const lines = [...outer.reverse(), ...String(page.via).split(', ').reverse()];
  const found = {
    tag: String(page.reviews.tag),
    rule: ruleOf(before, counters(await proxy.metrics())) || 'none',
    version: String(page.reviews.version),
  };
  const wrong = (['tag', 'rule', 'version'] as const)
    .filter((what) => found[what] !== stop[what])
    .map((what) => `${what} ${found[what]}, wanted ${stop[what]}`);
  return { ...stop, ...found, via: lines, wrong };
}

/** Value of each of a proxy's counters, by name and labels. */
function counters(samples: readonly Sample[]): Map<string, Sample> {
  return new Map(
    samples
      .filter(({ name }) => name.endsWith('_total'))
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
