// curl: a command of curl, or `POST /login -H …`, as a request. An option that is not known is
// refused, since it might change what a filter sees. Pure.

import { type CurlDraft, FLAGS, IGNORED, SHORT, VALUES } from './curl-options.js';
import { RequestSyntaxError, type SentRequest, wellFormed } from './sent-request.js';
import { shellQuote } from './shell-words.js';

/**
 * @param words `curl URL …`, `METHOD URL …` or `URL …`; the URL may be a path
 * @throws RequestSyntaxError
 */
export function readRequest(words: readonly string[]): SentRequest {
  const draft: CurlDraft = {
    urls: [],
    method: undefined,
    headers: [],
    removed: [],
    data: [],
    json: false,
    form: false,
    get: false,
    head: false,
  };
  const left = words[0] === 'curl' ? words.slice(1) : [...words];
  if (words[0] !== 'curl' && /^[A-Z]{3,}$/.test(left[0] ?? '')) draft.method = left.shift();
  while (left.length > 0) readWord(draft, left);
  return wellFormed(requestOf(draft));
}

/** The request as a command that `readRequest` reads. */
export function curlCommand({ method, path, authority, headers, body }: SentRequest): string {
  const words = ['curl', '-X', method, `http://${authority ?? 'localhost'}${path}`];
  for (const [name, value] of headers)
    words.push('-H', value === '' ? `${name};` : `${name}: ${value}`);
  if (body !== undefined) words.push('--data-raw', body);
  return words.map(shellQuote).join(' ');
}

function readWord(draft: CurlDraft, left: string[]): void {
  const word = left.shift() ?? '';
  if (!word.startsWith('-') || word === '-') {
    draft.urls.push(word);
    return;
  }
  if (word.startsWith('--')) {
    const [name = '', value] = word.slice(2).split(/=(.*)/s);
    readOption(draft, name, word, value === undefined ? left : [value, ...left], left);
    return;
  }
  // -sSXPOST: flags one behind the other, the last may have its value behind it.
  for (let at = 1; at < word.length; at += 1) {
    const name = SHORT[word[at] ?? ''] ?? '';
    const rest = word.slice(at + 1);
    if (VALUES[name] !== undefined && rest !== '') {
      readOption(draft, name, word, [rest], []);
      return;
    }
    readOption(draft, name, `-${word[at]}`, left, left);
  }
}

function readOption(
  draft: CurlDraft,
  name: string,
  word: string,
  values: string[],
  left: string[],
): void {
  const take = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
  if (take !== undefined) {
    const [value] = values;
    if (value === undefined) throw new RequestSyntaxError(`${word}: found no value, wanted one`);
    if (values === left) left.shift();
    take(draft, value);
    return;
  }
  const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flag !== undefined) flag(draft);
  else if (!IGNORED.has(name)) {
    throw new RequestSyntaxError(`found ${word}, which is no option of curl that is known here`);
  }
}

function requestOf(draft: CurlDraft): SentRequest {
  const { urls, headers, removed, json, form, get, head } = draft;
  const [url] = urls;
  if (url === undefined) throw new RequestSyntaxError('found no URL, wanted one, or a path');
  if (urls.length > 1) {
    const hint = /^[a-z]+$/.test(url) ? ': a method is in capitals' : '';
    throw new RequestSyntaxError(`found two URLs, ${url} and ${urls[1]}, wanted one${hint}`);
  }
  const { authority, path } = targetOf(url);
  const body = draft.data.length === 0 ? undefined : draft.data.join('&');
  const sends = (body !== undefined && !get) || form;
  const type = json
    ? 'application/json'
    : form
      ? 'multipart/form-data'
      : 'application/x-www-form-urlencoded';
  const has = (name: string) => headers.some(([other]) => other.toLowerCase() === name);
  const all = [
    ...headers,
    ...(sends && !has('content-type') ? [['content-type', type] as const] : []),
    ...(json && !has('accept') ? [['accept', 'application/json'] as const] : []),
  ].map(([name, value]) => [name.toLowerCase(), value] as const);
  const host = all.find(([name]) => name === 'host')?.[1] ?? authority;
  const join = path.includes('?') ? '&' : '?';
  return {
    method: draft.method ?? (head ? 'HEAD' : sends ? 'POST' : 'GET'),
    path: get && body !== undefined ? `${path}${join}${body}` : path,
    ...(host === undefined ? {} : { authority: host }),
    headers: all.filter(([name]) => name !== 'host' && !removed.includes(name)),
    ...(body === undefined || get ? {} : { body }),
  };
}

/** A fragment never leaves the client. */
function targetOf(url: string): { authority?: string; path: string } {
  const [plain = ''] = url.split('#');
  if (plain.startsWith('/')) return { path: plain };
  const [, authority, path = ''] =
    /^(?:[a-z][a-z\d+.-]*:\/\/)?(?:[^/?]*@)?([^/?@]+)(.*)$/is.exec(plain) ?? [];
  if (authority === undefined || /^[a-z][a-z\d+.-]*:\/\/(?:[/?]|$)/i.test(plain)) {
    throw new RequestSyntaxError(`found ${JSON.stringify(url)}, wanted a URL or a path`);
  }
  return { authority, path: path.startsWith('/') ? path : `/${path}` };
}
