// fetch-helm: builds Helm before the tests, where its progress can be seen and no test's deadline
// runs. Ends with 0 also where that cannot be: tests that need it say so.

import { findHelm } from '../harness/helm.js';

try {
  if ((await findHelm()) !== undefined) console.log('Helm is there.');
} catch (error) {
  console.log((error as Error).message);
}
