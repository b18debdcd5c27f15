// types: what compiles against the SDK's surface and what does not. Checked with all types of the
// project, and by package.test.ts as the published package; never run.

import { Agent, HttpsAgent, middleware } from '../../sdk-node/src/http.js';
import {
  bucket,
  type CallOptions,
  type Carrier,
  type Channels,
  type Context,
  configure,
  createFetch,
  type current,
  extract,
  type HeaderOption,
  type Hop,
  inject,
  type Mode,
  type Options,
  type Routes,
  run,
  type SidecarState,
  sidecar,
  TagalongError,
  tuneServer,
} from '../../sdk-node/src/index.js';

type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => {};

// ---- hops: direct is with TLS or, said in so many words, without; there is no third form.
export const hops: Hop[] = [
  { via: 'sidecar' },
  { via: 'proxy', url: 'http://central:15001' },
  { via: 'direct', address: 'reviews:9443', tls: {} },
  {
    via: 'direct',
    address: 'reviews:9443',
    tls: { servername: 'reviews', rejectUnauthorized: true },
  },
  { via: 'direct', address: 'reviews:9080', plaintext: true },
];
export const wrongHops: Hop[] = [
  // @ts-expect-error: neither with TLS nor in plain text
  { via: 'direct', address: 'reviews:9080' },
  // @ts-expect-error: not in plain text is no way
  { via: 'direct', address: 'reviews:9080', plaintext: false },
  // @ts-expect-error: TLS is options, not a switch
  { via: 'direct', address: 'reviews:9443', tls: true },
  // @ts-expect-error: no address
  { via: 'direct', plaintext: true },
  // @ts-expect-error: no URL
  { via: 'proxy' },
  // @ts-expect-error: another way
  { via: 'tunnel' },
  // @ts-expect-error: undefined is not plaintext
  { via: 'direct', address: 'reviews:9080', plaintext: undefined },
];
const routes: Routes = { 'reviews:9080': [hops[0]!], '*.shop.svc': hops } as const;
// @ts-expect-error: routes are read-only
routes.reviews = [];

// ---- options
const make: HeaderOption = { name: 'x-request-id', make: () => 'id' };
const options: Options = {
  enabled: true,
  headers: ['x-tenant', 'x-foo-*', { name: 'x-team', as: 'x-squad' }, make],
  mesh: ['*.example.com'] as const,
  mode: 'participate',
  sidecar: {
    expect: 'auto',
    probe: 'http://127.0.0.1:1/',
    graceMs: 1,
    holdMs: 0,
    proxy: 'unix:/a',
  },
  routes,
};
configure(options);
configure({});
configure({ sidecar: 'none' });
// @ts-expect-error: another mode
configure({ mode: 'w3c' });
// @ts-expect-error: another key
configure({ header: ['x-a'] });
// @ts-expect-error: another word
configure({ sidecar: 'maybe' });
// @ts-expect-error: a time is a number of milliseconds
configure({ sidecar: { holdMs: '30s' } });
// @ts-expect-error: a list
configure({ headers: 'x-a' });
same<Mode, 'verbatim' | 'sanitize' | 'participate'>(true);

// ---- contexts and carriers: the shape stays
same<ReturnType<typeof extract>, Context | undefined>(true);
same<ReturnType<typeof current>, Context | undefined>(true);
const context = extract({ 'x-request-id': 'r', accept: undefined, via: ['a', 'b'] as const });
extract(['x-request-id', 'r'] as const);
extract(new Headers());
extract(new Map([['a', 'b']]) as never satisfies Carrier);
const kept: { accept: string } = inject({ accept: '*/*' }, 'reviews', context);
const list: string[] = inject(['accept', '*/*'], new URL('http://reviews/'));
const headers: Headers = inject(new Headers(), 'reviews:9080');
// @ts-expect-error: where to is not optional: the authority decides
inject({});
// @ts-expect-error: a number is no header value
inject({ accept: 1 }, 'reviews');
context?.headers.get('b3')?.length;
// @ts-expect-error: what came is not to be changed
context?.headers.set('b3', '0');
run({ headers: new Map() }, () => {});
same<ReturnType<typeof run<Promise<7>>>, Promise<7>>(true);
const seven: 7 = run(undefined, () => 7 as const);
const slot: number = bucket('salt', 'identity');

// ---- errors, states, channels
const error = new TagalongError('TAGALONG_DEADLINE', 'over', { sent: 'maybe', cause: kept });
same<typeof error.sent, 'no' | 'maybe'>(true);
// @ts-expect-error: another code
new TagalongError('ECONNREFUSED', '');
// @ts-expect-error: a code does not change
error.code = 'TAGALONG_CONFIG';
error.attempts[0]?.via satisfies Hop['via'] | undefined;
sidecar.state satisfies SidecarState;
// @ts-expect-error: the state is the sidecar's own
sidecar.state = 'ready';
const skip: Channels['tagalong:skip'] = { authority: 'a', reason: 'outside-mesh' };
// @ts-expect-error: another reason
skip.reason = 'mood';

// ---- clients
const calls: CallOptions = {
  routes,
  retry: { attempts: 2, baseMs: 1, capMs: 2, budget: { ratio: 0.1 }, statuses: [503] as const },
  deadlineMs: 1000,
  breaker: { failures: 1 },
};
const survives: typeof fetch = createFetch(calls);
same<Awaited<ReturnType<typeof survives>>, Response>(true);
createFetch({ retry: false });
createFetch({ retry: { idempotent: ({ method, url }) => method === 'GET' && url.host === 'a' } });
// @ts-expect-error: either options or false
createFetch({ retry: true });
// @ts-expect-error: a misspelt option
createFetch({ deadline: 1000 });
// @ts-expect-error: a hop that is none
createFetch({ routes: { reviews: [{ via: 'direct', address: 'a:1' }] } });
const agent: import('node:http').Agent = new Agent({ keepAlive: true, routes, deadlineMs: 1 });
const secure: import('node:https').Agent = new HttpsAgent({ ca: 'x', breaker: { probeMs: 1 } });
// @ts-expect-error: an agent establishes connections, it repeats nothing
new Agent({ retry: false });
middleware() satisfies (
  request: import('node:http').IncomingMessage,
  response: import('node:http').ServerResponse,
  next: () => void,
) => void;

// ---- the sidecar's life
same<ReturnType<typeof sidecar.wait>, Promise<SidecarState>>(true);
sidecar.wait({ timeoutMs: 1, signal: AbortSignal.timeout(1) });
same<ReturnType<typeof sidecar.quit>, Promise<void>>(true);
const server: import('node:http').Server = tuneServer({} as import('node:http').Server, {
  proxyIdleMs: 1,
});

export const used = [list, headers, seven, slot, skip, agent, secure, server];
