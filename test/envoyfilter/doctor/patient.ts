// patient: a real Envoy in a state that doctor is asked about.

import { readFile } from 'node:fs/promises';
import { examine, type Question, type Report } from '../../../envoyfilter/src/doctor/doctor.js';
import { refusalBy } from '../../../envoyfilter/src/doctor/second-opinion.js';
import { takeSnapshot } from '../../../envoyfilter/src/doctor/snapshot.js';
import {
  type EnvoyProcess,
  findEnvoy,
  SUPPORTED_VERSIONS,
  startEnvoy,
} from '../../../envoyfilter/src/envoy/index.js';
import {
  filterEntries,
  type PlacedEntry,
  readPolicy,
} from '../../../envoyfilter/src/policy/policy.js';
import { namesIn, wasmModule } from '../../../envoyfilter/src/render/module.js';
import { filterName } from '../../../envoyfilter/src/render/names.js';
import { discoveredFilter, extensionConfig } from '../../../envoyfilter/src/render/wasm-filter.js';
import { bootstrap, type Listener, route } from '../../harness/bootstrap.js';
import { send } from '../../harness/client.js';
import { DiscoveryFolder } from '../../harness/ecds.js';
import { type EchoServer, startEchoServer } from '../../harness/echo-server.js';
import { WASM_PATH, wasmBytes } from '../../harness/wasm.js';

/** The oldest and the newest. */
export const VERSIONS = [SUPPORTED_VERSIONS[0], SUPPORTED_VERSIONS.at(-1)!] as const;

export const POLICY = readPolicy(`
apiVersion: tagalong/v1
kind: Policy
metadata: {name: shop, namespace: shop}
spec:
  filters:
    - at: gateway
      tags: [{header: x-traffic-tag, default: stable}]
`);
export const [ENTRY] = filterEntries(POLICY) as [PlacedEntry];
export const NAME = filterName(ENTRY);
export const LISTENER = 'edge';

const own = wasmModule(wasmBytes());
export const OWN: Question['module'] = {
  sha256: own.sha256,
  offers: namesIn(own),
  refusal: refusalBy(own.bytes),
};

export interface Sickness {
  /** Before the router; given the filter as it should be. */
  readonly filters?: (healthy: object) => readonly object[];
  readonly routes?: readonly object[];
  /** Changes the bootstrap. */
  readonly bootstrap?: (healthy: Record<string, unknown>) => object;
  /** What is delivered; default what the policy says. */
  readonly delivered?: readonly object[];
  /** More clusters, by name and port. */
  readonly clusters?: readonly { readonly name: string; readonly port: number }[];
}

/** What the entry's filter is, delivered by discovery. */
export function resource(version: string, wasmPath = WASM_PATH): object {
  return extensionConfig(NAME, ENTRY, { wasmPath, envoy: version });
}

export class Patient {
  readonly envoy: EnvoyProcess;
  readonly #folder: DiscoveryFolder;
  readonly #upstream: EchoServer;

  private constructor(envoy: EnvoyProcess, folder: DiscoveryFolder, upstream: EchoServer) {
    this.envoy = envoy;
    this.#folder = folder;
    this.#upstream = upstream;
  }

  static async start(version: string, sickness: Sickness = {}): Promise<Patient> {
    const { path } = await findEnvoy({ version });
    const upstream = await startEchoServer();
    const folder = await DiscoveryFolder.make();
    const { delivered = [resource(version)] } = sickness;
    await folder.push(LISTENER, delivered);
    const healthy = discoveredFilter(NAME, folder.source(LISTENER));
    const listener: Listener = {
      name: LISTENER,
      filters: sickness.filters?.(healthy) ?? [healthy],
      routes: sickness.routes ?? [route('echo')],
    };
    const clusters = [{ name: 'echo', port: upstream.port }, ...(sickness.clusters ?? [])];
    const all = bootstrap([listener], clusters) as Record<string, unknown>;
    try {
      const envoy = await startEnvoy({ path, bootstrap: sickness.bootstrap?.(all) ?? all });
      return new Patient(envoy, folder, upstream);
    } catch (error) {
      await Promise.all([folder.remove(), upstream.close()]);
      throw error;
    }
  }

  /** Delivers something else. */
  push(resources: readonly object[]): Promise<void> {
    return this.#folder.push(LISTENER, resources);
  }

  /** One request; its status. */
  async request(path = '/'): Promise<number> {
    const { port } = await this.envoy.listener(LISTENER);
    return (await send({ port, path })).status;
  }

  async report(question: Partial<Question> = {}, waitSeconds = 0): Promise<Report> {
    const snapshot = await takeSnapshot(this.envoy.admin, waitSeconds);
    return examine(snapshot, { policies: [POLICY], module: OWN, ...question });
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    await Promise.all([this.#folder.remove(), this.#upstream.close()]);
  }
}

/** The module with a custom section more: it does the same, and is another. */
export async function anotherModule(): Promise<Buffer> {
  const name = Buffer.from('other');
  const section = Buffer.concat([Buffer.from([0, name.length + 1, name.length]), name]);
  return Buffer.concat([await readFile(WASM_PATH), section]);
}

/** `check: what` of each problem. */
export function problemsOf({ findings }: Report): string[] {
  return findings
    .filter(({ level }) => level === 'problem')
    .map(({ check, what }) => `${check}: ${what}`);
}
