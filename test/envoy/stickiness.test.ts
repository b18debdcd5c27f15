// Who is in a share stays in it, in real Envoys: by an identity that the request has, by a cookie
// that the filter mints, and from hop to hop by baggage.

import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import type { FilterEntry } from '../../envoyfilter/src/policy/policy.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bucket } from '../../sdk-node/src/core/bucket.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import { send } from '../harness/client.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { WASM_PATH } from '../harness/wasm.js';

type Pairs = readonly (readonly [string, string])[];

const TAG = 'x-traffic-tag';
const COOKIE = 'tagalong_id';
const IDENTITIES = 300;
const VISITORS = 300;
const AT_ONCE = 16;

function entry(
  policy: string,
  direction: FilterEntry['direction'],
  tags: readonly object[],
): FilterEntry {
  const id = `shop/${policy}/0`;
  return { id, direction, configuration: { id, direction, tags } };
}

/** A tag that tells in which tenth of the buckets an identity is: `below 10` to `below 100`. */
function tenths(header: string, identity: object, salt?: string): object {
  const rules = [10, 20, 30, 40, 50, 60, 70, 80, 90].map((percent) => {
    const share = { percent, identity: [identity], value: `below ${percent}` };
    return salt === undefined ? share : { ...share, salt };
  });
  return { header, rules, default: 'below 100' };
}

const BY_COOKIE = { header: 'x-by-cookie', identity: { cookie: 'uid' } };
const BY_HEADER = { header: 'x-by-header', identity: { header: 'x-user' }, salt: 'winter' };
const BY_IP = { header: 'x-by-ip', identity: { ip: true } };

/** The tenth of an identity, as the SDK knows it; the default salt is the policy and the header. */
function tenthOf({ header, salt }: { header: string; salt?: string }, identity: string): string {
  const tenth = Math.floor(bucket(salt ?? `shop/shares/${header}`, identity) / 1000) + 1;
  return `below ${tenth * 10}`;
}

/** A share of visitors of whom most come without an identity. */
function share(header: string, percent: number): object {
  const mint = { cookie: COOKIE, maxAge: '30d' };
  return {
    header,
    rules: [{ percent, salt: 'half', mint, value: 'canary' }],
    default: 'stable',
  };
}

const values = (pairs: Pairs, name: string) =>
  pairs.flatMap(([given, value]) => (given.toLowerCase() === name ? [value] : []));

