// ratelimit-build: the executable of Envoy's rate limit service, built from its Go module.

import { join } from 'node:path';
import { buildGo } from './go-build.js';

const PACKAGE = 'github.com/envoyproxy/ratelimit/src/service_cmd';
/** The module has had no release for years: this is its main branch on a day in January 2026. */
const VERSION = 'v1.4.1-0.20260122083618-3fb702589d36';
const BINARY = 'service_cmd';

export type BuiltRateLimit =
  | { readonly path: string }
  | { readonly path: undefined; readonly reasons: readonly string[] };

/** Finds it, or builds it, with a line on standard error now and then. */
export async function buildRateLimitService(env = process.env): Promise<BuiltRateLimit> {
  const built = await buildGo(
    {
      title: 'Rate limit service',
      folder: `ratelimit-${VERSION}`,
      packages: [`${PACKAGE}@${VERSION}`],
      binaries: [BINARY],
    },
    env,
  );
  if (built.folder === undefined) return { path: undefined, reasons: built.reasons };
  return { path: join(built.folder, BINARY) };
}
