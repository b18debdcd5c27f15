import { describe, expect, it } from 'vitest';
import type { Policy, RetrySpec, RouteSpec } from '../../../envoyfilter/src/policy/policy.js';
import { renderRoutes } from '../../../envoyfilter/src/render/istio/routes.js';
import { toYaml } from '../../../envoyfilter/src/render/resource.js';
import { goldenBeside } from '../../harness/golden.js';

const expectGolden = goldenBeside(import.meta.url);

const VERSIONS = { stable: { version: 'v1' }, canary: { version: 'v2' } };

const reviews: RouteSpec = {
  host: 'reviews',
  tag: 'x-traffic-tag',
  versions: VERSIONS,
  default: 'stable',
};

function policy(routes: readonly RouteSpec[], name = 'shop', namespace = 'shop'): Policy {
  return {
    metadata: { name, namespace },
    spec: { filters: [{ at: 'gateway', namespace: 'istio-ingress' }], routes },
  };
}

interface HttpRoute {
  readonly name: string;
  readonly match?: object;
  readonly retries?: { readonly attempts: number; readonly retryOn: string };
}

interface Subset {
  readonly name: string;
  readonly labels: object;
  readonly trafficPolicy?: {
    readonly loadBalancer: { readonly localityLbSetting: { failoverPriority: string[] } };
    readonly outlierDetection: object;
  };
}

function specOf(kind: string, route: Partial<RouteSpec>): unknown {
  const { resources } = renderRoutes([policy([{ ...reviews, ...route }])]);
  return resources.find((one) => one.kind === kind)?.spec;
}

function httpOf(route: Partial<RouteSpec>): readonly HttpRoute[] {
  return (specOf('VirtualService', route) as { http: HttpRoute[] }).http;
}

function subsetOf(route: Partial<RouteSpec>, name: string): Subset {
  const { subsets } = specOf('DestinationRule', route) as { subsets: Subset[] };
  return subsets.find((one) => one.name === name)!;
}

function order(route: Partial<RouteSpec>): string[] {
  return httpOf(route).map(({ name, match }) => `${name.split('/')[2]}${match ? '' : ' always'}`);
}

describe('routes', () => {
  it('are rendered as they were', () => {
    const all: RouteSpec = {
      ...reviews,
      gateways: ['mesh', 'istio-ingress/public'],
      fallback: 'stable',
      faults: {
        canary: { delay: { fixed: '500ms', percent: 12.5 }, abort: { status: 503, percent: 0 } },
      },
      timeout: '10s',
      retries: { attempts: 3, perTryTimeout: '2s', retryOn: ['connect-failure', '503'] },
      outlierDetection: { consecutiveErrors: 3, baseEjectionTime: '1m' },
      connection: { connectTimeout: '1s', keepalive: { time: '30s', interval: '5s', probes: 3 } },
    };
    const three: RouteSpec = {
      ...reviews,
      host: 'ratings.data.svc.cluster.local',
      versions: {
        ...VERSIONS,
        'Feat 1': { labels: { version: 'v3' }, when: { 'X-Stage': 'pre' } },
      },
      fallback: 'stable',
      port: 9080,
    };
    const { resources, notes } = renderRoutes([
      policy([reviews, { ...all, host: 'details' }, three]),
    ]);
    expectGolden('istio-routes.yaml', toYaml(resources, notes.join('\n')));
  });

  it('have the rule beside the service, where proxies of other namespaces look for it', () => {
    const places = (host: string) =>
      renderRoutes([policy([{ ...reviews, host }])]).resources.map(
        ({ metadata }) => metadata.namespace,
      );
    expect(places('reviews')).toEqual(['shop', 'shop']);
    expect(places('reviews.data.svc.cluster.local')).toEqual(['data', 'shop']);
    expect(places('api.example.com')).toEqual(['shop', 'shop']);
  });

  it('name the objects that another tool would own', () => {
    const { resources, notes } = renderRoutes([policy([reviews])], { only: 'routes' });
    expect(resources.map(({ kind }) => kind)).toEqual(['DestinationRule', 'VirtualService']);
    expect(notes.join()).toContain('shop/tagalong-reviews');
  });

  it('come after all subsets that they lead to', () => {
    const routes = ['a', 'b'].map((host) => ({ ...reviews, host }));
    const { resources } = renderRoutes([policy(routes)]);
    expect(resources.map(({ kind }) => kind)).toEqual([
      ...['DestinationRule', 'DestinationRule'],
      ...['VirtualService', 'VirtualService'],
    ]);
  });

  it.each([
    ['reviews.shop', 'reviews.shop.svc.cluster.local'],
    ['reviews.data.svc', 'reviews.data.svc.cluster.local'],
    ['reviews', undefined],
    ['example.com', undefined],
    ['reviews.shop.svc.cluster.local', undefined],
  ])('of host %s are told of what Istio takes for another', (host, wanted) => {
    const { notes } = renderRoutes([policy([{ ...reviews, host }])]);
    expect(notes.join()).toBe(
      wanted === undefined
        ? ''
        : `spec.routes[0].host: ${host} is a full name to Istio, and no service's: wanted ${wanted}`,
    );
  });

  it('do not bury all other notes where there are hundreds', () => {
    const hosts = Array.from({ length: 500 }, (_, index) => `service-${index}`);
    const routes = hosts.map((host) => ({ ...reviews, host, fallback: 'stable' }));
    const { notes } = renderRoutes([policy(routes)]);
    expect(notes).toHaveLength(6);
    expect(notes.at(-1)).toBe('495 more notes like the last of spec.routes');
  });
});

