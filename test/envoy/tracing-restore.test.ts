// What the filter restores beside Envoy's own tracers: everything where the tracer writes no
// context, everything but the trace where it does. The table of the README.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, type Listener, route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { entryFor } from '../harness/host.js';
import { type SpanCollector, startSpanCollector, tracing } from '../harness/tracing.js';
import { WASM_PATH } from '../harness/wasm.js';

type Headers = Readonly<Record<string, string>>;
const TRACERS = ['zipkin', 'opentelemetry'] as const;
const TRACE = 'c1'.repeat(16);
const SPAN = 'c2'.repeat(8);

/** What another service of the mesh sends. */
const INCOMING: Headers = {
  b3: `${TRACE}-${SPAN}-1`,
  traceparent: `00-${TRACE}-${SPAN}-01`,
  tracestate: 'caller=1',
  'x-traffic-tag': 'canary',
  baggage: 'tenant=7',
};

const sections = (write: string[]) => ({
  tags: [{ header: 'x-traffic-tag' }],
  propagate: { headers: ['x-traffic-tag', 'baggage'], formats: { write } },
});

describe.each(['1.40.0', '1.36.4'])('the filter beside the tracers of Envoy %s', (version) => {
  const filter = (direction: 'inbound' | 'outbound', write = ['b3multi', 'w3c']) =>
    staticFilter(entryFor(sections(write), 'tracing/policy/0', direction), {
      wasmPath: WASM_PATH,
      envoy: version,
    });
  const outbound = [filter('outbound')];
  const routes = [route('next')];
  const listeners: Listener[] = [
    { name: 'no tracer', filters: outbound, routes },
    ...TRACERS.flatMap((tracer): Listener[] => {
      const manager = tracing({ tracer });
      const more = { no_context_propagation: true };
      return [
        { name: `${tracer} inbound`, filters: [filter('inbound')], routes, manager },
        { name: `${tracer}`, filters: outbound, routes, manager },
        { name: `${tracer}, write: []`, filters: [filter('outbound', [])], routes, manager },
        { name: `${tracer}, quiet`, filters: outbound, routes, manager: tracing({ tracer, more }) },
      ];
    }),
    // Envoy 1.38 is the first to know the option.
  ].filter(({ name }) => version !== '1.36.4' || !name.endsWith(', quiet'));

  let envoy: EnvoyProcess;
  let next: EchoServer;
  let collector: SpanCollector;

  beforeAll(async () => {
    next = await startEchoServer();
    collector = await startSpanCollector();
    const clusters = [{ name: 'next', port: next.port }, collector.cluster];
    const { path } = await findEnvoy({ version });
    envoy = await startEnvoy({ path, bootstrap: bootstrap(listeners, clusters) });
  });
  afterAll(async () => {
    await envoy?.stop();
    await collector?.close();
    await next?.close();
  });

  async function pass(listener: string, headers: Headers): Promise<Headers> {
    const { port } = await envoy.listener(listener);
    const { body } = await send({ port, headers: Object.entries(headers) });
    return Object.fromEntries((JSON.parse(body) as Echo).headers);
  }

  /** In through a traced sidecar, and out again with only the named headers of what the app saw. */
  async function through(inbound: string, outbound: string, forwards: string[]) {
    const seen = await pass(inbound, INCOMING);
    const forwarded = forwards.map((name) => [name, seen[name] ?? ''] as const);
    return { seen, arrived: await pass(outbound, Object.fromEntries(forwarded)) };
  }

  const RESTORED = {
    'x-b3-traceid': TRACE,
    'x-b3-spanid': SPAN,
    'x-b3-sampled': '1',
    traceparent: `00-${TRACE}-${SPAN}-01`,
    tracestate: 'caller=1',
  };
  /** An x-request-id but for the character of its sampling decision. */
  const masked = (id = '') => `${id.slice(0, 14)}-${id.slice(15)}`;

  describe.each(TRACERS)('%s', (tracer) => {
    const inbound = `${tracer} inbound`;
    const places = [
      tracer,
      `${tracer}, write: []`,
      'no tracer',
      ...(version === '1.36.4' ? [] : [`${tracer}, quiet`]),
    ];

    it.each(places)('%s: the tag, baggage and x-request-id always arrive', async (outbound) => {
      const { seen, arrived } = await through(inbound, outbound, ['x-request-id']);
      expect(arrived).toMatchObject({ 'x-traffic-tag': 'canary', baggage: 'tenant=7' });
      expect(masked(arrived['x-request-id'])).toBe(masked(seen['x-request-id']));
    });

    it('the trace arrives where no tracer writes one', async () => {
      for (const outbound of places.slice(2)) {
        const { arrived } = await through(inbound, outbound, ['x-request-id']);
        expect(arrived, outbound).toMatchObject(RESTORED);
      }
    });

    it('a tracer writes its own trace over the restored one', async () => {
      const { arrived } = await through(inbound, tracer, ['x-request-id']);
      const written =
        tracer === 'zipkin' ? arrived['x-b3-traceid'] : arrived.traceparent?.split('-')[1];
      expect(written).toMatch(/^[0-9a-f]{32}$/);
      expect(written).not.toBe(TRACE);
    });

    it('with nothing to write, the filter leaves the tracer its trace', async () => {
      const { arrived } = await through(inbound, `${tracer}, write: []`, ['x-request-id']);
      const names = Object.keys(arrived).filter((name) => /^(x-b3-|b3$|trace)/.test(name));
      const own = ['x-b3-sampled', 'x-b3-spanid', 'x-b3-traceid'];
      const state = ['traceparent', 'tracestate'];
      expect(names.sort()).toEqual(tracer === 'zipkin' ? own : state);
    });

    it('a forwarded trace goes on as a child of its span', async () => {
      const forwards = tracer === 'zipkin' ? ['b3'] : ['traceparent', 'tracestate'];
      const { arrived } = await through(inbound, tracer, forwards);
      const written = Object.values(arrived).filter((value) => value.includes(TRACE));
      expect(written.length).toBeGreaterThan(0);
      expect(arrived['x-traffic-tag']).toBe('canary');
    });
  });
});
