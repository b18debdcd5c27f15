// snapshot: what a proxy says of itself at one moment, or at two. All asking of doctor is here.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AdminClient,
  AdminError,
  type ConfigDump,
  parsePrometheus,
  type Sample,
} from '../envoy/index.js';
import { ourFilters, readChains } from './chains.js';
import { list, parsed, record, text } from './json.js';

/** Names of stats that doctor looks at; Envoys have tens of thousands. */
const STATS =
  '^wasm|^extension_config_discovery\\.http_filter\\.|downstream_rq_total$|^listener_manager\\.';

/** Characters of a strange answer that are shown. */
const EXCERPT = 60;

/** Of /server_info. */
export interface ServerInfo {
  /** COMMIT/1.40.0/Clean/RELEASE/BoringSSL */
  readonly version: string;
  readonly state: string;
  readonly node?: {
    readonly id?: string;
    readonly cluster?: string;
    readonly metadata?: Readonly<Record<string, unknown>>;
  };
}

export interface Snapshot {
  readonly server: ServerInfo;
  readonly configDump: ConfigDump;
  /** Of each discovered filter, the version that is in force: `` where none is. */
  readonly versions: ReadonlyMap<string, string>;
  /** By full name, labels in it. */
  readonly stats: ReadonlyMap<string, number>;
  /** The filter's metrics as Prometheus is shown them. */
  readonly samples: readonly Sample[];
  /** The same stats some seconds later, if one waited. */
  readonly later?: { readonly seconds: number; readonly stats: ReadonlyMap<string, number> };
  /** sha256 of modules that the proxy loads from files which this machine has too, by path. */
  readonly modules: ReadonlyMap<string, string>;
}

/**
 * @param waitSeconds between two readings of the counters; 0: one reading
 * @throws AdminError where the proxy does not answer
 */
export async function takeSnapshot(
  admin: AdminClient,
  waitSeconds: number,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const server = serverInfo(await admin.get('/server_info'), admin);
  const configDump = await admin.configDump();
  const stats = await admin.stats(STATS);
  const samples = parsePrometheus(await admin.get('/stats/prometheus?filter=tagalong_'));
  const versions = await versionsOf(admin);
  const modules = await modulesOf(configDump);
  const snapshot = { server, configDump, versions, stats, samples, modules };
  if (waitSeconds === 0) return snapshot;
  await delay(waitSeconds * 1000, undefined, { signal });
  return { ...snapshot, later: { seconds: waitSeconds, stats: await admin.stats(STATS) } };
}

/** Something else may answer there, with 200 to everything. */
function serverInfo(body: string, { url }: AdminClient): ServerInfo {
  const info = parsed(body);
  const { version, state } = record(info);
  if (typeof version === 'string' && typeof state === 'string') return info as ServerInfo;
  const found = JSON.stringify(body.slice(0, EXCERPT));
  throw new AdminError(`GET ${url}/server_info: found ${found}, wanted what Envoy says there`, 200);
}

/** Texts are not among the figures of /stats. */
async function versionsOf(admin: AdminClient): Promise<Map<string, string>> {
  const filter = encodeURIComponent('^extension_config_discovery.*version_text$');
  const { stats } = record(parsed(await admin.get(`/stats?format=json&filter=${filter}`)));
  return new Map(
    list(stats).map((stat) => {
      const { name, value } = record(stat);
      return [discoveredName(text(name)), text(value)];
    }),
  );
}

/** NAME of `extension_config_discovery.http_filter.NAME.version_text`. */
function discoveredName(stat: string): string {
  return stat
    .replace(/^extension_config_discovery\.http_filter\./, '')
    .replace(/\.version_text$/, '');
}

async function modulesOf(configDump: ConfigDump): Promise<Map<string, string>> {
  const modules = new Map<string, string>();
  for (const { plugin } of ourFilters(readChains(configDump))) {
    const path = plugin?.code.kind === 'file' ? plugin.code.path : undefined;
    if (path === undefined || modules.has(path)) continue;
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined) modules.set(path, createHash('sha256').update(bytes).digest('hex'));
  }
  return modules;
}
