// mesh: which hosts get headers. Pure.
// Headers that follow a request say which company's which release handles whom: they go to hosts
// that look like the mesh's own, and to no other.

import { BlockList, isIP } from 'node:net';

const SUFFIXES = ['.svc', '.cluster.local', '.internal', '.localhost'];

const addresses = new BlockList();
addresses.addSubnet('127.0.0.0', 8);
addresses.addSubnet('10.0.0.0', 8);
addresses.addSubnet('172.16.0.0', 12);
addresses.addSubnet('192.168.0.0', 16);
addresses.addSubnet('100.64.0.0', 10);
addresses.addAddress('::1', 'ipv6');
addresses.addSubnet('fc00::', 7, 'ipv6');

/**
 * Loopback, names without a dot, `*.svc`, `*.cluster.local`, `*.internal`, private, unique-local
 * and shared (100.64/10) addresses. Link-local and metadata addresses are outside.
 */
export function isMeshHost(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const family = isIP(host);
  if (family !== 0) return addresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
  if (host === 'metadata.google.internal') return false;
  if (!host.includes('.')) return host !== '';
  return SUFFIXES.some((suffix) => host.endsWith(suffix));
}
