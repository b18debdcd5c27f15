// cost: CPU time of a call that carries headers on, against a bare one and other libraries.
// One process is measured at a time; it makes a fixed number of calls, and its own CPU clock is read
// before and after: what else the machine does moves that less than it moves requests per second.

import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { tsImport } from 'tsx/esm/api';
import { difference, estimate, orderOf } from './statistics.mjs';

const require = createRequire(import.meta.url);
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

const CLIENTS = ['http', 'fetch', 'undici', 'grpc'];
/** Variant → how Node is started for it. `bare` and `again` are the same: how far equals differ. */
const VARIANTS = {
  bare: [],
  again: [],
  tagalong: ['--import', '@tagalong/node/register'],
  otel: ['--require', here('otel.cjs')],
  hpropagate: ['--require', here('hpropagate.cjs')],
};
const CARRIED = {
  headers: {
    'x-request-id': '4fd0b4b5-2b9c-9d2c-8a3e-0b6bd4a1b8a0',
    'x-b3-traceid': '463ac35c9f6413ad48485a3953bb6124',
    'x-b3-spanid': 'a2fb4a1d1a96d312',
    'x-b3-sampled': '1',
    traceparent: '00-463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312-01',
    'x-traffic-tag': 'canary',
  },
  nothing: {},
};
const REQUEST_TIMEOUT_MS = 120_000;

const HELP = `node bench/sdk/cost.mjs [flags]    CPU µs per call of a service that makes one call a request

  --client NAME       ${CLIENTS.join(' | ')}; may be given again; default: each
  --variant NAME      ${Object.keys(VARIANTS).join(' | ')}; may be given again; default: each
  --carry WHAT        headers | nothing: what incoming requests carry; may be given again; default: both
  --node MAJOR        20 | 22 | 24 | 26; may be given again; default: 20 and 24
  --mode MODE         TAGALONG_MODE; default: verbatim
  --rounds N          default: 15; each round starts every variant anew, in another order
  --calls N           measured in each round; default: 8000
  --warm N            calls before that; default: 4000
  --concurrency N     requests under way at once; default: 16
  --json              the rounds and what they say as JSON, instead of a table
  --help              this

Figures: the median over the rounds and its 95 % interval (bootstrap). \`more than bare\` is taken round
by round. \`again\` is bare Node once more: a difference inside its interval is none. Processes that
are measured run on core 0, the others on core 1, where taskset is there. Leave the machine alone.`;

