// `tagalong render` where folder, options or delivery are wrong: what it says, and what it keeps.

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tagalong } from './fake-terminal.js';

const FILTER =
  '{at: gateway, namespace: edge, selector: {istio: gw}, tags: [{header: x-traffic-tag}]}';
const FILE = 'envoyfilter.edge.tagalong-shop-0-gateway.yaml';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tagalong-render-'));
  await policy('inline');
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const policy = (code: string, filters = FILTER) =>
  writeFile(
    join(cwd, 'policy.yaml'),
    `apiVersion: tagalong/v1\nkind: Policy\nmetadata: {name: shop, namespace: shop}\n` +
      `spec:\n  filters: [${filters}]\n  delivery: {code: ${code}}\n`,
  );
const render = (as: string, ...more: string[]) =>
  tagalong(['render', 'policy.yaml', '--as', as, ...more], { cwd });

describe('names what is in the way', () => {
  it.each([[[]], [['--check']]])('a folder with the name of a file %j', async (more) => {
    await mkdir(join(cwd, 'deploy', FILE), { recursive: true });
    const { code, err } = await render('envoyfilter', '-o', 'deploy', ...more);
    expect(code).toBe(1);
    expect(err).toMatch(new RegExp(`error: found a folder at .*/deploy/${FILE}, wanted a file`));
  });

  it.each([[[]], [['--check']]])('a file with the name of the folder %j', async (more) => {
    await writeFile(join(cwd, 'deploy'), '');
    const { code, err } = await render('envoyfilter', '-o', 'deploy', ...more);
    expect(code).toBe(1);
    expect(err).toMatch(/error: .*\/deploy: found a file where a folder is wanted/);
  });
});

it('renders nothing that the filter itself refuses', async () => {
  const regex = "{when: {header: x-a, regex: '(('}, value: canary}";
  await policy('inline', FILTER.replace('}]}', `, rules: [${regex}]}]}`));
  const { code, out, err } = await render('envoyfilter');
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(err).toMatch(/policy\.yaml:5:\d+ error\[module-refuses\] .*regex/);
});

it('takes an empty --out for no folder at all', async () => {
  const { code, err } = await render('envoyfilter', '-o', '');
  expect(code).toBe(2);
  expect(err).toContain('found an empty --out, wanted a folder');
  expect(await readdir(cwd)).toEqual(['policy.yaml']);
});

it('takes --only where there are no parts for a wrong use', async () => {
  const { code, err } = await render('helm', '--only', 'routes', '-o', 'chart');
  expect(code).toBe(2);
  expect(err).toContain('found --only routes with --as helm, wanted it with one of envoyfilter');
});

it.each(['envoyfilter', 'wasmplugin'])('says no password and no token aloud, as %s', async (as) => {
  await policy('{http: "https://nora:pass@example.com/a.wasm?token=secret"}');
  const { code, out, err } = await render(as);
  expect(code).toBe(0);
  expect(err).toContain('fetches https://example.com/a.wasm?…, which must be');
  expect(err).not.toMatch(/pass@|secret/);
  expect(out).toContain('https://nora:pass@example.com/a.wasm?token=secret');
});

it.each([
  'envoyfilter',
  'wasmplugin',
])('refuses an image with another scheme, as %s', async (as) => {
  await policy('{oci: "https://example.com/tagalong"}');
  const { code, err } = await render(as);
  expect(code).toBe(1);
  expect(err).toContain('wanted an image such as');
});

it('says that there is nothing to apply', async () => {
  await policy('inline', '');
  const { code, out, err } = await render('envoyfilter');
  expect(code).toBe(0);
  expect(out).toBe('');
  expect(err).toContain('there is nothing to apply');
});

it.each([
  ['envoyfilter', 'lets requests pass unfiltered'],
  ['wasmplugin', 'answers every request with 500'],
  ['trafficextension', 'answers every request with 500'],
])('says what a proxy without the module does, as %s', async (as, does) => {
  for (const code of ['{configMap: tagalong}', '{file: /a.wasm}']) {
    await policy(code);
    const { err } = await render(as);
    expect(err).toContain(`policy shop/shop: a proxy that does not have the module ${does}`);
  }
  await policy('{oci: "example.com/tagalong:1"}');
  const { err } = await render(as);
  expect(err).not.toContain('does not have the module');
});

it('names a handful of the endpoints that nobody has given, each by its host', async () => {
  const versions = '{stable: {version: v1}, canary: {version: v2}}';
  const routes = Array.from({ length: 100 }, (_, index) => {
    return `{host: s${index}, tag: x-traffic-tag, versions: ${versions}, default: stable}`;
  });
  await policy(`inline}\n  routes: [${routes.join(', ')}]\n  sdk: {mode: verbatim`);
  const { code, err } = await render('envoy');
  expect(code).toBe(0);
  const [note = ''] = err.split('\n');
  expect(note).toContain('s0/stable at 127.0.0.1:8081, s0/canary at 127.0.0.1:8082, s1/stable at');
  expect(note).toMatch(/, 192 more; edit the clusters/);
});
