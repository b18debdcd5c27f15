// finder: a program that looks for Envoy in its own environment, for find.test.ts.

import { findEnvoy } from '../../../envoyfilter/src/envoy/find.js';

const { source } = await findEnvoy();
process.stdout.write(`${source}\n`);
