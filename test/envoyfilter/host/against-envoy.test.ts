// What this host does is what Envoy does: each probe has one expectation, and two hosts to meet it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readExpected, UPDATE, writeExpected } from './expected.js';
import type { Seen } from './probe.js';
import { EnvoyProbes } from './probe-envoy.js';
import { runOnHost } from './probe-host.js';
import { probes } from './probes/index.js';

describe('a probe', () => {
  const expected = readExpected();
  const found: Record<string, Seen> = {};
  let envoy: EnvoyProbes;

  beforeAll(async () => {
    envoy = await EnvoyProbes.start(probes, '1.40.0');
  });
  afterAll(async () => {
    if (UPDATE) writeExpected(found);
    await envoy?.stop();
  });

  it.each(
    probes.map((probe) => [probe.guest.name, probe] as const),
  )('sees the same on this host and in Envoy: %s', async (name, probe) => {
    const inEnvoy = await envoy.seen(probe);
    found[name] = inEnvoy;
    const wanted = expected[name] ?? (UPDATE ? inEnvoy : undefined);
    expect.soft(await runOnHost(probe), 'this host').toEqual(wanted);
    expect.soft(inEnvoy, 'Envoy').toEqual(wanted);
  });

  it('is in the file of expectations, and nothing else is', () => {
    expect(Object.keys(UPDATE ? found : expected)).toEqual(probes.map(({ guest }) => guest.name));
  });
});
