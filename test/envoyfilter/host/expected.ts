// expected: what is seen of each probe, as expected.yaml has it. The file says what Envoy does:
// UPDATE=1 writes it anew from Envoy, never from this host.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { Seen } from './probe.js';

const path = fileURLToPath(new URL('expected.yaml', import.meta.url));

export const UPDATE = process.env.UPDATE === '1';

/** By the name of the probe. */
export function readExpected(): Readonly<Record<string, Seen | undefined>> {
  return UPDATE ? {} : parse(readFileSync(path, 'utf8'));
}

export function writeExpected(seen: Readonly<Record<string, Seen>>): void {
  const title =
    '# What Envoy does with each probe of probes/. UPDATE=1 writes it anew, from Envoy.\n';
  writeFileSync(path, title + stringify(seen, { lineWidth: 100 }));
}
