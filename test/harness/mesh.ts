// mesh: the small mesh of the demo and of the end-to-end tests.
//
//   client -> edge -> frontend's sidecar -> frontend -> frontend's sidecar -> reviews' sidecars
//             gateway   inbound            (Node, SDK)    outbound            v1 | v2, inbound
//          -> reviews -> reviews' sidecar -> ratings
//   forwards an id only  outbound            (no sidecar)
//
// The policy says what each filter does and which tag goes to which version.

import {
  type FilterEntry,
  filterEntries,
  type Policy,
  versionsOf,
} from '../../envoyfilter/src/policy/policy.js';
import type { MeshProxy, ProxyRoute, StartMeshProxy } from './proxy.js';
import { type Service, startService } from './service.js';

export interface Mesh {
  /** Listener name of each proxy below: `edge`, `frontend`, `reviews-v1`, `reviews-v2`. */
  readonly proxies: Readonly<Record<string, MeshProxy>>;
  /** The port that clients outside use. */
  readonly edgePort: number;
  /** The port that another service of the mesh would use to call frontend. */
  readonly insidePort: number;
  stop(): Promise<void>;
}

/** Starts everything, from the end of the call to its start; what was started is stopped on error. */
export async function startMesh<P extends MeshProxy>(
  policy: Policy,
  start: (spec: Parameters<StartMeshProxy>[0]) => Promise<P>,
  progress: (line: string) => void = () => {},
): Promise<Mesh & { readonly proxies: Readonly<Record<string, P>> }> {
  const entries = filterEntries(policy);
  const [spec] = policy.spec.routes ?? [];
  if (spec === undefined) throw new Error('the policy has no routes');
  const stops: (() => Promise<void>)[] = [];
  const proxies: Record<string, P> = {};

  const service = async (...args: Parameters<typeof startService>): Promise<Service> => {
    const started = await startService(...args);
    stops.push(started.stop);
    return started;
  };
  const proxy = async (...args: Parameters<StartMeshProxy>): Promise<P> => {
    const started = await start(...args);
    stops.push(() => started.stop());
    proxies[args[0].name] = started;
    progress(`${args[0].name}: ready`);
    return started;
  };
  const stop = async () => {
    await Promise.allSettled(stops.map((one) => one()));
  };

  try {
    const labelOf = new Map(
      versionsOf(spec).map(({ name, labels }) => [name, labels.version ?? '']),
    );
    const versions = [...new Set(labelOf.values())];
    const clusters: Record<string, number> = {};
    const ratings = await service('ratings', { sdk: true });
    const reviews = versions.map(async (version) => {
      const name = `reviews-${version}`;
      const app = await service('reviews', { env: { VERSION: version }, sdk: false });
      const sidecar = await proxy({
        name,
        listeners: [
          { name: 'inbound', filter: pick(entries, 'inbound'), routes: [{ cluster: 'app' }] },
          { name: 'outbound', filter: pick(entries, 'outbound'), routes: [{ cluster: 'ratings' }] },
        ],
        clusters: { app: app.port, ratings: ratings.port },
      });
      app.tell({ outbound: `http://127.0.0.1:${await sidecar.port('outbound')}/` });
      clusters[name] = await sidecar.port('inbound');
    });
    const [frontend] = await Promise.all([service('frontend', { sdk: true }), ...reviews]);

    const versionOf = (value: string) => `reviews-${labelOf.get(value)}`;
    const routes: ProxyRoute[] = Object.keys(spec.versions)
      .filter((value) => value !== spec.default)
      .map((value) => ({ cluster: versionOf(value), when: { header: spec.tag, value } }));
    const sidecar = await proxy({
      name: 'frontend',
      listeners: [
        { name: 'inbound', filter: pick(entries, 'inbound'), routes: [{ cluster: 'app' }] },
        {
          name: 'outbound',
          filter: pick(entries, 'outbound'),
          routes: [...routes, { cluster: versionOf(spec.default) }],
        },
      ],
      clusters: { app: frontend.port, ...clusters },
    });
    frontend.tell({ outbound: `http://127.0.0.1:${await sidecar.port('outbound')}/` });
    const insidePort = await sidecar.port('inbound');

    const edge = await proxy({
      name: 'edge',
      listeners: [
        { name: 'gateway', filter: pick(entries, 'gateway'), routes: [{ cluster: 'frontend' }] },
      ],
      clusters: { frontend: insidePort },
    });
    return { proxies, edgePort: await edge.port('gateway'), insidePort, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function pick(entries: readonly FilterEntry[], direction: FilterEntry['direction']): FilterEntry {
  const entry = entries.find((one) => one.direction === direction);
  if (entry === undefined) throw new Error(`the policy has no filter for ${direction}`);
  return entry;
}
