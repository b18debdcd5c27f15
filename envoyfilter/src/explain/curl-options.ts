// curl-options: the options of curl, and what each says of the request. Those that change nothing
// of what a filter sees are named to be skipped.

import { RequestSyntaxError } from './sent-request.js';

/** What a command says, before curl's own rules make a request of it. */
export interface CurlDraft {
  urls: string[];
  method: string | undefined;
  headers: (readonly [string, string])[];
  /** Names that `-H 'Name:'` takes out. */
  removed: string[];
  data: string[];
  json: boolean;
  form: boolean;
  get: boolean;
  head: boolean;
}

type Take = (draft: CurlDraft, value: string) => void;

const header: Take = (draft, line) => {
  const at = line.indexOf(':');
  if (at > 0) {
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (value === '') draft.removed.push(name.toLowerCase());
    else draft.headers.push([name, value]);
  } else if (/^[^;]+;$/.test(line)) {
    draft.headers.push([line.slice(0, -1), '']);
  } else {
    throw new RequestSyntaxError(`-H: found ${JSON.stringify(line)}, wanted "Name: value"`);
  }
};
const data: Take = (draft, text) => void draft.data.push(text);
const skip: Take = () => {};

/** Options with a value, by long name. */
export const VALUES: Readonly<Record<string, Take>> = {
  request: (draft, method) => {
    draft.method = method;
  },
  header,
  cookie: (draft, text) => {
    if (!text.includes('=')) {
      const wanted = 'wanted "name=value": files of cookies are not read';
      throw new RequestSyntaxError(`-b: found ${JSON.stringify(text)}, ${wanted}`);
    }
    draft.headers.push(['cookie', text]);
  },
  data,
  'data-raw': data,
  'data-ascii': data,
  'data-binary': data,
  'data-urlencode': (draft, text) => {
    const at = text.indexOf('=');
    const [name, value] = at < 0 ? ['', text] : [text.slice(0, at + 1), text.slice(at + 1)];
    draft.data.push(name + encodeURIComponent(value));
  },
  json: (draft, text) => {
    draft.json = true;
    draft.data.push(text);
  },
  form: (draft) => {
    draft.form = true;
  },
  'user-agent': (draft, text) => void draft.headers.push(['user-agent', text]),
  referer: (draft, text) => void draft.headers.push(['referer', text]),
  user: (draft, text) => {
    const credentials = Buffer.from(text, 'utf8').toString('base64');
    draft.headers.push(['authorization', `Basic ${credentials}`]);
  },
  'oauth2-bearer': (draft, text) => void draft.headers.push(['authorization', `Bearer ${text}`]),
  url: (draft, text) => void draft.urls.push(text),
  output: skip,
  'max-time': skip,
  'connect-timeout': skip,
  retry: skip,
  'retry-delay': skip,
  'max-redirs': skip,
  proxy: skip,
  cacert: skip,
  cert: skip,
  key: skip,
  'write-out': skip,
  resolve: skip,
  'connect-to': skip,
  'cookie-jar': skip,
  interface: skip,
  'dump-header': skip,
};

/** Options without one. */
export const FLAGS: Readonly<Record<string, (draft: CurlDraft) => void>> = {
  get: (draft) => {
    draft.get = true;
  },
  head: (draft) => {
    draft.head = true;
  },
  compressed: (draft) => void draft.headers.push(['accept-encoding', 'deflate, gzip, br, zstd']),
};
/** Flags that change nothing of what a filter sees. */
export const IGNORED = new Set(
  (
    'silent show-error insecure verbose location include fail fail-with-body globoff no-buffer ' +
    'http1.0 http1.1 http2 http2-prior-knowledge http3 path-as-is progress-bar ipv4 ipv6 ' +
    'no-keepalive remote-name tcp-nodelay no-progress-meter'
  ).split(' '),
);
/** Long names of short options. */
export const SHORT: Readonly<Record<string, string>> = {
  X: 'request',
  H: 'header',
  b: 'cookie',
  d: 'data',
  F: 'form',
  A: 'user-agent',
  e: 'referer',
  u: 'user',
  o: 'output',
  m: 'max-time',
  x: 'proxy',
  E: 'cert',
  w: 'write-out',
  c: 'cookie-jar',
  D: 'dump-header',
  G: 'get',
  I: 'head',
  s: 'silent',
  S: 'show-error',
  k: 'insecure',
  v: 'verbose',
  L: 'location',
  i: 'include',
  f: 'fail',
  g: 'globoff',
  N: 'no-buffer',
  0: 'http1.0',
  '#': 'progress-bar',
  4: 'ipv4',
  6: 'ipv6',
  O: 'remote-name',
};
