// A direct address that the sidecar's redirection catches, with a real one: iptables as Istio writes
// them, in a network namespace of the test's own. Needs root, unshare, ip and iptables; where they
// are not there the tests are skipped, which is told.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, type Told } from './apps.js';

const run = promisify(execFile);
const APP = fileURLToPath(new URL('../apps/calls/captured.mjs', import.meta.url));
const TIMEOUT_MS = 60_000;
/** Of no network; RFC 5737. */
const ADDRESS = '192.0.2.1';
const CAPTURED = '8080';
const EXCLUDED = '8081';
const NETWORK = `set -e
ip link set lo up
ip address add ${ADDRESS}/32 dev lo
iptables -t nat -A OUTPUT -p tcp --dport ${EXCLUDED} -j RETURN
iptables -t nat -A OUTPUT -p tcp -d 127.0.0.0/8 -j RETURN
iptables -t nat -A OUTPUT -p tcp -j REDIRECT --to-ports 15001
exec "$@"`;

function inNetwork(...command: string[]) {
  const clean = Object.entries(process.env).filter(([name]) => !/^TAGALONG|^NODE_/.test(name));
  const env = { ...Object.fromEntries(clean), TAGALONG_SIDECAR: 'expect' };
  const args = ['--net', 'sh', '-c', NETWORK, 'sh', ...command];
  return run('unshare', args, { env, timeout: TIMEOUT_MS });
}

// Top-level, since it decides whether there are tests at all.
const hindered = await inNetwork('true').then(
  () => undefined,
  ({ message }: Error) => message,
);
if (hindered !== undefined) {
  console.warn(`Skipped: no redirection can be had here (apt-get install iptables): ${hindered}`);
}

const ALL = (text: string) => ({ fetch: text, request: text, agent: text });
const CAUGHT = {
  code: 'TAGALONG_DIRECT_CAPTURED',
  message: expect.stringContaining(`excludeOutboundPorts: "${CAPTURED}"`),
  sent: 'no',
};

describe.skipIf(hindered !== undefined).each(nodes.map((node) => [node.version, node] as const))(
  'under redirection, on Node %s',
  (_, { path }) => {
    let found: Record<string, Told>;
    beforeAll(async () => {
      const { stdout } = await inNetwork(path, APP, ADDRESS, CAPTURED, EXCLUDED);
      found = JSON.parse(stdout);
    }, TIMEOUT_MS);

    it('a direct address goes through the sidecar, unless its port is excluded', () => {
      expect(found.ready).toEqual({ captured: ALL('sidecar'), excluded: ALL('direct') });
    });

    it('a direct call fails and names what is to be excluded, once the sidecar is dead', () => {
      expect(found.state).toBe('dead');
      const captured = { fetch: CAUGHT, request: CAUGHT, agent: CAUGHT, grpc: CAUGHT };
      expect(found.dead).toEqual({ captured, excluded: ALL('direct') });
    });
  },
);
