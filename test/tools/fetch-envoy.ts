// fetch-envoy: gets Envoy before the tests, where its progress can be seen and no test's deadline
// runs. Ends with 0 also where there is none: tests that need it are then skipped, and say so.

import { EnvoyNotFound, findEnvoy } from '../../envoyfilter/src/envoy/index.js';

try {
  const { version, path } = await findEnvoy();
  console.log(`Envoy ${version}: ${path}`);
} catch (error) {
  if (!(error instanceof EnvoyNotFound)) throw error;
  console.log(`${error.message}\nTests on real Envoy are skipped.`);
}
