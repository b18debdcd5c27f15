// Everything that the renderers of filters write, as files that can be read.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Policy, readPolicy } from '../../../envoyfilter/src/policy/policy.js';
import type { RenderOptions } from '../../../envoyfilter/src/render/options.js';
import { type As, render, targetOf } from '../../../envoyfilter/src/render/render.js';
import type { Rendered } from '../../../envoyfilter/src/render/resource.js';
import { goldenBeside, goldenPath } from '../../harness/golden.js';
import { tinyModule } from './tiny-module.js';

const expectGolden = goldenBeside(import.meta.url);

function policy(name: string, delivery?: object): Policy {
  const { metadata, spec } = readPolicy(readFileSync(goldenPath(import.meta.url, name), 'utf8'));
  return { metadata, spec: { ...spec, ...(delivery && { delivery }) } };
}

function options(as: As, more: Partial<RenderOptions> = {}): RenderOptions {
  return { target: targetOf(as), module: tinyModule, ...more };
}

/** Files and notes as one text. */
function shown({ files, notes }: Rendered): string {
  const parts = files.map(({ path, content }) => {
    const text = typeof content === 'string' ? content : `${content.byteLength} bytes\n`;
    return `######## ${path}\n${text}`;
  });
  return `${parts.join('')}######## notes\n${notes.map((note) => `${note}\n`).join('')}`;
}

const filters = 'filters.yaml';
const routes = 'routes.yaml';
const oci = { code: { oci: `registry.example/tagalong@sha256:${'0'.repeat(64)}` } };

const CASES: [golden: string, As, Policy, Partial<RenderOptions>?][] = [
  ['envoyfilter.txt', 'envoyfilter', policy(filters)],
  [
    'envoyfilter-http.txt',
    'envoyfilter',
    policy(filters, { code: { http: 'https://files.example/t.wasm' }, onFailure: 'open' }),
  ],
  [
    'envoyfilter-configmap.txt',
    'envoyfilter',
    policy(filters, { code: { configMap: 'filter' }, onFailure: 'closed' }),
  ],
  ['wasmplugin.txt', 'wasmplugin', policy(filters, oci)],
  ['trafficextension.txt', 'trafficextension', policy(filters, { code: { file: '/opt/t.wasm' } })],
  ['envoy.txt', 'envoy', policy(routes)],
  ['envoy-stream.txt', 'envoy', policy(routes), { to: 'stream' }],
  ['ratelimit.txt', 'ratelimit', policy(filters)],
];

describe('what is rendered', () => {
  it.each(CASES)('is %s', async (golden, as, given, more) => {
    const rendered = await render(as, [given], options(as, more));
    expectGolden(golden, shown(rendered));
  });

  // sigs.k8s.io/yaml, which kubectl and Helm read with, is of 1.1; Envoy's is nearer to 1.2.
  it.each(CASES)('means the same to YAML 1.1 and 1.2: %s', async (_golden, as, given, more) => {
    const { files } = await render(as, [given], options(as, more));
    for (const { path, content } of files) {
      if (typeof content !== 'string') continue;
      const [old, now] = (['1.1', '1.2'] as const).map((version) => {
        const documents = parseAllDocuments(content, { version });
        for (const { errors, warnings } of documents) expect([...errors, ...warnings]).toEqual([]);
        return documents.map((document) => document.toJS());
      });
      expect(old, path).toEqual(now);
    }
  });

  it.each(CASES)('is the same every time: %s', async (_golden, as, given, more) => {
    const [one, other] = [
      await render(as, [given], options(as, more)),
      await render(as, [structuredClone(given)], options(as, more)),
    ];
    expect(shown(other)).toBe(shown(one));
  });
});
