// probe-envoy: runs probes in one real Envoy, a listener each.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../../envoyfilter/src/envoy/index.js';
import { bootstrap, route } from '../../harness/bootstrap.js';
import { send } from '../../harness/client.js';
import { DiscoveryFolder } from '../../harness/ecds.js';
import { type Echo, type EchoServer, startEchoServer } from '../../harness/echo-server.js';
import {
  CONFIGURATION,
  HANGS,
  type Probe,
  type ProbeRequest,
  RESET,
  replyText,
  type Seen,
  upstreamText,
  VM_CONFIGURATION,
} from './probe.js';
import { linesOf } from './probe-host.js';
import { Guest } from './wat.js';

const TYPE = 'type.googleapis.com/';
/** The type of the wasm filter. */
export const WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
const POLICY = { closed: 'FAIL_CLOSED', open: 'FAIL_OPEN', reload: 'FAIL_RELOAD' } as const;
/** Longer than any answer takes. */
const HANGS_MS = 1000;
/** Its line comes after all that were written before. */
const LAST = 'last';

export class EnvoyProbes {
  readonly #envoy: EnvoyProcess;
  readonly #upstream: EchoServer;
  readonly #discovery: DiscoveryFolder;
  readonly #directory: string;
  readonly #answers = new Map<string, Promise<string[]>>();
  #lines: Promise<readonly string[]> | undefined;

  private constructor(
    envoy: EnvoyProcess,
    upstream: EchoServer,
    discovery: DiscoveryFolder,
    directory: string,
  ) {
    this.#envoy = envoy;
    this.#upstream = upstream;
    this.#discovery = discovery;
    this.#directory = directory;
  }

  static async start(probes: readonly Probe[], version: string): Promise<EnvoyProbes> {
    const last = new Guest(LAST);
    last.on('proxy_on_request_headers', last.say('of all'));
    const all = [...probes, { guest: last }];
    const directory = await mkdtemp(join(tmpdir(), 'tagalong-probes-'));
    const discovery = await DiscoveryFolder.make();
    const upstream = await startEchoServer();
    const listeners = await Promise.all(
      all.map(async (probe) => {
        const { name } = probe.guest;
        await writeFile(join(directory, name), await probe.guest.assemble());
        const filter = wasmFilter(probe, join(directory, name));
        if (probe.discovered) await discovery.push(name, [discovered(filter)]);
        const source = { config_source: discovery.source(name), type_urls: [WASM] };
        return {
          name,
          filters: [probe.discovered ? { name, config_discovery: source } : filter],
          routes: [route('echo')],
        };
      }),
    );
    const { path } = await findEnvoy({ version });
    const envoy = await startEnvoy({
      path,
      bootstrap: bootstrap(listeners, [{ name: 'echo', port: upstream.port }]),
      componentLogLevel: 'wasm:info',
    });
    const started = new EnvoyProbes(envoy, upstream, discovery, directory);
    for (const { guest, requests = [{}] } of all) {
      if (guest.name !== LAST)
        started.#answers.set(guest.name, started.#send(guest.name, requests));
    }
    started.#lines = started.#wait();
    return started;
  }

  async seen(probe: Probe): Promise<Seen> {
    const { name } = probe.guest;
    const answers = (await this.#answers.get(name)) ?? [];
    return { answers, lines: linesOf(name, (await this.#lines) ?? []) };
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await this.#upstream.close();
    await this.#discovery.remove();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** What guests logged, once every request has been answered. */
  async #wait(): Promise<string[]> {
    await Promise.all(this.#answers.values());
    await this.#send(LAST, [{}]);
    await this.#envoy.waitForLog(new RegExp(`: ${LAST} of all$`));
    return guestLines(this.#envoy.logs);
  }

  /** One after the other, each on a connection of its own. */
  async #send(name: string, requests: readonly ProbeRequest[]): Promise<string[]> {
    const { port } = await this.#envoy.listener(name);
    const answers: string[] = [];
    for (const { afterMs, ...request } of requests) {
      if (afterMs !== undefined) await delay(afterMs);
      const answered = send({ port, ...request }).then(
        ({ status, headers, body }) => {
          if (!body.startsWith('{"service"')) return replyText(status, headers, body);
          return upstreamText(status, (JSON.parse(body) as Echo).headers, headers);
        },
        () => RESET,
      );
      answers.push(await Promise.race([answered, delay(HANGS_MS, HANGS, { ref: false })]));
    }
    return answers;
  }
}

/** A probe's guest as a filter of a listener. */
export function wasmFilter(probe: Probe, path: string, configuration = CONFIGURATION) {
  const { name } = probe.guest;
  const text = (value: string) => ({ '@type': `${TYPE}google.protobuf.StringValue`, value });
  const { capabilities = [] } = probe;
  const allowed = Object.fromEntries(capabilities.map((capability) => [capability, {}]));
  return {
    name,
    typed_config: {
      '@type': `${TYPE}${WASM}`,
      config: {
        name,
        root_id: name,
        failure_policy: POLICY[probe.policy ?? 'closed'],
        vm_config: {
          vm_id: name,
          runtime: 'envoy.wasm.runtime.v8',
          code: { local: { filename: path } },
          configuration: text(VM_CONFIGURATION),
          capability_restriction_config: { allowed_capabilities: allowed },
        },
        configuration: text(configuration),
      },
    },
  };
}

/** A filter as what config discovery sends. */
export function discovered(filter: object): object {
  return { '@type': `${TYPE}envoy.config.core.v3.TypedExtensionConfig`, ...filter };
}

/** What guests have logged. */
export function guestLines(logs: readonly string[]): string[] {
  return logs.flatMap((line) => / wasm log[^:]*: (.*)$/.exec(line)?.[1] ?? []);
}