describe('the order of versions', () => {
  it('does not depend on the file', () => {
    const a = { labels: { version: 'a' }, when: { 'x-a': '1' } };
    const b = { labels: { version: 'b' }, when: { 'x-b': '1' } };
    const ab = { labels: { version: 'ab' }, when: { 'x-b': '1', 'x-a': '1' } };
    const stable = { version: 'v1' };
    const wanted = ['ab', 'a', 'b', 'stable always'];
    expect(order({ versions: { stable, b, a, ab } })).toEqual(wanted);
    expect(order({ versions: { ab, a, stable, b } })).toEqual(wanted);
  });

  it('tries the default only where another version would catch its tags', () => {
    const stable = { labels: { version: 'v1' }, when: { 'x-a': '1', 'x-b': '1' } };
    const caught = { labels: { version: 'v2' }, when: { 'X-A': '1' } };
    const apart = { labels: { version: 'v2' }, when: { 'x-a': '2' } };
    expect(order({ versions: { stable, caught } })).toEqual(['stable', 'caught', 'stable always']);
    expect(order({ versions: { stable, apart } })).toEqual(['apart', 'stable always']);
  });
});

describe('a fallback', () => {
  it('is a priority where labels tell both versions from all others', () => {
    const versions = {
      stable: { app: 'reviews', version: 'v1', zone: 'a' },
      canary: { app: 'reviews', version: 'v2', stage: 'pre' },
    };
    const { labels, trafficPolicy } = subsetOf({ versions, fallback: 'stable' }, 'canary');
    expect(labels).toEqual({ app: 'reviews' });
    const setting = trafficPolicy?.loadBalancer.localityLbSetting;
    expect(setting?.failoverPriority).toEqual(['stage=pre', 'version=v2']);
    const third = { ...versions, third: { app: 'other', version: 'v3' } };
    expect(subsetOf({ versions: third, fallback: 'stable' }, 'canary').labels).toEqual(labels);
  });

  it('is an aggregate cluster where a third version would be caught', () => {
    const versions = { ...VERSIONS, third: { version: 'v3' } };
    const route = { ...reviews, versions, fallback: 'stable', port: 9080 };
    expect(subsetOf(route, 'canary').labels).toEqual({ version: 'v2' });
    const filters = renderRoutes([policy([route])]).resources.filter(
      ({ kind }) => kind === 'EnvoyFilter',
    );
    expect(filters.map(({ metadata }) => metadata.namespace)).toEqual(['shop', 'istio-ingress']);
    const text = JSON.stringify(filters[0]);
    const host = 'reviews.shop.svc.cluster.local';
    expect(text).toContain(`["outbound|9080|canary|${host}","outbound|9080|stable|${host}"]`);
  });

  it('takes a label that a third version does not name for one that its pods may have', () => {
    const app = { app: 'reviews' };
    const versions = {
      ...{ stable: { ...app, version: 'v1' }, canary: { ...app, version: 'v2' } },
      third: { version: 'v3' },
    };
    expect(subsetOf({ versions, fallback: 'stable' }, 'canary').labels).toEqual(versions.canary);
  });

  it('is none where the version has the pods of the other already', () => {
    const versions = { stable: { app: 'a', version: 'v1' }, canary: { app: 'a' } };
    expect(subsetOf({ versions, fallback: 'stable' }, 'canary')).toEqual({
      ...{ name: 'canary', labels: { app: 'a' } },
    });
  });

  it('that needs a port and has none is told', () => {
    const versions = { ...VERSIONS, third: { version: 'v3' } };
    const { notes, resources } = renderRoutes([
      policy([{ ...reviews, versions, fallback: 'stable' }]),
    ]);
    expect(notes.join()).toContain('wanted spec.routes[0].port');
    expect(resources).toHaveLength(2);
  });

  it('ejects fast on the version that has one, and never on the one that others need', () => {
    const fast = subsetOf({ fallback: 'stable' }, 'canary').trafficPolicy?.outlierDetection;
    expect(fast).toMatchObject({ consecutiveLocalOriginFailures: 1, maxEjectionPercent: 100 });
    const outlierDetection = { maxEjectionPercent: 50, consecutiveErrors: 3 };
    const own = subsetOf({ fallback: 'stable', outlierDetection }, 'canary').trafficPolicy;
    expect(own?.outlierDetection).toMatchObject({
      ...{ consecutiveGatewayErrors: 3, maxEjectionPercent: 50 },
    });
    expect(subsetOf({ fallback: 'stable' }, 'stable')).not.toHaveProperty('trafficPolicy');
    expect(subsetOf({}, 'canary')).not.toHaveProperty('trafficPolicy');
  });
});

