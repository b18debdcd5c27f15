// Spellings of /login that would evade a condition on it, in real Envoys: with their own path
// options off, with either, and with all. Whatever Envoy lets through as one of them, the condition
// sees as /login; what it refuses or mends itself is said here.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import type { Answer } from '../harness/client.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { entryFor } from '../harness/host.js';
import { sendHttp2, sendRaw } from '../harness/raw-client.js';
import { WASM_PATH } from '../harness/wasm.js';

/** Options of the HTTP connection manager that change paths before a filter sees them. */
const OPTIONS = {
  none: {},
  normalize: { normalize_path: true },
  merge: { merge_slashes: true },
  all: {
    normalize_path: true,
    merge_slashes: true,
    path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
  },
} as const;
type Option = keyof typeof OPTIONS;
const names = Object.keys(OPTIONS) as Option[];

/** Written where the condition holds: with case, without it, and where only the slash is left. */
const WITNESS = 'x-login';
const FOLDED = 'x-login-folded';
const BELOW = 'x-login-below';

const EVASIONS = [
  '/login',
  '/login?x=1',
  '/login?/../x',
  '/%6cogin',
  '/log%69n',
  '/%6C%6f%67%69%6E',
  '//login',
  '///login',
  '/./login',
  '/x/../login',
  '/x/./../login',
  '/../login',
  '/x/%2e%2e/login',
  '/x/.%2E/login',
  '/%2e/login',
  '/x/y/../../login',
  '/login;jsessionid=1',
  '/login;',
  '/login%3bjsessionid=1',
  '/;v=1/login',
  '/x/..;/login',
  '/x/..;a=b/login',
  '/x/%2e%2e;/login',
  '/login/',
  '/login//',
  '/login/.',
  '/login/;v=1/',
  '/login/.;v=1',
  '/login/x/..',
  '/login%2f',
  '/%2flogin',
  '/%2Flogin%2F',
  '/\\login',
  '/%5clogin',
  '/login\\',
  '/x\\..\\login',
  '/x%5c..%5Clogin',
  '/x%2f..%2flogin',
  '/x/%2e%2e%2flogin',
];
/** These only where case does not count. */
const OTHER_CASE = ['/Login', '/LOGIN/', '/%4cogin', '/x/../%4COGIN;V=1'];
const NEIGHBOURS = [
  '/',
  '/loginx',
  '/login/x',
  '/login%2fx',
  '/login//x',
  '/login;v=1/x',
  '/xlogin',
  '/x/login',
  '/log/in',
  '/login/..',
  '/login/../x',
  '/x?/login',
  // Once decoded it is another name.
  '/%256cogin',
  '/x/%252e%252e/login',
  '/login%',
  '/login%3fx',
  '/login%23',
  '/login.',
  '/login...',
];

let upstream: EchoServer;
beforeAll(async () => {
  upstream = await startEchoServer();
});
afterAll(() => upstream?.close());

