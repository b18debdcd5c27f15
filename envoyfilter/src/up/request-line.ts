// request-line: what became of one request, from Envoy's access log to a line for people. Pure.
// The log is JSON, since what clients send is in it.

import { filterEntries, type Policy } from '../policy/policy.js';
import { type Endpoints, versionAt } from './endpoints.js';

const TYPE = 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog';
/** Tells the lines of requests from other output of Envoy. */
const MARK = 'tagalong-request';

/** One request as it was logged. `-` is Envoy's word for nothing. */
export interface RequestLine {
  readonly method: string;
  readonly path: string;
  /** By header; absent: no tag. */
  readonly tags: Readonly<Record<string, string>>;
  /** HOST/VERSION that the request was routed to; `-` where nothing is routed. */
  readonly route: string;
  /** HOST:PORT that answered; `-`: none. */
  readonly upstream: string;
  readonly status: number;
  /** Why the answer is what it is, Envoy's words. */
  readonly details: string;
  /** Envoy's flags, as `UF,URX`. */
  readonly flags: string;
  readonly failure: string;
  readonly ms: number;
}

/** The access log of a listener, by the tags of the policies. */
export function accessLogOf(policies: readonly Policy[]): object[] {
  const tags = tagHeaders(policies).map((header) => [`tag:${header}`, `%REQ(${header})%`]);
  const json_format = {
    mark: MARK,
    method: '%REQ(:METHOD)%',
    path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
    route: '%ROUTE_NAME%',
    upstream: '%UPSTREAM_HOST%',
    status: '%RESPONSE_CODE%',
    details: '%RESPONSE_CODE_DETAILS%',
    flags: '%RESPONSE_FLAGS%',
    failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
    ms: '%DURATION%',
    ...Object.fromEntries(tags),
  };
  const typed_config = { '@type': TYPE, path: '/dev/stdout', log_format: { json_format } };
  return [{ name: 'envoy.access_loggers.file', typed_config }];
}

function tagHeaders(policies: readonly Policy[]): string[] {
  const tags = policies
    .flatMap(filterEntries)
    .flatMap(({ configuration: { tags } }) => (Array.isArray(tags) ? tags : []))
    .map((tag: { header?: unknown } | null) => tag?.header)
    .filter((header): header is string => typeof header === 'string');
  return [...new Set(tags.map((header) => header.toLowerCase()))];
}

/** A line of Envoy's output; undefined where it is of no request. */
export function readRequestLine(line: string): RequestLine | undefined {
  if (!line.startsWith('{') || !line.includes(MARK)) return undefined;
  let log: Record<string, unknown>;
  try {
    log = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (log.mark !== MARK) return undefined;
  const word = (key: string) => String(log[key] ?? '-');
  const tags = Object.entries(log)
    .filter(([key, value]) => key.startsWith('tag:') && value !== null && value !== '-')
    .map(([key, value]) => [key.slice('tag:'.length), String(value)] as const);
  return {
    method: word('method'),
    path: word('path'),
    tags: Object.fromEntries(tags),
    route: word('route'),
    upstream: word('upstream'),
    status: Number(log.status ?? 0),
    details: word('details'),
    flags: word('flags'),
    failure: word('failure'),
    ms: Number(log.ms ?? 0),
  };
}

/** `200  GET /checkout  x-traffic-tag: canary → reviews/canary (127.0.0.1:3002)  3 ms` */
export function describeRequest(request: RequestLine, endpoints: Endpoints): string {
  const { method, path, tags, status, ms } = request;
  const tagged = Object.entries(tags).map(([header, value]) => `${header}: ${value}`);
  const tag = tagged.length === 0 ? 'no tag' : tagged.join(', ');
  // Envoy writes 0 for a client that was gone before the answer.
  const answer = status === 0 ? 'gone' : String(status);
  return `${answer.padEnd(4)} ${method} ${path}  ${tag} → ${destination(request, endpoints)}  ${ms} ms`;
}

function destination(request: RequestLine, endpoints: Endpoints): string {
  const { route, upstream, details, flags, failure } = request;
  if (details === 'tagalong_rate_limited') return 'answered by a limit';
  const reached = upstream === '-' ? undefined : versionAt(endpoints, upstream);
  const routed = route === '-' ? (reached ?? 'nobody') : route;
  if (/\bUH\b/.test(flags)) return `${routed}, which has no healthy endpoint`;
  if (/\bUF\b/.test(flags)) {
    const why = failure === '-' ? 'no connection' : failure.replaceAll('_', ' ');
    return `${routed} at ${upstream}, which cannot be reached (${why})`;
  }
  if (reached === undefined) return `answered by Envoy (${details})`;
  const at = reached === upstream ? '' : ` (${upstream})`;
  return reached === routed ? `${routed}${at}` : `${routed}, which is down → ${reached}${at}`;
}
