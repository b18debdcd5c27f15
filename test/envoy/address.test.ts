// Whom the filter takes for the client in real Envoys, whatever X-Forwarded-For a client sends: by
// Envoy's own answer, and by the list itself. The table of use_remote_address and
// xff_num_trusted_hops, over IPv4, IPv6, and IPv4 at a socket for both.

import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../envoyfilter/src/envoy/index.js';
import { staticFilter } from '../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, route } from '../harness/bootstrap.js';
import { type Echo, type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { entryFor } from '../harness/host.js';
import { sendRaw } from '../harness/raw-client.js';
import { WASM_PATH } from '../harness/wasm.js';

/** Of documentation, so that no machine has them. */
const [A, B, C, SIX] = ['198.51.100.1', '198.51.100.2', '203.0.113.3', '2001:db8:1::1'] as const;
const KNOWN = [A, B, C, SIX, '127.0.0.1', '::1'];
/** How the filter says whom it saw. */
const OTHER = 'other';
const NOBODY = 'nobody';
const HOPS = [0, 1, 2] as const;
const WITNESSES = ['x-envoy', ...HOPS.map((hops) => `x-forwarded-${hops}`)];

const sockets = [
  { name: 'IPv4', listen: '127.0.0.1', host: '127.0.0.1', peer: '127.0.0.1' },
  { name: 'IPv6', listen: '::1', host: '::1', peer: '::1' },
  // The connection's own address is ::ffff:127.0.0.1.
  { name: 'IPv4 at an IPv6 socket', listen: '::', host: '127.0.0.1', peer: '127.0.0.1' },
];
const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.family === 'IPv6');

/**
 * Of whose entry Envoy makes source.address, counted from the end of what the client has sent;
 * where there is none, and where `from` is none, it is the connection's.
 */
const table = [
  { remote: false, hops: 0, from: -1 },
  { remote: false, hops: 1, from: -2 },
  { remote: false, hops: 2, from: -3 },
  { remote: true, hops: 0, from: undefined },
  { remote: true, hops: 1, from: -1 },
  { remote: true, hops: 2, from: -2 },
];
/** What a client sends; each a header. */
const sent: readonly (readonly string[])[] = [
  [],
  [''],
  [A],
  [`${A}, ${B}`],
  [`${A},${B},\t${C}`],
  [A, B],
  [`${A}, ${B}`, '', C],
  [SIX],
  [`${A}, ${SIX}`],
  [`${SIX},${A}, ${B}`],
  [`::ffff:${A}`],
  [`${B}, ::ffff:${A}`],
  // Envoy passes over no entry for what it is.
  ['127.0.0.1', A],
  [A, '::1'],
];

type Seen = Record<string, string>;

let upstream: EchoServer;
beforeAll(async () => {
  upstream = await startEchoServer();
});
afterAll(() => upstream?.close());

