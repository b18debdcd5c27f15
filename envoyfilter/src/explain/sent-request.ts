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
const LINE = /^[^\0\r\n]*$/;

/** @throws RequestSyntaxError where no proxy would take it for a request */
export function wellFormed(request: SentRequest): SentRequest {
  const { method, path, headers } = request;
  const refuse = (what: string, found: string, wanted: string) => {
    throw new RequestSyntaxError(`${what}: found ${JSON.stringify(found)}, wanted ${wanted}`);
  };
  if (!TOKEN.test(method)) refuse('method', method, 'one word such as GET');
  if (!/^[^\0-\x20\x7f]+$/.test(path)) refuse('path', path, 'no spaces in it: they are %20');
  for (const [name, value] of headers) {
    if (!TOKEN.test(name)) refuse('header', name, 'a name such as x-user-id');
    if (!LINE.test(value)) refuse(`header ${name}`, value, 'a value of one line');
  }
  return request;
}
