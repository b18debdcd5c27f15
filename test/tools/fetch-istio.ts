// fetch-istio: builds Istio's control plane and istioctl before the tests, where the progress can be
// seen and no test's deadline runs. Ends with 0 also where that cannot be: tests that need it say so.

import { findIstio } from '../istio/programs.js';

try {
  const programs = await findIstio();
  if (programs !== undefined) console.log(`Istio: ${programs.judge}, ${programs.istioctl}`);
} catch (error) {
  console.log((error as Error).message);
}