describe.each(['1.40.0', '1.36.4'])('the client in Envoy %s', (version) => {
  let envoy: EnvoyProcess;
  const usable = sockets.filter(({ listen }) => hasIpv6 || !listen.includes(':'));
  const nameOf = (socket: string, remote: boolean, hops: number) =>
    `${socket.replaceAll(' ', '-')}-${remote}-${hops}`;

  beforeAll(async () => {
    const { path } = await findEnvoy({ version });
    const rules = [
      ...KNOWN.map((address) => ({ when: { ip: [address] }, value: address })),
      { when: { ip: ['0.0.0.0/0', '::/0'] }, value: OTHER },
    ];
    const filter = (id: string, header: string, client: object) =>
      staticFilter(entryFor({ client, tags: [{ header, rules, default: NOBODY }] }, id), {
        wasmPath: WASM_PATH,
        envoy: version,
      });
    const all = usable.flatMap(({ name, listen }) =>
      table.map(({ remote, hops }) => ({ name: nameOf(name, remote, hops), listen, remote, hops })),
    );
    const listeners = all.map(({ name, remote, hops }) => ({
      name,
      routes: [route('echo')],
      manager: { use_remote_address: remote, xff_num_trusted_hops: hops },
      filters: [
        filter(`${name}/envoy/0`, 'x-envoy', {}),
        ...HOPS.map((trustedHops) =>
          filter(`${name}/forwarded/${trustedHops}`, `x-forwarded-${trustedHops}`, {
            address: 'forwarded',
            trustedHops,
          }),
        ),
      ],
    }));
    const config = bootstrap(listeners, [{ name: 'echo', port: upstream.port }]) as {
      static_resources: { listeners: { address: { socket_address: object } }[] };
    };
    for (const [i, { address }] of config.static_resources.listeners.entries()) {
      const listen = all[i]?.listen;
      const both = listen === '::' ? { ipv4_compat: true } : {};
      address.socket_address = { address: listen, port_value: 0, ...both };
    }
    envoy = await startEnvoy({ path, bootstrap: config });
  });
  afterAll(() => envoy?.stop());

  /** Whom each filter saw, and the list as Envoy left it. */
  async function ask(
    socket: (typeof sockets)[number],
    remote: boolean,
    hops: number,
    values: readonly string[],
  ): Promise<{ seen: Seen; list: string[] }> {
    const { port } = await envoy.listener(nameOf(socket.name, remote, hops));
    const headers = values.map((value) => ['x-forwarded-for', value] as const);
    const { body } = await sendRaw({ host: socket.host, port, target: '/', headers });
    const echo = JSON.parse(body) as Echo;
    const all = (name: string) =>
      echo.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
    const seen = Object.fromEntries(WITNESSES.map((name) => [name, all(name).join()]));
    return { seen, list: entriesOf(all('x-forwarded-for')) };
  }

  for (const socket of usable) {
    describe.each(table)(`over ${socket.name}, use_remote_address $remote, $hops trusted hops`, ({
      remote,
      hops,
      from,
    }) => {
      it.each(
        sent.map((values) => [JSON.stringify(values), values] as const),
      )('is the same to Envoy and to the table: %s', async (_, values) => {
        const mine = entriesOf(values);
        const { seen, list } = await ask(socket, remote, hops, values);
        // Envoy adds the connection's address, or its own for one of the loopback.
        expect(list.slice(0, mine.length)).toEqual(mine);
        expect(list.length).toBe(mine.length + (remote ? 1 : 0));
        const derived = (from === undefined ? undefined : mine.at(from)) ?? socket.peer;
        const wanted = { 'x-envoy': shown(derived) } as Seen;
        for (const trusted of HOPS) {
          const entry = list.at(-1 - trusted);
          wanted[`x-forwarded-${trusted}`] = shown(entry ?? derived);
        }
        expect(seen).toEqual(wanted);
      });
    });
  }

  describe('by entries that Envoy does not read', () => {
    const [socket] = sockets as [(typeof sockets)[number]];
    const peer = socket.peer;

    // Envoy takes the connection for them, which would be a proxy's: the filter reads what it can,
    // and has no client where it cannot.
    it.each([
      { value: `${A}:80`, envoy: peer, forwarded: A },
      { value: `[${SIX}]`, envoy: peer, forwarded: SIX },
      { value: `[${SIX}]:80`, envoy: peer, forwarded: SIX },
      { value: 'unknown', envoy: peer, forwarded: NOBODY },
      { value: `${A} ${B}`, envoy: peer, forwarded: NOBODY },
      { value: `${A};${B}`, envoy: peer, forwarded: NOBODY },
      { value: `${A}, unknown`, envoy: peer, forwarded: NOBODY },
      { value: `${A},`, envoy: peer, forwarded: NOBODY },
      { value: ',', envoy: peer, forwarded: NOBODY },
    ])('is another: $value', async ({ value, envoy: derived, forwarded }) => {
      const { seen } = await ask(socket, false, 0, [value]);
      expect(seen['x-envoy']).toBe(derived);
      expect(seen['x-forwarded-0']).toBe(forwarded);
    });

    it('counts empty elements as Envoy does', async () => {
      const one = await ask(socket, false, 1, [`${A},`]);
      expect([one.seen['x-envoy'], one.seen['x-forwarded-1']]).toEqual([A, A]);
      const two = await ask(socket, false, 2, [`${A}, ,${B}`]);
      expect([two.seen['x-envoy'], two.seen['x-forwarded-2']]).toEqual([A, A]);
      const three = await ask(socket, false, 2, [`${A},`, `,${B}`]);
      expect([three.seen['x-envoy'], three.seen['x-forwarded-2']]).toEqual([peer, NOBODY]);
      // Envoy joins the values of a repeated header, and leaves out those that are empty.
      const four = await ask(socket, false, 1, [A, '', B]);
      expect([four.seen['x-envoy'], four.seen['x-forwarded-1']]).toEqual([A, A]);
    });

    it('counts what it cannot read', async () => {
      const id = `${nameOf(socket.name, true, 0)}/forwarded/1`;
      const count = async () => {
        const samples = await envoy.admin.prometheus('tagalong_errors_total');
        const ours = samples.filter(({ labels }) => labels.policy === id);
        return ours.find(({ labels }) => labels.kind === 'address')?.value ?? 0;
      };
      await ask(socket, true, 0, [A]);
      const before = await count();
      await ask(socket, true, 0, ['unknown']);
      await ask(socket, true, 0, [`${A},`]);
      expect((await count()) - before).toBe(2);
    });
  });
});

/** The elements of all values, of which an empty one has none. */
function entriesOf(values: readonly string[]): string[] {
  return values
    .filter((value) => value !== '')
    .flatMap((value) => value.split(','))
    .map((entry) => entry.trim());
}

/** How the filter says that it saw an address. */
function shown(address: string): string {
  const plain = address.replace(/^::ffff:/, '');
  return KNOWN.includes(plain) ? plain : OTHER;
}
