// What Envoy's own tracers leave of the headers that a filter writes on the way out. A tracer reads
// the caller's context before the filters run, and the router writes the span's behind them.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { bootstrap, type Listener, route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import {
  reportingAtOnce,
  type SpanCollector,
  startSpanCollector,
  type TracingOptions,
  tracing,
  upstream,
} from '../harness/tracing.js';

type Headers = Readonly<Record<string, string>>;
/** A filter that writes these headers into every request; in this file, nothing else is known. */
type Writer = (headers: Headers) => object;

const lua: Writer = (headers) => {
  const lines = Object.entries(headers).map(
    ([name, value]) =>
      `handle:headers():replace(${JSON.stringify(name)}, ${JSON.stringify(value)})`,
  );
  return {
    name: 'writer',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua',
      default_source_code: {
        inline_string: `function envoy_on_request(handle)\n${lines.join('\n')}\nend`,
      },
    },
  };
};

const APP = { trace: 'a1'.repeat(16), span: 'a2'.repeat(8) };
const KEPT = { trace: 'f1'.repeat(16), span: 'f2'.repeat(8), parent: 'f3'.repeat(8) };

/** What the filter remembers and writes. */
const WRITTEN: Headers = {
  'x-request-id': 'ffffffff-ffff-4fff-8fff-ffffffffffff',
  b3: `${KEPT.trace}-${KEPT.span}-1-${KEPT.parent}`,
  'x-b3-traceid': KEPT.trace,
  'x-b3-spanid': KEPT.span,
  'x-b3-parentspanid': KEPT.parent,
  'x-b3-sampled': 'true', // an old spelling of 1, to be told from a tracer's
  traceparent: `00-${KEPT.trace}-${KEPT.span}-01`,
  tracestate: 'filter=1',
  baggage: 'filter=1',
  'x-traffic-tag': 'canary',
};

/** What the application forwards. */
const FORWARDED = {
  nothing: {},
  'x-request-id': { 'x-request-id': '11111111-1111-4111-8111-111111111111' },
  'b3 in several headers': {
    'x-b3-traceid': APP.trace,
    'x-b3-spanid': APP.span,
    'x-b3-sampled': '1',
  },
  'b3 in one header': { b3: `${APP.trace}-${APP.span}-1` },
  'trace context of W3C': { traceparent: `00-${APP.trace}-${APP.span}-01`, tracestate: 'app=1' },
  baggage: { baggage: 'app=1' },
} satisfies Record<string, Headers>;
type Forwarded = keyof typeof FORWARDED;

/** The character of an x-request-id that says whether its request is sampled. */
const sampled = (id: string) => `${id.slice(0, 14)}9${id.slice(15)}`;

/**
 * Whose a header is that arrived: `app` and `filter` as they wrote it, with a + if Envoy set the
 * sampling character; `child`: the tracer's, of the application's span; `tracer`: its alone.
 */
function writerOf(name: string, value: string, forwarded: Headers): string {
  if (value === '') return 'empty';
  for (const [who, id] of [
    ['app', forwarded[name]],
    ['filter', WRITTEN[name]],
  ] as const) {
    if (value === id) return who;
    if (name === 'x-request-id' && id && value === sampled(id)) return `${who}+`;
  }
  if (name === 'x-request-id') return 'envoy';
  if (value.includes(KEPT.trace) || value.includes(KEPT.span)) return 'mixed';
  return value.includes(APP.trace) || value === APP.span ? 'child' : 'tracer';
}

const TRACED: TracingOptions[] = (['zipkin', 'opentelemetry'] as const).flatMap((tracer) =>
  [100, 0].flatMap((sampling) =>
    [false, true].map((spawnUpstreamSpan) => ({ tracer, sampling, spawnUpstreamSpan })),
  ),
);

function nameOf({ tracer, sampling, spawnUpstreamSpan }: TracingOptions): string {
  return `${tracer}, ${sampling} %, ${spawnUpstreamSpan ? 'two spans' : 'one span'}`;
}

/** What a tracer writes over what is there, and whose that then is. */
function traced(options: TracingOptions, forwarded: Forwarded, version: string): Headers {
  if (options.tracer === 'opentelemetry') {
    if (forwarded === 'trace context of W3C') return { traceparent: 'child', tracestate: 'app' };
    return { traceparent: 'tracer', tracestate: 'empty' };
  }
  const multi = { 'x-b3-traceid': 'tracer', 'x-b3-spanid': 'tracer', 'x-b3-sampled': 'tracer' };
  const parent = { 'x-b3-parentspanid': options.spawnUpstreamSpan ? 'tracer' : 'child' };
  switch (forwarded) {
    case 'b3 in one header':
      if (version !== '1.36.4') return { b3: 'child' };
      return { ...multi, ...parent, 'x-b3-traceid': 'child' };
    case 'b3 in several headers':
      return { ...multi, ...parent, 'x-b3-traceid': 'app', 'x-b3-sampled': 'app' };
    default:
      // The first span has no parent, and what is there as one stays: a mixture of two traces.
      return { ...multi, ...(options.spawnUpstreamSpan ? parent : {}) };
  }
}

