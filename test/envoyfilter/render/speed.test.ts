import { expect, it } from 'vitest';
import type { Policy } from '../../../envoyfilter/src/policy/policy.js';
import { wasmModule } from '../../../envoyfilter/src/render/module.js';
import { render, targetOf } from '../../../envoyfilter/src/render/render.js';
import { wasmBytes } from '../../harness/wasm.js';

const SERVICES = 500;
const MOST_SECONDS = 2;
const TAG = 'x-traffic-tag';

/** A filter and a route for each service of a large mesh. */
const policy: Policy = {
  metadata: { name: 'large', namespace: 'shop' },
  spec: {
    filters: Array.from({ length: SERVICES }, (_, index) => ({
      at: 'inbound',
      selector: { app: `service-${index}` },
      tags: [{ header: TAG, incoming: 'trust' }],
    })),
    routes: Array.from({ length: SERVICES }, (_, index) => ({
      host: `service-${index}`,
      tag: TAG,
      versions: { stable: { version: 'v1' }, canary: { version: 'v2' } },
      default: 'stable',
      fallback: 'stable',
    })),
  },
};

// In processor time, which other processes of the machine do not add to as they do to waiting.
it.each(['envoyfilter', 'envoy'] as const)('500 services take less than 2 s as %s', async (as) => {
  const module = wasmModule(wasmBytes());
  const before = process.cpuUsage();
  const { files } = await render(as, [policy], { target: targetOf(as), module });
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(MOST_SECONDS);
  expect(files.length).toBeGreaterThan(SERVICES);
});
