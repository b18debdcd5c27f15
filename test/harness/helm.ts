// helm: Helm itself, built from its Go module.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { buildGo } from './go-build.js';

const PACKAGE = 'helm.sh/helm/v4/cmd/helm';
const VERSION = 'v4.3.1';

/** How a run of helm ended. */
export interface HelmRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs helm. */
export type Helm = (...args: string[]) => Promise<HelmRun>;

/**
 * Finds or builds it: minutes, once. Where that cannot be, says so and returns undefined: tests are
 * then skipped.
 * @throws Error in CI, where no test may be skipped
 */
export async function findHelm(env = process.env): Promise<Helm | undefined> {
  const built = await buildGo(
    {
      title: 'Helm',
      folder: `helm-${VERSION}`,
      packages: [`${PACKAGE}@${VERSION}`],
      binaries: ['helm'],
    },
    env,
  );
  if (built.folder !== undefined) return runner(join(built.folder, 'helm'), env);
  const message = ['Helm cannot be built here:', ...built.reasons].join('\n  ');
  if (env.CI) throw new Error(message);
  console.warn(`${message}\nTests of the chart are skipped. They need Go, or pip to fetch it.`);
  return undefined;
}

function runner(path: string, env: NodeJS.ProcessEnv): Helm {
  return (...args) =>
    new Promise((resolve) => {
      const options = { env: { ...env, KUBECONFIG: '/dev/null' }, maxBuffer: 64 * 1024 * 1024 };
      execFile(path, args, options, (error, stdout, stderr) => {
        const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : 1;
        resolve({ code, stdout, stderr });
      });
    });
}
