// address: client addresses as text: whom a policy takes for the client, and the network that tells
// clients apart. Pure.

import { isIP, isIPv4 } from 'node:net';
import type { ClientSpec } from '../policy/sections.js';

/** Bits of an IPv6 address that tell clients apart, where the policy does not say. */
const V6_BITS = 64;

/** Envoy's source.address for an address with or without a port. */
export function sourceAddress(address: string): string {
  if (isIPv4(address)) return `${address}:0`;
  return isIP(address) === 6 ? `[${address}]:0` : address;
}

/** The address alone. */
export function hostOf(address: string): string {
  const [, inside] = /^\[(.*)\](?::\d+)?$/.exec(address) ?? /^([^:]*):\d+$/.exec(address) ?? [];
  return inside ?? address;
}

/** The entries of x-forwarded-for. */
export function forwardedEntries(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',')).map((entry) => entry.trim());
}

/** Whom the policy takes for the client; undefined where it is nobody. */
export function clientOf(
  client: ClientSpec | undefined,
  forwardedFor: readonly string[],
  source: string,
): string | undefined {
  const peer = hostOf(source);
  if (client?.address !== 'forwarded') return peer;
  const entries = forwardedEntries(forwardedFor);
  const entry = entries.at(-1 - (client.trustedHops ?? 0));
  if (entry === undefined) return peer;
  const address = hostOf(entry);
  return isIP(address) === 0 ? undefined : address;
}

/** An address without the bits that do not tell clients apart, as its one text (RFC 5952). */
export function networkText(address: string, prefix: ClientSpec['prefix'] = {}): string {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1] ?? address;
  if (isIPv4(mapped)) {
    const bytes = mapped.split('.').map(BigInt);
    const whole = bytes.reduce((sum, byte) => (sum << 8n) | byte, 0n);
    const value = masked(whole, 32, prefix.v4 ?? 32);
    return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  }
  if (isIP(address) !== 6) return address;
  const [plain = ''] = address.split('%');
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  const [head = [], tail = []] = canonical
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  const groups = [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0'));
  const value = masked(BigInt(`0x${groups.join('')}`), 128, prefix.v6 ?? V6_BITS);
  const text = value.toString(16).padStart(32, '0').match(/.{4}/g)?.join(':');
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

function masked(value: bigint, size: number, bits: number): bigint {
  const rest = BigInt(size - bits);
  return (value >> rest) << rest;
}
