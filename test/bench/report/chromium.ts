// chromium: a browser that is on the machine, without a window, a profile or a word to anyone.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * $CHROMIUM, else the first of its names on PATH. Where there is none, says so and returns
 * undefined: tests are then skipped.
 * @throws Error in CI, where no test may be skipped
 */
export function findChromium(env = process.env): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = env.CHROMIUM
    ? [env.CHROMIUM]
    : NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = paths.find(isProgram);
  if (found !== undefined) return found;
  const looked = env.CHROMIUM
    ? `$CHROMIUM is ${env.CHROMIUM}, which is no program`
    : `none of ${NAMES.join(', ')} on PATH`;
  const message = `No browser: ${looked} (Debian: apt-get install chromium)`;
  if (env.CI) throw new Error(message);
  console.warn(`${message}\nTests of how the report looks are skipped.`);
  return undefined;
}

/** To be closed. Its sandbox needs a user who may make namespaces: the page is our own. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', ...QUIET] });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
