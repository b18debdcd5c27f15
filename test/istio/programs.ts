// programs: Istio's control plane for tests (main.go) and istioctl, built from Istio's own module.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildGo } from '../harness/go-build.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const JUDGE = 'judge';
const ISTIOCTL = 'istioctl';

export interface IstioPrograms {
  /** Paths. */
  readonly judge: string;
  readonly istioctl: string;
}

/**
 * Finds or builds them: some minutes, once for each state of the Go files. Where that cannot be, says
 * so and returns undefined: tests are then skipped.
 * @throws Error in CI, where no test may be skipped
 */
export async function findIstio(env = process.env): Promise<IstioPrograms | undefined> {
  const built = await buildGo(
    {
      title: "Istio's control plane and istioctl",
      folder: `istio-${await sourcesHash()}`,
      packages: ['.', 'istio.io/istio/istioctl/cmd/istioctl'],
      binaries: [JUDGE, ISTIOCTL],
      cwd: FOLDER,
    },
    env,
  );
  if (built.folder !== undefined) {
    return { judge: join(built.folder, JUDGE), istioctl: join(built.folder, ISTIOCTL) };
  }
  const message = ["Istio's control plane cannot be built here:", ...built.reasons].join('\n  ');
  if (env.CI) throw new Error(message);
  console.warn(`${message}\nTests against Istio are skipped. They need Go, or pip to fetch it.`);
  return undefined;
}

/** Of all that decides what is built. */
async function sourcesHash(): Promise<string> {
  const names = (await readdir(FOLDER)).filter((name) => /\.(go|mod|sum)$/.test(name)).sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(FOLDER, name)));
  return hash.digest('hex').slice(0, 12);
}