describe('retries', () => {
  const retriesOf = (route: Partial<RouteSpec>) => httpOf(route).map(({ retries }) => retries);

  it('are left to Istio unless asked for', () => {
    expect(retriesOf({})).toEqual([undefined, undefined]);
    expect(retriesOf({ retries: { attempts: 0 } })[0]?.attempts).toBe(0);
  });

  it('repeat nothing that was sent, unless told to, which is noted', () => {
    expect(retriesOf({ retries: { attempts: 2 } })[0]?.retryOn).toBe(
      'connect-failure,refused-stream',
    );
    const notes = (on: string[]) =>
      renderRoutes([policy([{ ...reviews, retries: { attempts: 2, retryOn: on } }])]).notes.join();
    expect(notes(['503', 'connect-failure'])).toContain('retries.retryOn: 503 sends');
    expect(notes(['connect-failure', 'refused-stream', 'reset-before-request'])).toBe('');
  });

  it('of a version that falls back reach the fallback', () => {
    const [canary, stable] = retriesOf({ fallback: 'stable' });
    expect(canary).toMatchObject({ attempts: 2, retryRemoteLocalities: true });
    expect(stable).toBeUndefined();
    const notes = (retries: RetrySpec) =>
      renderRoutes([policy([{ ...reviews, fallback: 'canary', retries }])]).notes.filter((note) =>
        note.includes('to reach canary'),
      );
    expect(notes({ attempts: 1 })).toHaveLength(1);
    expect(notes({ attempts: 2, retryOn: ['refused-stream'] })).toHaveLength(1);
    expect(notes({ attempts: 2 })).toEqual([]);
  });
});

describe('notes', () => {
  const notes = (route: Partial<RouteSpec>) =>
    renderRoutes([policy([{ ...reviews, ...route }])]).notes;

  it('tell of an idle timeout that is not below that of Node', () => {
    expect(notes({ connection: { idleTimeout: '5s' } }).join()).toContain('5 s');
    expect(notes({ connection: { idleTimeout: '1m' } })).toHaveLength(1);
    expect(notes({ connection: { idleTimeout: '4999ms' } })).toEqual([]);
    expect(notes({ connection: {} })).toEqual([]);
    expect(specOf('DestinationRule', { connection: {} })).toMatchObject({
      trafficPolicy: { connectionPool: { http: { idleTimeout: '4s' } } },
    });
  });

  it('tell of a fault that everybody gets', () => {
    expect(notes({ faults: { stable: { abort: { status: 500 } } } }).join()).toContain('default');
    expect(notes({ faults: { canary: { abort: { status: 500 } } } })).toEqual([]);
  });
});

describe('routes that cannot be rendered', () => {
  it('are those of a host that is routed already', () => {
    const full = { ...reviews, host: 'reviews.shop.svc.cluster.local' };
    const twice = () => renderRoutes([policy([reviews]), policy([full], 'other', 'b')]);
    expect(twice).toThrow(/policy b\/other, .*spec\.routes\[0\] of policy shop\/shop/);
    expect(() => renderRoutes([policy([reviews, reviews])])).toThrow('spec.routes[1].host');
    expect(() => renderRoutes([policy([reviews]), policy([reviews], 'other', 'b')])).not.toThrow();
  });

  it.each([
    ['default', { default: 'gone' }],
    ['fallback', { fallback: 'gone' }],
    ['faults', { faults: { gone: {} } }],
  ])('are those whose %s is no version', (key, route) => {
    const all = policy([{ ...reviews, ...route }]);
    expect(() => renderRoutes([all])).toThrow(`spec.routes[0].${key}: found "gone", wanted one of`);
  });
});
