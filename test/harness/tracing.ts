// tracing: Envoy's own tracers around a filter, as Istio configures them, and a collector that
// keeps the spans they report.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Cluster } from './bootstrap.js';

const TYPE = 'type.googleapis.com/';
const CLUSTER = 'span-collector';

export type Tracer = 'zipkin' | 'opentelemetry';

export interface TracingOptions {
  readonly tracer: Tracer;
  /** Percent of the requests whose caller has not decided; default 100. */
  readonly sampling?: number;
  /** The router's call is a span of its own. */
  readonly spawnUpstreamSpan?: boolean;
  /** Fields of HttpConnectionManager.Tracing set against their defaults. */
  readonly more?: object;
}

/** A listener's `manager` with a tracer. */
export function tracing(options: TracingOptions): object {
  const { tracer, sampling = 100, spawnUpstreamSpan = false, more = {} } = options;
  return {
    tracing: {
      provider: tracer === 'zipkin' ? zipkin() : opentelemetry(),
      random_sampling: { value: sampling },
      spawn_upstream_span: spawnUpstreamSpan,
      ...more,
    },
  };
}

/** A listener's `manager` with filters behind the router: a tracer has written before them. */
export function upstream(filters: readonly object[], before: readonly object[] = []): object {
  const codec = {
    name: 'envoy.filters.http.upstream_codec',
    typed_config: {
      '@type': `${TYPE}envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec`,
    },
  };
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: {
      '@type': `${TYPE}envoy.extensions.filters.http.router.v3.Router`,
      upstream_http_filters: [...filters, codec],
    },
  };
  return { http_filters: [...before, router] };
}

/** A bootstrap whose tracers report every span at once. */
export function reportingAtOnce(bootstrap: object): object {
  const flush = { min_flush_spans: 1, flush_interval_ms: 50 };
  const layer = { tracing: { zipkin: flush, opentelemetry: flush } };
  return {
    ...bootstrap,
    layered_runtime: { layers: [{ name: 'tracing', static_layer: layer }] },
  };
}

function zipkin(): object {
  return {
    name: 'envoy.tracers.zipkin',
    typed_config: {
      '@type': `${TYPE}envoy.config.trace.v3.ZipkinConfig`,
      collector_cluster: CLUSTER,
      collector_endpoint: '/api/v2/spans',
      collector_endpoint_version: 'HTTP_JSON',
      trace_id_128bit: true,
      shared_span_context: false,
    },
  };
}

function opentelemetry(): object {
  return {
    name: 'envoy.tracers.opentelemetry',
    typed_config: {
      '@type': `${TYPE}envoy.config.trace.v3.OpenTelemetryConfig`,
      service_name: 'tagalong',
      http_service: {
        http_uri: { uri: 'http://collector.test/v1/traces', cluster: CLUSTER, timeout: '1s' },
      },
    },
  };
}

/** Ids in lower-case hex; no parent: ''. */
export interface Span {
  readonly tracer: Tracer;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  /** SERVER of a listener, CLIENT of a call. */
  readonly kind: string;
}

export interface SpanCollector {
  /** For bootstrap(). */
  readonly cluster: Cluster;
  /** What was reported, oldest first. */
  readonly spans: readonly Span[];
  close(): Promise<void>;
}

export async function startSpanCollector(): Promise<SpanCollector> {
  const spans: Span[] = [];
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    spans.push(...(req.url === '/v1/traces' ? otlpSpans(body) : zipkinSpans(body)));
    res.writeHead(req.url === '/v1/traces' ? 200 : 202).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    cluster: { name: CLUSTER, port: (server.address() as AddressInfo).port },
    spans,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function zipkinSpans(body: Buffer): Span[] {
  const all: { traceId: string; id: string; parentId?: string; kind: string }[] = JSON.parse(
    body.toString(),
  );
  return all.map(({ traceId, id, parentId = '', kind }) => {
    return { tracer: 'zipkin', traceId, spanId: id, parentId, kind };
  });
}

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];

/** ExportTraceServiceRequest > ResourceSpans > ScopeSpans > Span, of opentelemetry-proto. */
function otlpSpans(body: Buffer): Span[] {
  const inside = (of: readonly Message[], field: number) =>
    of.flatMap((message) => message.bytes(field)).map((bytes) => new Message(bytes));
  const spans = inside(inside(inside([new Message(body)], 1), 2), 2);
  return spans.map((span) => {
    const hex = (field: number) => span.bytes(field)[0]?.toString('hex') ?? '';
    const kind = KINDS[span.number(6)] ?? '';
    return { tracer: 'opentelemetry', traceId: hex(1), spanId: hex(2), parentId: hex(4), kind };
  });
}

/** The fields of one protobuf message. */
class Message {
  readonly #fields: { readonly field: number; readonly value: Buffer | number }[] = [];

  constructor(bytes: Buffer) {
    let at = 0;
    const varint = () => {
      let value = 0;
      for (let scale = 1; ; scale *= 128) {
        const byte = bytes[at++] ?? 0;
        value += (byte & 127) * scale;
        if (byte < 128) return value;
      }
    };
    const take = (size: number) => {
      at += size;
      return bytes.subarray(at - size, at);
    };
    while (at < bytes.length) {
      const tag = varint();
      const wire = tag % 8;
      const size = wire === 1 ? 8 : wire === 5 ? 4 : 0;
      const value = wire === 0 ? varint() : take(wire === 2 ? varint() : size);
      this.#fields.push({ field: Math.floor(tag / 8), value });
    }
  }

  bytes(field: number): Buffer[] {
    return this.#fields.filter((one) => one.field === field).map(({ value }) => value as Buffer);
  }

  number(field: number): number {
    return (this.#fields.find((one) => one.field === field)?.value ?? 0) as number;
  }
}
