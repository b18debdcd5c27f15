// load: a guest as a plugin of a host, and one request through it.

import type {
  Host,
  Outcome,
  Plugin,
  PluginOptions,
  Stream,
  StreamOptions,
} from '../../../envoyfilter/src/host/index.js';
import type { Guest } from './wat.js';

type Options = Partial<Omit<PluginOptions, 'code'>>;

/** Loads a guest under its name, without a VM id and with an empty configuration. */
export async function load(host: Host, guest: Guest, options: Options = {}): Promise<Plugin> {
  const { name } = guest;
  const code = await guest.assemble();
  return host.load({ name, rootId: name, configuration: '', ...options, code });
}

export interface Passed {
  readonly stream: Stream;
  readonly request: Outcome;
  readonly response: Outcome | undefined;
}

/** One GET through a plugin, to its end. */
export function one(
  plugin: Plugin,
  headers: readonly (readonly [string, string])[] = [],
  options: StreamOptions = {},
): Passed {
  const stream = plugin.open(options);
  const request = stream.requestHeaders([[':method', 'GET'], [':path', '/'], ...headers]);
  const goesOn = request.action === 'continue';
  const response = goesOn ? stream.responseHeaders([[':status', '200']]) : undefined;
  stream.done();
  return { stream, request, response };
}

/** What a guest logged, without its name, by VM where asked for. */
export function logged(host: Host, guest: Guest, vms = false): string[] {
  return host.logs
    .filter(({ message }) => message.startsWith(`${guest.name} `))
    .map(({ message, vm }) => (vms ? `${vm}: ` : '') + message.slice(guest.name.length + 1));
}
