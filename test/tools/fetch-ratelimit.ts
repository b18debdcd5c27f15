// fetch-ratelimit: builds the rate limit service before the tests, where its progress can be seen and
// no test's deadline runs. Ends with 0 also where that cannot be: tests that need it say so.

import { findRateLimitService } from '../harness/ratelimit-service.js';

try {
  const program = await findRateLimitService();
  if (program !== undefined) console.log(`Rate limit service: ${program.path}`);
} catch (error) {
  console.log((error as Error).message);
}
