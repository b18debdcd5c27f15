// setup: makes a fresh clone ready: packages installed, parts built. No package is needed for it.
// Promise: does nothing, in well under a second, where nothing is to do; says what it does and for
// how long it has been at it otherwise.
// As a program: `node test/tools/setup.mjs`.

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './children.mjs';
import { hashSources, isBuilt, isInstalled, markBuilt, markInstalled } from './stamps.mjs';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const TELL_EVERY_MS = 10_000;

/** What the user must do; the message says it all, so no stack is needed. */
export class SetupError extends Error {}

/**
 * @param {{build?: boolean, root?: string}} [options] `build`: also build the parts; default true
 * @throws SetupError
 */
export async function setup({ build = true, root = ROOT } = {}) {
  checkNode(root);
  if (!isInstalled(root)) await install(root);
  if (build && !isBuilt(root)) await buildParts(root);
}

function checkNode(root) {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = engines.node.replace('>=', '');
  if (compareVersions(process.versions.node, wanted) >= 0) return;
  throw new SetupError(
    `Node ${wanted} or later is needed, this is ${process.versions.node} (${process.execPath}).`,
  );
}

/** Negative, zero or positive, as for sort(); three numbers each. */
export function compareVersions(one, other) {
  const numbers = (version) => version.split('.').map(Number);
  const [a, b] = [numbers(one), numbers(other)];
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

async function install(root) {
  const command = [...npm(), 'ci', '--include=dev'];
  const what = existsSync(join(root, 'node_modules'))
    ? 'Installing packages: node_modules does not match package-lock.json'
    : 'Installing packages: first run in this folder';
  await step(what, command, root, 'npm ci failed; its output is above. Is the registry reachable?');
  markInstalled(root);
}

async function buildParts(root) {
  const sources = hashSources(root);
  // A file that lost its source must not live on in an output.
  for (const part of ['envoyfilter', 'sdk-node']) {
    rmSync(join(root, part, 'dist'), { recursive: true, force: true });
  }
  await step(
    'Building the filter, the CLI and the SDK',
    [...npm(), 'run', 'build', '--workspaces', '--if-present'],
    root,
    'The build failed; its output is above.',
  );
  markBuilt(root, sources);
}

// The npm that runs us, where one does. Under it PATH begins with node_modules/.bin, where packages
// may put another npm (as-pect's did, an npm 6 that knows no workspaces).
function npm() {
  const path = process.env.npm_execpath;
  return path?.endsWith('.js') ? [process.execPath, path] : ['npm'];
}

async function step(what, command, cwd, failure) {
  const startMs = performance.now();
  const seconds = () => `${Math.round((performance.now() - startMs) / 1000)} s`;
  console.log(`${what} …`);
  // npm shows its own progress on a terminal only.
  const ticker = setInterval(() => console.log(`… ${seconds()}`), TELL_EVERY_MS);
  const { code } = await run(command, { cwd }).finally(() => clearInterval(ticker));
  if (code !== 0) throw new SetupError(failure);
  console.log(`… done after ${seconds()}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setup().catch((error) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  });
}