describe.each(['1.40.0', '1.36.4'])('a path in Envoy %s', (version) => {
  let envoy: EnvoyProcess;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    const rule = (when: object) => [{ when: { path: when }, value: 'yes' }];
    const filter = (id: string, sections: object) =>
      staticFilter(entryFor({ ...sections }, id), { wasmPath: WASM_PATH, envoy: version });
    const listeners = names.map((name) => ({
      name,
      // A connection that breaks the protocol is closed at once, not after a second.
      manager: { ...OPTIONS[name], delayed_close_timeout: '0.01s' },
      routes: [route('echo')],
      filters: [
        filter(`${name}/exact/0`, {
          tags: [
            { header: WITNESS, rules: rule({ exact: '/login' }) },
            { header: BELOW, rules: rule({ prefix: '/login/' }) },
          ],
        }),
        filter(`${name}/folded/0`, {
          paths: { ignoreCase: true },
          tags: [{ header: FOLDED, rules: rule({ exact: '/Login' }) }],
        }),
      ],
    }));
    const clusters = [{ name: 'echo', port: upstream.port }];
    envoy = await startEnvoy({ path, bootstrap: bootstrap(listeners, clusters) });
  });
  afterAll(() => envoy?.stop());

  /** Which witnesses came with the request, by protocol; or the status where none did. */
  async function seen(option: Option, target: string): Promise<Record<string, unknown>> {
    const { port } = await envoy.listener(option);
    const what = (answer: Answer | undefined) => {
      if (answer?.status !== 200) return answer?.status;
      const { headers } = JSON.parse(answer.body) as Echo;
      return [WITNESS, BELOW, FOLDED].filter((name) => headers.some(([key]) => key === name));
    };
    const [http1, http2] = [await sendRaw({ port, target }), await sendHttp2({ port, target })];
    return { target, http1: what(http1), http2: what(http2) };
  }

  describe.each(names)('with the options "%s"', (option) => {
    it('is /login in every spelling', async () => {
      const all = [WITNESS, BELOW, FOLDED];
      for (const target of EVASIONS) {
        expect.soft(await seen(option, target)).toEqual({ target, http1: all, http2: all });
      }
    });

    it('is another in another case, unless case does not count', async () => {
      for (const target of OTHER_CASE) {
        const found = await seen(option, target);
        expect.soft(found).toEqual({ target, http1: [FOLDED], http2: [FOLDED] });
      }
    });

    it('is none of its neighbours', async () => {
      for (const target of NEIGHBOURS) {
        const { http1, http2 } = await seen(option, target);
        for (const found of [http1, http2]) {
          expect.soft(found, target).not.toContain(WITNESS);
          expect.soft(found, target).not.toContain(FOLDED);
        }
      }
    });

    it('is refused by Envoy itself where it has a fragment', async () => {
      for (const target of ['/login#f', '/login#', '/x#/login', '/login?a#b']) {
        expect.soft(await seen(option, target)).toEqual({ target, http1: 400, http2: 400 });
      }
    });

    it('is refused by Envoy itself where it does not begin with a slash', async () => {
      for (const target of ['\\login', '%2flogin', 'login', './login', '?/login']) {
        // Over HTTP/2 the stream is reset.
        expect.soft(await seen(option, target)).toEqual({ target, http1: 400, http2: undefined });
      }
      const { port } = await envoy.listener(option);
      const request = { port, method: 'OPTIONS', target: '*' };
      expect((await sendRaw(request)).status).toBe(404);
      expect((await sendHttp2(request))?.status).toBe(404);
    });

    it('is taken out of a target in absolute form', async () => {
      const { port } = await envoy.listener(option);
      for (const target of ['http://other.example/login', 'http://other.example/x/../%6cogin/']) {
        const { headers } = JSON.parse((await sendRaw({ port, target })).body) as Echo;
        expect(headers, target).toContainEqual([WITNESS, 'yes']);
      }
    });

    it('is refused by Envoy itself with a NUL only where it normalises', async () => {
      const normalizes = 'normalize_path' in OPTIONS[option];
      const found = normalizes ? 400 : [];
      expect(await seen(option, '/login%00')).toEqual({
        target: '/login%00',
        http1: found,
        http2: found,
      });
    });

    it('goes up over an empty segment, and the one before too, unless Envoy has gone up', async () => {
      // By RFC 3986 an empty segment is one; others merge slashes first. Envoy does the former.
      const normalizes = 'normalize_path' in OPTIONS[option];
      const { http1: evasion } = await seen(option, '/x//../login');
      expect(evasion).toEqual(normalizes ? [] : [WITNESS, BELOW, FOLDED]);
      const { http1: left } = await seen(option, '/login//..');
      // Merged, and not gone up, it is /login/.. to everybody.
      const merges = 'merge_slashes' in OPTIONS[option] && !normalizes;
      expect(left).toEqual(merges ? [] : [WITNESS, BELOW, FOLDED]);
    });
  });

  it('has left no error behind', async () => {
    const errors = await envoy.admin.prometheus('tagalong_errors_total');
    expect(errors.filter(({ value }) => value !== 0)).toEqual([]);
    expect(envoy.logs.filter((line) => /\]\[(error|critical)\]/.test(line))).toEqual([]);
  });
});
