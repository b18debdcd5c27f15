// mesh: which authorities get headers. Pure, made once.
// Headers that follow a request say which company's which release handles whom: they go to hosts
// that look like the mesh's own, and to no other.

import { BlockList, isIP } from 'node:net';

const SUFFIXES = ['svc', 'cluster.local', 'internal', 'localhost'];

const SUBNETS: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['127.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
];

/**
 * Where clouds serve credentials to whoever asks. Never in the mesh, whatever is added; the
 * link-local networks, where the others are, are not in either unless they are added by name.
 */
const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
]);
/** 169.254.170: credentials of containers; 100.100.100.200: Alibaba Cloud. */
const METADATA_ADDRESSES = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.170.23',
  '100.100.100.200',
];
/** Of AWS (metadata, credentials of containers) and of Google Cloud. */
const METADATA_ADDRESSES_6 = ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'];

/** What a name of the mesh is made of; others, such as dots beyond ASCII, are not taken for one. */
const NAME = /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/;

/** Authorities whose answer is kept; hosts come from the application, so there may be any number. */
const KNOWN_MAX = 1024;

export interface Mesh {
  /** Is an authority, `host` or `host:port`, in the mesh? */
  includes(authority: string): boolean;
}

/**
 * The mesh by default, and `added`: `reviews.shop`, `*.example.com` (names below it), addresses and
 * networks such as 10.0.0.0/8. By default: loopback, names without a dot, `*.svc`,
 * `*.cluster.local`, `*.internal`, `searches` (of resolv.conf), private, unique-local and shared
 * (100.64/10) addresses.
 * @throws RangeError an entry of `added` is none of these
 */
export function meshOf(added: readonly string[] = [], searches: readonly string[] = []): Mesh {
  const hosts = new Set<string>();
  const suffixes = [...SUFFIXES, ...searches.map(plain)].filter(Boolean).map((one) => `.${one}`);
  const addresses = new BlockList();
  for (const [network, prefix, family] of SUBNETS) addresses.addSubnet(network, prefix, family);
  for (const entry of added) add(entry, hosts, suffixes, addresses);
  const metadata = new BlockList();
  for (const address of METADATA_ADDRESSES) metadata.addAddress(address, 'ipv4');
  for (const address of METADATA_ADDRESSES_6) metadata.addAddress(address, 'ipv6');

  const decide = (authority: string): boolean => {
    const host = hostOf(authority);
    const version = isIP(host);
    if (version !== 0) {
      const family = version === 6 ? 'ipv6' : 'ipv4';
      return addresses.check(host, family) && !metadata.check(host, family);
    }
    // Resolvers read a bare number as an address: 2852039166 is 169.254.169.254.
    if (!NAME.test(host) || METADATA_NAMES.has(host) || /^(0x[\da-f]*|\d+)$/.test(host))
      return false;
    // `reviews` is looked up below the search suffixes; `ai.` is a domain of the world.
    if (!host.includes('.')) return host === 'localhost' || !/\.(:\d*)?$/.test(authority);
    return hosts.has(host) || suffixes.some((suffix) => host.endsWith(suffix));
  };
  const known = new Map<string, boolean>();
  return {
    includes(authority) {
      let answer = known.get(authority);
      if (answer === undefined) {
        answer = decide(authority);
        if (known.size >= KNOWN_MAX) known.clear();
        known.set(authority, answer);
      }
      return answer;
    },
  };
}

/**
 * The host of an authority: lower-case, without port, brackets, user and the dot of the root.
 * Empty: it is none.
 */
export function hostOf(authority: string): string {
  // Where one of these stands URL ends the authority, before a `@` that comes later.
  if (/[\s/\\?#]/.test(authority)) return '';
  const from = authority.lastIndexOf('@') + 1;
  if (authority[from] === '[') {
    const end = authority.indexOf(']', from);
    if (end < 0 || !/^(:\d*)?$/.test(authority.slice(end + 1))) return '';
    return authority.slice(from + 1, end).toLowerCase();
  }
  const colon = authority.indexOf(':', from);
  // More than one colon: an IPv6 address without brackets, as node:http takes in `host`.
  const end = colon < 0 || authority.includes(':', colon + 1) ? authority.length : colon;
  return plain(authority.slice(from, end));
}

function plain(host: string): string {
  return host.replace(/\.$/, '').toLowerCase();
}

function add(entry: string, hosts: Set<string>, suffixes: string[], addresses: BlockList): void {
  const wrong = () =>
    new RangeError(`"${entry}": want a host, *.suffix, an address, or a network as 10.0.0.0/8`);
  if (typeof entry !== 'string') throw wrong();
  const text = plain(entry.trim());
  const [network = '', bits, more] = text.split('/');
  const version = isIP(network);
  if (version !== 0) {
    const prefix = bits === undefined ? (version === 6 ? 128 : 32) : Number(bits);
    const widest = version === 6 ? 128 : 32;
    if (more !== undefined || !/^\d+$/.test(bits ?? '0') || prefix > widest) throw wrong();
    addresses.addSubnet(network, prefix, version === 6 ? 'ipv6' : 'ipv4');
    return;
  }
  const name = text.replace(/^\*\./, '');
  if (!NAME.test(name)) throw wrong();
  if (name === text) hosts.add(name);
  else suffixes.push(`.${name}`);
}

/**
 * The search suffixes of a resolv.conf; of several `search` and `domain` lines the last counts
 * (resolv.conf(5)).
 */
export function searchesOf(resolvConf: string): string[] {
  let searches: string[] = [];
  for (const line of resolvConf.split('\n')) {
    const [word, ...names] = line.trim().split(/\s+/);
    if (word === 'search' || word === 'domain') searches = names;
  }
  // One label, as `com` or `local`, would let the world in.
  return searches.map(plain).filter((name) => name.includes('.'));
}
