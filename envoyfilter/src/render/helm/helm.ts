// helm: a policy as a Helm chart whose values are the policy. The templates, in ../../chart, compute
// from the values what the renderers compute from the policy; a test holds the two together.
// Promise: what cannot be rendered otherwise is no chart either.

import { readdirSync, readFileSync } from 'node:fs';
import type { Policy } from '../../policy/policy.js';
import { renderEnvoyFilter } from '../istio/envoyfilter.js';
import { RenderError, type RenderOptions } from '../options.js';
import { type Rendered, type RenderedFile, toYaml } from '../resource.js';
import { helmReleaseBytes, helmReleaseNote } from '../sizes.js';
import { helmParts } from './helm-parts.js';
import { valuesSchema } from './helm-schema.js';

const CHART = new URL('../../../chart/', import.meta.url);
const ABOUT = `The policy is the values. For another policy render another chart, or replace this file: of values
beside it (--values) Helm makes one with these, and what only this policy has would stay.
namespaces stages it: only those that are included (none named: all) and not excluded get objects.`;

/** @throws RenderError where there is not just one policy */
export async function renderHelm(
  policies: readonly Policy[],
  options: RenderOptions,
): Promise<Rendered> {
  const [policy, ...more] = policies;
  if (policy === undefined || more.length > 0) {
    throw new RenderError(
      `found ${policies.length} policies, wanted one: a chart's values are one policy; render a ` +
        'chart for each',
    );
  }
  const resources = await renderEnvoyFilter(policies, options);
  const files: RenderedFile[] = [
    ...chartFiles().map((path) => ({ path, content: readFileSync(new URL(path, CHART), 'utf8') })),
    { path: 'values.yaml', content: values(policy, options) },
    { path: 'values.schema.json', content: json(valuesSchema(options.target)) },
    { path: 'files/parts.json', content: json(helmParts(options)) },
    { path: 'files/tagalong.wasm', content: options.module.bytes },
  ];
  const manifest = resources.files.map(({ content }) => content).join('');
  const chart = files.map(({ content }) => Buffer.from(content));
  return {
    files,
    notes: [...resources.notes, helmReleaseNote(helmReleaseBytes(chart, manifest))],
  };
}

function chartFiles(): string[] {
  const templates = readdirSync(new URL('templates/', CHART)).sort();
  return ['Chart.yaml', '.helmignore', ...templates.map((name) => `templates/${name}`)];
}

function values({ metadata, spec }: Policy, { target }: RenderOptions): string {
  const { name, namespace } = metadata;
  return toYaml(
    [{ metadata: { name, namespace }, spec, ...target, namespaces: { include: [], exclude: [] } }],
    ABOUT,
  );
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
