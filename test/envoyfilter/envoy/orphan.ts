// orphan: a program that starts an Envoy and does not stop it, for process.test.ts.
// Arguments: path of Envoy, how to end: wait | exit | throw. Prints one line of JSON when it is up.

import { startEnvoy } from '../../../envoyfilter/src/envoy/process.js';

const [path = '', how] = process.argv.slice(2);
const { pid, dir } = await startEnvoy({ path, bootstrap: {} });
process.stdout.write(`${JSON.stringify({ pid, dir })}\n`);
// Stays also when Envoy, whose output alone would keep it, is gone.
if (how === 'wait') setInterval(() => {}, 60_000);
if (how === 'exit') process.exit(0);
if (how === 'throw') throw new Error('on purpose');
