// nodes: the Node versions that the SDK is tested on, as executables: the one that runs us, and
// others from npm, fetched once for all processes into the folder where the fetched Envoys are.
// They are no dependencies of a package: npm would put their `node` before ours on PATH.
// Promise: what is in the folder is complete and has said its version.

import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from '../../envoyfilter/src/envoy/fetch.js';
import { acquireLock } from '../../envoyfilter/src/envoy/lock.js';

const run = promisify(execFile);

/** Exact versions: a new one is taken on purpose. */
const VERSIONS = { 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' } as const;
const FETCH_TIMEOUT_MS = 300_000;

export interface NodeBinary {
  /** `20.20.2` */
  readonly version: string;
  readonly major: number;
  readonly path: string;
}

/** This Node and every other that can be had, the oldest first. */
export async function nodeBinaries(env = process.env): Promise<NodeBinary[]> {
  const own = { version: process.versions.node, path: process.execPath };
  const others = await Promise.all(
    Object.entries(VERSIONS)
      .filter(([major]) => Number(major) !== majorOf(own.version))
      .map(async ([, version]) => ({ version, path: await fetchNode(version, env) })),
  );
  return [own, ...others]
    .map((node) => ({ ...node, major: majorOf(node.version) }))
    .sort((a, b) => a.major - b.major);
}

function majorOf(version: string): number {
  return Number(version.split('.')[0]);
}

/** @throws Error npm could not bring it */
async function fetchNode(version: string, env: NodeJS.ProcessEnv): Promise<string> {
  const home = join(cacheFolder(env), `node-${version}`);
  const path = join(home, 'bin/node');
  if (await exists(path)) return path;
  await mkdir(cacheFolder(env), { recursive: true });
  const release = await acquireLock(`${home}.lock`);
  let temp: string | undefined;
  try {
    if (await exists(path)) return path;
    temp = await mkdtemp(join(cacheFolder(env), '.node-'));
    const name = `node-${process.platform}-${process.arch}`;
    process.stderr.write(`Node ${version}: npm brings ${name} …\n`);
    const args = ['install', '--prefix', temp, '--no-save', '--ignore-scripts'];
    await run('npm', [...args, '--no-audit', '--no-fund', `${name}@${version}`], {
      timeout: FETCH_TIMEOUT_MS,
    });
    const fetched = join(temp, 'node_modules', name);
    const { stdout } = await run(join(fetched, 'bin/node'), ['--version']);
    if (stdout.trim() !== `v${version}`) throw new Error(`${name} says it is ${stdout.trim()}`);
    await rename(fetched, home);
    return path;
  } finally {
    if (temp !== undefined) await rm(temp, { recursive: true, force: true });
    await release();
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
