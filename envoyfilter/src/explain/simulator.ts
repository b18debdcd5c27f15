// simulator: one simulated proxy that runs filter entries, with a clock and random numbers of its
// own. Promise: the same requests at the same times get the same answers, on every machine. The
// module is the one that ships; entries are loaded as the renderers load them, each in its own VM.

import { type HeaderMap, Host, type LocalReply, ManualClock, type Plugin } from '../host/index.js';
import { compiledModule } from '../host/module.js';
import type { FilterEntry } from '../policy/policy.js';
import { capabilitiesHash, capabilitiesOf } from '../render/capabilities.js';
import { ROOT_ID, VM_ID } from '../render/wasm-filter.js';
import { type Line, traceOf } from './trace.js';

/** The filter does not take an entry. The message is the filter's own. */
export class EntryRefusedError extends Error {
  readonly code = 'ENTRY_REFUSED';
  override readonly name = 'EntryRefusedError';
  readonly entry: string;

  constructor(entry: string, message: string) {
    super(message);
    this.entry = entry;
  }
}

/** A request under way in one entry. */
export interface Passage {
  readonly lines: readonly Line[];
  /** As they go on. */
  readonly headers: HeaderMap;
  readonly reply: LocalReply | undefined;
  /** The VM has failed. */
  readonly failed: boolean;
  /** Shows the filter the response, which it may change, and ends the stream. */
  respond(headers: HeaderMap): void;
}

export class Simulator {
  readonly #module: Uint8Array;
  readonly #clock = new ManualClock();
  readonly #host: Host;
  readonly #plugins = new Map<string, Plugin>();
  #messages: string[] = [];

  /** @param random fills bytes @param explains whether the filter says what it does */
  constructor(module: Uint8Array, random: (bytes: Uint8Array) => void, explains = true) {
    this.#module = module;
    this.#host = new Host({
      clock: this.#clock,
      random,
      logLevel: explains ? 'trace' : 'info',
      onLog: ({ message }) => this.#messages.push(message),
    });
  }

  /** Lets time go by; ticks run when they are due. */
  advance(ms: number): void {
    if (ms > 0) this.#host.advance(ms);
  }

  /**
   * Sends a request through one entry, which is loaded when it is first asked.
   * @throws EntryRefusedError
   */
  pass(entry: FilterEntry, request: HeaderMap, sourceAddress: string): Passage {
    const plugin = this.#pluginOf(entry);
    this.#messages = [];
    const stream = plugin.open({ sourceAddress });
    const { headers, reply, failed } = stream.requestHeaders(request);
    const lines = traceOf(entry.id, this.#messages);
    return {
      lines,
      headers,
      reply,
      failed: failed !== undefined,
      respond: (response) => {
        if (reply === undefined) stream.responseHeaders(response);
        stream.done();
      },
    };
  }

  #pluginOf(entry: FilterEntry): Plugin {
    const key = `${entry.id}/${entry.direction}`;
    const known = this.#plugins.get(key);
    if (known !== undefined) return known;
    const capabilities = capabilitiesOf(entry);
    const { id, direction } = entry;
    const vm = { id, direction, caps: capabilitiesHash(capabilities), strict: true };
    this.#messages = [];
    const plugin = this.#host.load({
      name: id,
      rootId: ROOT_ID,
      vmId: VM_ID,
      vmConfiguration: JSON.stringify(vm),
      allowedCapabilities: capabilities,
      configuration: JSON.stringify(entry.configuration),
      code: compiledModule(this.#module),
      failurePolicy: 'reload',
    });
    if (!plugin.accepted) throw new EntryRefusedError(key, this.#refusal(entry, plugin));
    this.#plugins.set(key, plugin);
    return plugin;
  }

  /** What the filter logged of it, without its own name. */
  #refusal({ id, direction }: FilterEntry, plugin: Plugin): string {
    const start = `tagalong ${id} ${direction}: `;
    const line = this.#messages.find((message) => message.startsWith(start));
    return line?.slice(start.length) ?? plugin.rejected ?? 'it refuses its configuration';
  }
}
