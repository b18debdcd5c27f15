// har: the requests of an HTTP archive, as browsers and proxies save them (HAR 1.2). Pure.

import { RequestSyntaxError, type SentRequest, wellFormed } from './sent-request.js';

/**
 * @param file the parsed JSON
 * @throws RequestSyntaxError with the path of what is wrong
 */
export function harRequests(file: unknown): SentRequest[] {
  const entries = isRecord(file) && isRecord(file.log) ? file.log.entries : undefined;
  if (!Array.isArray(entries)) {
    throw new RequestSyntaxError('found JSON without log.entries, wanted an HTTP archive (HAR)');
  }
  const starts = entries.map((entry) =>
    isRecord(entry) ? Date.parse(String(entry.startedDateTime)) : NaN,
  );
  // Archives hold more entries than a call takes arguments.
  const first = starts.reduce((least, start) => (start < least ? start : least), Infinity);
  return entries.map((entry, at) => {
    const request = isRecord(entry) ? entry.request : undefined;
    const place = `log.entries[${at}].request`;
    if (!isRecord(request) || typeof request.url !== 'string') {
      throw new RequestSyntaxError(`${place}: found no url, wanted one`);
    }
    const start = starts[at] ?? NaN;
    return {
      ...checked(requestOf(request, request.url, place), place),
      ...(Number.isNaN(start) ? {} : { atMs: start - first }),
    };
  });
}

function requestOf(request: Record<string, unknown>, text: string, place: string): SentRequest {
  if (!URL.canParse(text)) {
    throw new RequestSyntaxError(`${place}.url: found ${JSON.stringify(text)}, wanted a URL`);
  }
  const url = new URL(text);
  const list = Array.isArray(request.headers) ? request.headers.filter(isRecord) : [];
  const headers = list.map(
    ({ name, value }) => [String(name).toLowerCase(), String(value)] as const,
  );
  const find = (name: string) => headers.find(([other]) => other === name)?.[1];
  const body = isRecord(request.postData) ? request.postData.text : undefined;
  return {
    method: typeof request.method === 'string' ? request.method.toUpperCase() : 'GET',
    path: url.pathname + url.search,
    authority: find(':authority') ?? find('host') ?? url.host,
    // HTTP/2's pseudo-headers stand among the others in what browsers save.
    headers: headers.filter(([name]) => name !== 'host' && !name.startsWith(':')),
    ...(typeof body === 'string' ? { body } : {}),
  };
}

function checked(request: SentRequest, place: string): SentRequest {
  try {
    return wellFormed(request);
  } catch (error) {
    if (!(error instanceof RequestSyntaxError)) throw error;
    throw new RequestSyntaxError(`${place}.${error.message}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