const { values: flags } = parseArgs({
  options: {
    client: { type: 'string', multiple: true, default: CLIENTS },
    variant: { type: 'string', multiple: true, default: Object.keys(VARIANTS) },
    carry: { type: 'string', multiple: true, default: Object.keys(CARRIED) },
    node: { type: 'string', multiple: true, default: ['20', '24'] },
    mode: { type: 'string', default: 'verbatim' },
    rounds: { type: 'string', default: '15' },
    calls: { type: 'string', default: '8000' },
    warm: { type: 'string', default: '4000' },
    concurrency: { type: 'string', default: '16' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (flags.help) {
  console.log(HELP);
  process.exit();
}

function wholeNumber(flag) {
  const value = Number(flags[flag]);
  if (!Number.isInteger(value) || value < 1) fail(`--${flag} ${flags[flag]}: want 1 or more`);
  return value;
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

for (const [flag, known] of [
  ['client', CLIENTS],
  ['variant', Object.keys(VARIANTS)],
  ['carry', Object.keys(CARRIED)],
]) {
  for (const value of flags[flag]) {
    if (!known.includes(value)) fail(`--${flag} ${value}: want one of ${known.join(', ')}`);
  }
}
const rounds = wholeNumber('rounds');
const calls = wholeNumber('calls');
const warm = wholeNumber('warm');
const concurrency = wholeNumber('concurrency');

const { nodeBinaries } = await tsImport('../../test/harness/nodes.ts', import.meta.url);
const nodes = (await nodeBinaries()).filter(({ major }) => flags.node.includes(String(major)));
if (nodes.length < flags.node.length) fail(`--node ${flags.node.join(' ')}: want 20, 22, 24, 26`);
const pinned = cpus().length > 1 && spawnable('taskset');

function spawnable(command) {
  const { status } = require('node:child_process').spawnSync(command, ['--version']);
  return status === 0;
}

/** A process that is spoken with by messages, each answered by one. */
async function start(core, node, args) {
  const [command, ...line] = [...(pinned ? ['taskset', '-c', String(core)] : []), node, ...args];
  const child = spawn(command, line, {
    cwd: here('.'),
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, TAGALONG_MODE: flags.mode, TAGALONG_SIDECAR: 'none' },
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer: ${line}`)), REQUEST_TIMEOUT_MS);
      const ended = (code) => reject(new Error(`ended with ${code}: ${line.join(' ')}`));
      child.once('exit', ended);
      child.once('message', (message) => {
        clearTimeout(timer);
        child.off('exit', ended);
        resolve(message);
      });
    });
  return {
    said: await answer(),
    ask: (message) => {
      child.send(message);
      return answer();
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.disconnect();
      }),
  };
}

/** CPU µs per call of a new process, and which share of its calls carried what. */
async function measure(node, client, variant, headers) {
  const configuration = JSON.stringify({ client, ports: upstream.said });
  const service = await start(0, node.path, [
    ...VARIANTS[variant],
    here('service.cjs'),
    configuration,
  ]);
  const load = (requests) =>
    upstream.ask({ port: service.said.port, requests, concurrency, headers });
  await load(warm);
  const before = await service.ask({});
  const counted = await load(calls);
  const after = await service.ask({});
  await service.stop();
  if (counted.calls !== calls) throw new Error(`${counted.calls} calls for ${calls} requests`);
  return {
    micros: (after.cpuMicros - before.cpuMicros) / calls,
    requestId: counted.requestId / calls,
    trace: counted.trace / calls,
  };
}

const upstream = await start(1, process.execPath, [here('upstream.mjs')]);
const results = [];
for (const node of nodes) {
  for (const client of flags.client) {
    for (const carry of flags.carry) results.push(await compare(node, client, carry));
  }
}
await upstream.stop();
if (flags.json) {
  const { version } = require('@tagalong/node/package.json');
  console.log(JSON.stringify({ version, cpu: cpus()[0]?.model, pinned, flags, results }, null, 2));
}

/** Every variant, round by round. */
async function compare(node, client, carry) {
  const measured = Object.fromEntries(flags.variant.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    for (const index of orderOf(round, flags.variant.length)) {
      const variant = flags.variant[index];
      measured[variant].push(await measure(node, client, variant, CARRIED[carry]));
    }
    if (process.stderr.isTTY) {
      process.stderr.write(
        `\rNode ${node.major} ${client} ${carry}: round ${round + 1}/${rounds} `,
      );
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const micros = (variant) => measured[variant].map((one) => one.micros);
  const variants = flags.variant.map((variant) => ({
    variant,
    micros: micros(variant),
    cost: estimate(micros(variant)),
    overBare: measured.bare && difference(micros(variant), micros('bare')),
    overTagalong: measured.tagalong && difference(micros(variant), micros('tagalong')),
    requestId: measured[variant].at(-1).requestId,
    trace: measured[variant].at(-1).trace,
  }));
  const result = { node: node.version, client, carry, load: loadavg()[0], variants };
  if (!flags.json) print(result);
  return result;
}

function print({ node, client, carry, load, variants }) {
  const interval = ({ median, low, high }) =>
    `${median.toFixed(1).padStart(7)} [${low.toFixed(1)}, ${high.toFixed(1)}]`.padEnd(24);
  const heads = ['µs per call', 'more than bare', 'more than tagalong', 'carries'];
  console.log(`\n${client}, ${carry} to carry, Node ${node} (load ${load.toFixed(1)})`);
  console.log(`${''.padEnd(12)}${heads.map((head) => head.padStart(7).padEnd(24)).join('')}`);
  for (const { variant, cost, overBare, overTagalong, requestId, trace } of variants) {
    const carried = [requestId > 0.999 && 'x-request-id', trace > 0.999 && 'B3'].filter(Boolean);
    const cells = [
      interval(cost),
      overBare && variant !== 'bare' ? interval(overBare) : ''.padEnd(24),
      overTagalong && variant !== 'tagalong' ? interval(overTagalong) : ''.padEnd(24),
    ];
    const what = carry === 'nothing' ? '' : carried.join(', ') || 'nothing';
    console.log(`${variant.padEnd(12)}${cells.join('')}${what}`);
  }
}