describe.each(['1.40.0', '1.36.4'])('a share in Envoy %s', (version) => {
  let upstream: EchoServer;
  let envoy: EnvoyProcess;
  let gateway: EnvoyProcess;
  let agent: Agent;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    const filter = (one: FilterEntry) => staticFilter(one, { wasmPath: WASM_PATH, envoy: version });
    upstream = await startEchoServer();
    agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const carried = { header: TAG, carry: ['baggage'] };
    const shares = [BY_COOKIE, BY_HEADER, BY_IP].map(({ header, identity, ...more }) =>
      tenths(header, identity, 'salt' in more ? more.salt : undefined),
    );
    const minting = [share('x-half', 50), share('x-more', 80)];
    const routes = [route('echo')];
    const listeners = [
      { name: 'shares', filters: [filter(entry('shares', 'gateway', shares))], routes },
      { name: 'mint', filters: [filter(entry('mint', 'gateway', minting))], routes },
      { name: 'inbound', filters: [filter(entry('baggage', 'inbound', [carried]))], routes },
    ];
    envoy = await startEnvoy({
      path,
      concurrency: 2,
      bootstrap: bootstrap(listeners, [{ name: 'echo', port: upstream.port }]),
    });
    // The hop to the sidecar loses the header: baggage alone carries the tag.
    const lossy = { ...route('sidecar'), request_headers_to_remove: [TAG] };
    const decided = {
      ...carried,
      rules: [{ when: { header: 'x-user-group', exact: 'internal' }, value: 'feature 7, "a"' }],
      default: 'stable',
    };
    const edge = {
      name: 'gateway',
      filters: [filter(entry('baggage', 'gateway', [decided]))],
      routes: [{ ...lossy, match: { prefix: '/lossy' } }, route('echo')],
    };
    gateway = await startEnvoy({
      path,
      bootstrap: bootstrap(
        [edge],
        [
          { name: 'sidecar', port: (await envoy.listener('inbound')).port },
          { name: 'echo', port: upstream.port },
        ],
      ),
    });
  });
  afterAll(async () => {
    agent?.destroy();
    await gateway?.stop();
    await envoy?.stop();
    await upstream?.close();
  });

  async function pass(of: EnvoyProcess, listener: string, headers: Pairs, path = '/') {
    const { port } = await of.listener(listener);
    const { status, headers: answer, body } = await send({ port, path, headers, agent });
    expect(status, body).toBe(200);
    return { headers: (JSON.parse(body) as Echo).headers, cookies: values(answer, 'set-cookie') };
  }

  /** One tag of each request, so many requests under way at once. */
  function tagsOf(header: string, requests: readonly Pairs[]): Promise<string[]> {
    return inTurns(requests, async (headers) => {
      return values((await pass(envoy, 'shares', headers)).headers, header).join();
    });
  }

  it('by a cookie is the one that the SDK knows', async () => {
    const identities = Array.from({ length: IDENTITIES }, (_, i) => `user-${i ** 3}`);
    const requests = identities.map((one): Pairs => [['cookie', `a=b; uid=${one}; c=d`]]);
    const expected = identities.map((one) => tenthOf(BY_COOKIE, one));
    expect(new Set(expected).size).toBe(10);
    expect(await tagsOf(BY_COOKIE.header, requests)).toEqual(expected);
  });

  it('by a header is the one that the SDK knows, beyond ASCII too', async () => {
    const identities = Array.from({ length: IDENTITIES }, (_, i) => {
      return ['zoë', '雪', 'x'].map((one) => one.repeat(i % 13)).join(`${i}`);
    });
    const requests = identities.map((one): Pairs => {
      return [['x-user', Buffer.from(one).toString('latin1')]];
    });
    const expected = identities.map((one) => tenthOf(BY_HEADER, one));
    expect(new Set(expected).size).toBe(10);
    expect(await tagsOf(BY_HEADER.header, requests)).toEqual(expected);
  });

  it('by the client address is the one that the SDK knows', async () => {
    const clients = Array.from({ length: IDENTITIES }, (_, i) => {
      const v4 = `203.${i % 7}.113.${i % 256}`;
      const network = (0x2000 + i).toString(16);
      const v6 = { came: `2001:db8:${network}:1:aa:${i}:0:7`, is: `2001:db8:${network}:1::` };
      return i % 3 === 0 ? v6 : { came: v4, is: v4 };
    });
    const requests = clients.map(({ came }): Pairs => [['x-forwarded-for', `10.0.0.1, ${came}`]]);
    const expected = clients.map(({ is }) => tenthOf(BY_IP, is));
    expect(new Set(expected).size).toBe(10);
    expect(await tagsOf(BY_IP.header, requests)).toEqual(expected);
  });

  describe('of visitors without an identity', () => {
    const FORM = new RegExp(`^${COOKIE}=([0-9a-f]{32})((?:; [^;]+)*)$`);

    async function visit(cookies: readonly string[], others: Pairs = []) {
      const jar: Pairs = cookies.length === 0 ? [] : [['cookie', cookies.join('; ')]];
      const { headers, cookies: set } = await pass(envoy, 'mint', [...jar, ...others]);
      const [half = '', more = ''] = [values(headers, 'x-half'), values(headers, 'x-more')].flat();
      return { half, more, set };
    }

    it('gives each one cookie, which scripts cannot read and plain HTTP never carries', async () => {
      const { set } = await visit([]);
      expect(set).toHaveLength(1);
      const [, , attributes = ''] = FORM.exec(set[0]!) ?? [];
      expect(attributes.split('; ').slice(1).sort()).toEqual(
        ['HttpOnly', 'Max-Age=2592000', 'Path=/', 'SameSite=Lax', 'Secure'].sort(),
      );
    });

    it('decides the first request by it, and every next one alike', async () => {
      const sides = new Map<string, number>();
      const identities = new Set<string>();
      const visitors = Array.from({ length: VISITORS }, (_, index) => index);
      const wrong = await inTurns(visitors, async () => {
        const first = await visit([]);
        const identity = FORM.exec(first.set[0] ?? '')?.[1] ?? '';
        identities.add(identity);
        const half = bucket('half', identity) < 5000 ? 'canary' : 'stable';
        const more = bucket('half', identity) < 8000 ? 'canary' : 'stable';
        const side = `${half} ${more}`;
        sides.set(side, (sides.get(side) ?? 0) + 1);
        const later = [
          await visit([`${COOKIE}=${identity}`]),
          await visit(['a=b', `${COOKIE}=${identity}`]),
        ];
        const right =
          first.set.length === 1 &&
          [first, ...later].every((one) => one.half === half && one.more === more) &&
          later.every(({ set }) => set.length === 0);
        return right ? [] : [{ identity, first, later }];
      });
      expect(wrong.flat()).toEqual([]);
      expect(identities.size).toBe(VISITORS);
      // Raising the share keeps those who are in: nobody is in the half and not in the more. Of 300,
      // 150, 90 and 60 are to be expected; 20 are more than five standard deviations below.
      expect([...sides.keys()].sort()).toEqual(['canary canary', 'stable canary', 'stable stable']);
      expect(Math.min(...sides.values())).toBeGreaterThan(20);
    });

    it('leaves the cookies of the upstream beside it', async () => {
      const answer = (value: string) => ['x-answer', `set-cookie: ${value}`] as const;
      const own = ['own=1; Path=/', `${COOKIE}_other=2; HttpOnly`];
      const { set } = await visit([], own.map(answer));
      expect(set).toHaveLength(3);
      expect(set.slice(0, 2)).toEqual(own);
      expect(set[2]).toMatch(FORM);
      expect((await visit([`${COOKIE}=known`], own.map(answer))).set).toEqual(own);
    });

    it.each([
      'known',
      '0'.repeat(32),
      'a b',
    ])('gives none to who is %j already', async (identity) => {
      const expected = bucket('half', identity) < 5000 ? 'canary' : 'stable';
      const { half, set } = await visit([`${COOKIE}=${identity}`]);
      expect([half, set]).toEqual([expected, []]);
    });

    it('gives a new one to who has an empty one', async () => {
      const { set } = await visit([`${COOKIE}=`]);
      expect(set).toHaveLength(1);
      expect(set[0]).toMatch(FORM);
    });

    it('counts each cookie', async () => {
      const count = async () => {
        const samples = await envoy.admin.prometheus('tagalong_mint_total');
        const labels = { policy: 'shop/mint/0', direction: 'gateway', cookie: COOKIE };
        const mine = samples.filter((one) => one.name === 'tagalong_mint_total');
        expect(mine.map((one) => one.labels)).toEqual([expect.objectContaining(labels)]);
        return mine[0]!.value;
      };
      await visit([]);
      const before = await count();
      await visit([]);
      await visit([`${COOKIE}=known`]);
      expect(await count()).toBe(before + 1);
    });
  });

  describe('that travels in baggage', () => {
    const FOREIGN = ['userId=alice', 'weird = v%20%C3%A9;prop=1;flag', 'serverNode=DF28,', 'bad'];
    const MEMBER = `${TAG}=feature%207%2C%20%22a%22`;

    it('is in force again where the header was lost', async () => {
      const tester: Pairs = [['x-user-group', 'internal']];
      const { headers } = await pass(gateway, 'gateway', tester, '/lossy');
      expect(values(headers, TAG)).toEqual(['feature 7, "a"']);
      expect(values(headers, 'baggage')).toEqual([MEMBER]);
      const { headers: others } = await pass(gateway, 'gateway', [], '/lossy');
      expect(values(others, TAG)).toEqual(['stable']);
      expect(values(others, 'baggage')).toEqual([`${TAG}=stable`]);
    });

    it('leaves the members of others as they are, byte for byte', async () => {
      const list = [...FOREIGN.slice(0, 2), `${TAG}=forged`, ...FOREIGN.slice(2)].join(',');
      const request: Pairs = [
        ['x-user-group', 'internal'],
        ['baggage', Buffer.from(list).toString('latin1')],
      ];
      for (const path of ['/', '/lossy']) {
        const { headers } = await pass(gateway, 'gateway', request, path);
        expect(values(headers, TAG)).toEqual(['feature 7, "a"']);
        const members = values(headers, 'baggage').join().split(',');
        expect(members.filter((one) => one !== '')).toEqual([
          ...['userId=alice', 'weird = v%20%C3%A9;prop=1;flag', 'serverNode=DF28', 'bad'],
          MEMBER,
        ]);
      }
    });

    it('touches no list that says what it is to say', async () => {
      const list = ` a = 1 ;p,, ${TAG} = canary ;x=y , b=%zz`;
      const request: Pairs = [['baggage', list]];
      const { headers } = await pass(envoy, 'inbound', request);
      expect(values(headers, TAG)).toEqual(['canary']);
      expect(values(headers, 'baggage')).toEqual([list.trim()]);
    });
  });
});

/** Does it for each, so many at once; the answers in order. */
async function inTurns<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < all.length) {
      const index = next++;
      results[index] = await work(all[index]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
