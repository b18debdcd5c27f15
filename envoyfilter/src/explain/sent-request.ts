// sent-request: a request as files and command lines hold it, without the place where it is seen.

/** A request without its place. */
export interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly authority?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Since the first request of its file. */
  readonly atMs?: number;
  /** Where it stands, for those who look for it: `requests.txt:3`. */
  readonly source?: string;
}

/** It is no command that can be read. The message says what came and what is wanted. */
export class RequestSyntaxError extends Error {
  override readonly name = 'RequestSyntaxError';
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
const METHOD = /^[A-Z][A-Z-]*$/;
const PATH = /^[!-~]+$/;
const TARGET = /^[^\0-\x20\x7f]+$/;
const VALUE = /^[\t\x20-\x7e\u0080-\u{10ffff}]*$/u;

/** @throws RequestSyntaxError where no proxy would take it for a request */
export function wellFormed(request: SentRequest): SentRequest {
  const { method, path, authority = 'localhost', headers } = request;
  const refuse = (what: string, found: string, wanted: string) => {
    throw new RequestSyntaxError(`${what}: found ${JSON.stringify(found)}, wanted ${wanted}`);
  };
  // Envoy answers 400 to the others, before any filter runs.
  if (!METHOD.test(method)) refuse('method', method, 'one word in capitals such as GET');
  if (!PATH.test(path)) refuse('path', path, `it as ASCII without blanks: ${escaped(path)}`);
  if (!TARGET.test(authority)) refuse('host', authority, 'a host, with a port or without');
  for (const [name, value] of headers) {
    if (!TOKEN.test(name)) refuse('header', name, 'a name such as x-user-id');
    if (!VALUE.test(value)) refuse(`header ${name}`, value, 'no control characters');
  }
  return request;
}

function escaped(path: string): string {
  return path.replace(/[^!-~]+/g, (part) =>
    Buffer.from(part, 'utf8')
      .toString('hex')
      .replace(/../g, (hex) => `%${hex.toUpperCase()}`),
  );
}

/** Envoy's defaults for max_headers_count and max_request_headers_kb. */
const HEADERS_MAX = 100;
const HEADERS_BYTES_MAX = 60 * 1024;

/** What to say of a request that does not come as far as the filters. */
export function tooLarge({ path, headers }: SentRequest): string | undefined {
  // With its host.
  const count = headers.length + 1;
  const answer = 'Envoy answers 431 before any filter runs, unless it is told to take more';
  if (count > HEADERS_MAX) return `${count} headers: ${answer}`;
  const bytes = headers.reduce(
    (sum, [name, value]) => sum + name.length + Buffer.byteLength(value),
    path.length,
  );
  return bytes > HEADERS_BYTES_MAX ? `headers of ${bytes} bytes: ${answer}` : undefined;
}
