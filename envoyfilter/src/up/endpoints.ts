// endpoints: which address a version of a policy's routes has, as the user said it. Pure.

import { type Direction, filterEntries, type Policy, versionsOf } from '../policy/policy.js';

/** Address by HOST/VERSION, and by `app` where requests go to an application itself. */
export type Endpoints = Readonly<Record<string, string>>;

/** What a user said does not fit the policy; the message says what came and what is wanted. */
export class EndpointError extends Error {
  override readonly name = 'EndpointError';
}

const PORT_MAX = 65_535;

/** Behind a policy that routes nothing, and behind inbound requests. */
const APP = 'app';

/**
 * @param given each as NAME=HOST:PORT; NAME is a version or HOST/VERSION
 * @throws EndpointError where one names no version, or a version has none
 */
export function endpointsOf(policies: readonly Policy[], given: readonly string[]): Endpoints {
  const known = namesOf(policies);
  // What comes in at a sidecar goes to its application, whatever is routed elsewhere.
  const wanted = entranceOf(policies) === 'inbound' ? [APP] : neededOf(policies);
  const endpoints: Record<string, string> = {};
  for (const text of given) {
    const [, name = '', address = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    const [, , port] = /^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):(\d{1,5})$/.exec(address) ?? [];
    if (!(Number(port) >= 1 && Number(port) <= PORT_MAX)) {
      const example = `${wanted[0]?.split('/').at(-1)}=127.0.0.1:3001`;
      throw new EndpointError(
        `--version: found ${JSON.stringify(text)}, wanted NAME=HOST:PORT, as ${example}`,
      );
    }
    const named = known.filter((one) => one === name || one.endsWith(`/${name}`));
    if (named.length === 0) {
      throw new EndpointError(
        `--version: found ${JSON.stringify(name)}, wanted a version of the policy: ${wanted.join(', ')}`,
      );
    }
    for (const one of named) endpoints[one] = address;
  }
  const missing = wanted.filter((one) => endpoints[one] === undefined);
  if (missing.length > 0) {
    const more = missing.map((one) => `--version ${one}=HOST:PORT`).join(' ');
    throw new EndpointError(`No address for ${missing.join(', ')}: wanted also ${more}`);
  }
  return endpoints;
}

/** Where requests come in that nobody has tagged yet. */
export function entranceOf(policies: readonly Policy[]): Direction {
  const order: readonly Direction[] = ['gateway', 'outbound', 'inbound'];
  const directions = policies.flatMap(filterEntries).map(({ direction }) => direction);
  return order.find((one) => directions.includes(one)) ?? 'gateway';
}

/** All that may have an address. */
export function namesOf(policies: readonly Policy[]): string[] {
  return [...routedBy(policies), APP];
}

function neededOf(policies: readonly Policy[]): string[] {
  const all = policies.every(({ spec }) => (spec.routes ?? []).length > 0);
  return all ? routedBy(policies) : namesOf(policies);
}

function routedBy(policies: readonly Policy[]): string[] {
  return policies.flatMap((policy) =>
    (policy.spec.routes ?? []).flatMap((route) =>
      versionsOf(route).map(({ name }) => `${route.host}/${name}`),
    ),
  );
}

/** The version that an address is of, as the access log has it; else the address. */
export function versionAt(endpoints: Endpoints, address: string): string {
  const port = /:\d+$/.exec(address)?.[0] ?? '';
  const entries = Object.entries(endpoints);
  const exact = entries.find(([, one]) => one === address);
  // `localhost` is an IP address in the log.
  const byPort = entries.filter(([, one]) => one.endsWith(port));
  return exact?.[0] ?? (byPort.length === 1 ? byPort[0]?.[0] : undefined) ?? address;
}
