// promtool: Prometheus' own judge of rules, from Debian's package `prometheus` or from $PROMTOOL.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The executable. Where there is none, says so and returns undefined: its tests are then skipped.
 * @throws Error in CI, where no test may be skipped
 */
export function findPromtool(env = process.env): string | undefined {
  const path = env.PROMTOOL ?? 'promtool';
  const { error, status } = spawnSync(path, ['--version'], { env });
  if (!error && status === 0) return path;
  const message = `${path}: not found (Debian: apt-get install prometheus); it judges the alerts`;
  if (env.CI) throw new Error(message);
  console.warn(`${message}\nTests of the alerts with promtool are skipped.`);
  return undefined;
}

export interface Judged {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs promtool in a folder of these files. */
export function judge(
  promtool: string,
  files: Readonly<Record<string, string>>,
  args: readonly string[],
): Judged {
  const folder = mkdtempSync(join(tmpdir(), 'tagalong-promtool-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: folder });
    return { ok: status === 0, output: `${stdout}${stderr}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