/** Each of these headers is by `who`. */
const all = (headers: Headers, who: string): Headers =>
  Object.fromEntries(Object.keys(headers).map((name) => [name, who]));

describe.each(['1.40.0', '1.36.4'])('the tracers of Envoy %s', (version) => {
  const writer: Writer = lua;
  const filters = [writer(WRITTEN)];
  const routes = [route('next')];
  const quiet = { no_context_propagation: true };
  const listeners: Listener[] = [
    { name: 'no tracing', filters, routes },
    { name: 'no provider', filters, routes, manager: { tracing: {} } },
    ...TRACED.flatMap((options) => {
      const name = nameOf(options);
      const manager = tracing(options);
      const behind = { ...manager, ...upstream(filters) };
      return [
        { name: `${name}: no filter`, filters: [], routes, manager },
        { name: `${name}: filter`, filters, routes, manager },
        { name: `${name}: behind`, filters: [], routes, manager: behind },
        { name: `${name}: quiet`, filters, routes, manager: tracing({ ...options, more: quiet }) },
      ];
    }),
    // Envoy 1.38 is the first to know the option.
  ].filter(({ name }) => version !== '1.36.4' || !name.endsWith(': quiet'));

  let envoy: EnvoyProcess;
  let next: EchoServer;
  let collector: SpanCollector;

  beforeAll(async () => {
    next = await startEchoServer();
    collector = await startSpanCollector();
    const clusters = [{ name: 'next', port: next.port }, collector.cluster];
    const { path } = await findEnvoy({ version });
    envoy = await startEnvoy({ path, bootstrap: reportingAtOnce(bootstrap(listeners, clusters)) });
  });
  afterAll(async () => {
    await envoy?.stop();
    await collector?.close();
    await next?.close();
  });

  async function arriving(listener: string, forwarded: Headers): Promise<Map<string, string>> {
    const { port } = await envoy.listener(listener);
    const { body } = await send({ port, headers: Object.entries(forwarded) });
    const { headers } = JSON.parse(body) as Echo;
    return new Map(headers.filter(([name]) => name in WRITTEN));
  }

  /** Of each header that arrives, whose it is. */
  async function writers(listener: string, forwarded: Headers): Promise<Headers> {
    const arrived = await arriving(listener, forwarded);
    return Object.fromEntries(
      [...arrived].map(([name, value]) => [name, writerOf(name, value, forwarded)]),
    );
  }

  describe.each(TRACED.map((one) => [nameOf(one), one] as const))('%s', (name, options) => {
    const plus = options.sampling === 100 ? '+' : '';
    const cases = Object.entries(FORWARDED) as [Forwarded, Headers][];

    it('write over what the application forwards', async () => {
      for (const [forwarded, headers] of cases) {
        expect(await writers(`${name}: no filter`, headers), forwarded).toEqual({
          ...all(headers, 'app'),
          'x-request-id': forwarded === 'x-request-id' ? `app${plus}` : 'envoy',
          ...traced(options, forwarded, version),
        });
      }
    });

    it('write over what a filter writes', async () => {
      for (const [forwarded, headers] of cases) {
        expect(await writers(`${name}: filter`, headers), forwarded).toEqual({
          ...all(WRITTEN, 'filter'),
          'x-request-id': `filter${plus}`,
          ...traced(options, forwarded, version),
        });
      }
    });

    it('write nothing over what a filter behind the router writes', async () => {
      for (const [forwarded, headers] of cases) {
        const found = await writers(`${name}: behind`, headers);
        expect(found, forwarded).toEqual(all(WRITTEN, 'filter'));
      }
    });

    if (version !== '1.36.4') {
      it('write nothing where no context is propagated', async () => {
        for (const [forwarded, headers] of cases) {
          expect(await writers(`${name}: quiet`, headers), forwarded).toEqual({
            ...all(WRITTEN, 'filter'),
            'x-request-id': `filter${plus}`,
          });
        }
      });
    }

    if (options.sampling === 100) {
      it('have begun their span before a filter could name its parent', async () => {
        const arrived = await arriving(`${name}: filter`, {});
        const [, trace = '', span = ''] =
          options.tracer === 'zipkin'
            ? ['', arrived.get('x-b3-traceid'), arrived.get('x-b3-spanid')]
            : (arrived.get('traceparent') ?? '').split('-');
        const count = options.spawnUpstreamSpan ? 2 : 1;
        const spans = await vi.waitUntil(
          () => {
            const found = collector.spans.filter(({ traceId }) => traceId === trace);
            return found.length === count && found;
          },
          { timeout: 5000, interval: 20 },
        );
        const first = spans.find(({ parentId }) => parentId === '');
        const named = spans.find(({ spanId }) => spanId === span);
        expect(named?.parentId).toBe(options.spawnUpstreamSpan ? first?.spanId : '');
      });
    }
  });

  it('are not there without tracing, and without a provider write no trace', async () => {
    expect(await writers('no tracing', {})).toEqual(all(WRITTEN, 'filter'));
    expect(await writers('no provider', {})).toEqual({
      ...all(WRITTEN, 'filter'),
      'x-request-id': 'filter+',
    });
  });
});
