// `tagalong render`: where it reads from, where it writes to, how it ends.

import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { KINDS } from '../../../envoyfilter/src/render/render.js';
import { ENVOYS, ISTIOS, LATEST } from '../../../envoyfilter/src/render/target.js';
import { tagalong } from './fake-terminal.js';

const policy = (filters: string, more = '') =>
  `apiVersion: tagalong/v1\nkind: Policy\nmetadata: { name: shop, namespace: shop }\n` +
  `spec:\n  filters: [${filters}]\n${more}`;
const GATEWAY =
  '{ at: gateway, namespace: edge, selector: { istio: gw }, tags: [{ header: x-traffic-tag, default: stable }] }';
const INBOUND = '{ at: inbound, tags: [{ header: x-traffic-tag }] }';
const LIMITED = '{ at: inbound, limits: [{ name: all, rate: 10/s }] }';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'tagalong-render-'));
  await writeFile(join(cwd, 'policy.yaml'), policy(GATEWAY));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const run = (...args: string[]) => tagalong(['render', ...args], { cwd });
const filesIn = async (folder: string) =>
  (await readdir(join(cwd, folder), { recursive: true })).sort();
const read = (path: string) => readFile(join(cwd, path), 'utf8');

describe('render without --out', () => {
  it('prints what kubectl can apply, and what it must not as comments', async () => {
    const { code, out, err } = await run('policy.yaml', '--as', 'envoyfilter');
    expect(code).toBe(0);
    const documents = parseAllDocuments(out).map((document) => document.toJS());
    expect(documents.filter(Boolean).map(({ kind }) => kind)).toEqual(['EnvoyFilter']);
    expect(out).toContain('# pod-annotations/edge.gateways.yaml\n');
    expect(out).toMatch(/^# +extraStatTags:$/m);
    expect(err).toMatch(/^note: .*KiB, the largest of its kind: \d+ % of what "kubectl apply"/m);
  });

  it('reads the standard input, and prints JSON', async () => {
    const args = ['render', '-', '--as', 'envoyfilter', '--format', 'json'];
    const { code, out } = await tagalong(args, { cwd, stdin: policy(GATEWAY) });
    expect(code).toBe(0);
    expect(JSON.parse(out).files[0].path).toBe('envoyfilter.edge.tagalong-shop-0-gateway.yaml');
  });

  it('prints an Envoy that needs no other file', async () => {
    const { code, out } = await run('policy.yaml', '--as', 'envoy');
    expect(code).toBe(0);
    expect(parseAllDocuments(out)).toHaveLength(1);
    expect(out).toContain('inline_bytes:');
    expect(out).not.toContain('path_config_source');
  });
});

describe('render with --out', () => {
  it('writes files, the same again, and tells what is not rendered any more', async () => {
    await writeFile(join(cwd, 'policy.yaml'), policy(`${GATEWAY}, ${INBOUND}`));
    const first = await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy/here');
    expect(first.code).toBe(0);
    expect(first.out).toBe('');
    expect(first.err).toContain('4 files in deploy/here, 4 of them new or changed\n');
    expect(await filesIn('deploy/here')).toEqual([
      'envoyfilter.edge.tagalong-shop-0-gateway.yaml',
      'envoyfilter.shop.tagalong-shop-1-inbound.yaml',
      'pod-annotations',
      'pod-annotations/edge.gateways.yaml',
      'pod-annotations/shop.yaml',
    ]);
    const again = await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy/here');
    expect(again.err).toContain('0 of them new or changed\n');

    await writeFile(join(cwd, 'policy.yaml'), policy(GATEWAY));
    const fewer = await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy/here');
    expect(fewer.err).toContain(
      'envoyfilter.shop.tagalong-shop-1-inbound.yaml is not rendered any more',
    );
    expect(await filesIn('deploy/here')).toHaveLength(5);
  });

  it('takes what is rendered as another part, or as something else, for no leftover', async () => {
    await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    for (const more of [['envoyfilter', '--only', 'routes'], ['env'], ['prometheus']]) {
      const { code, err } = await run('policy.yaml', '--as', ...more, '-o', 'deploy');
      expect(code).toBe(0);
      expect(err).not.toContain('not rendered any more');
    }
    const { err } = await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    expect(err).not.toContain('not rendered any more');
  });

  it('leaves everything as it was where something cannot be rendered or written', async () => {
    await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    const before = await read('deploy/envoyfilter.edge.tagalong-shop-0-gateway.yaml');
    await writeFile(join(cwd, 'policy.yaml'), policy(`${GATEWAY}, ${LIMITED}`));
    await rm(join(cwd, 'deploy/pod-annotations'), { recursive: true });
    await writeFile(join(cwd, 'deploy/pod-annotations'), 'a file in the way');
    const { code, err } = await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    expect(code).toBe(1);
    expect(err).toContain('error: ');
    expect(err).not.toContain('    at ');
    expect(await filesIn('deploy')).toEqual([
      'envoyfilter.edge.tagalong-shop-0-gateway.yaml',
      'pod-annotations',
    ]);
    expect(await read('deploy/envoyfilter.edge.tagalong-shop-0-gateway.yaml')).toBe(before);
  });

  it('writes nothing outside, wherever a link in the folder leads', async () => {
    await mkdir(join(cwd, 'deploy'));
    await mkdir(join(cwd, 'elsewhere'));
    await symlink(join(cwd, 'elsewhere'), join(cwd, 'deploy/pod-annotations'));
    const { code, err } = await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    expect(code).toBe(1);
    expect(err).toContain('wanted a folder inside');
    expect(await filesIn('elsewhere')).toEqual([]);
    expect(await filesIn('deploy')).toEqual(['pod-annotations']);
  });

  it('writes the module beside the Envoy that reads it', async () => {
    const { code } = await run('policy.yaml', '--as', 'envoy', '-o', 'edge');
    expect(code).toBe(0);
    expect(await filesIn('edge')).toEqual([
      'ecds',
      'ecds/0-gateway.yaml',
      'envoy.yaml',
      'tagalong.wasm',
    ]);
  });
});

describe('render with --check', () => {
  const check = () => run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy', '--check');

  it('says nothing where the folder is as it would be written', async () => {
    await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    expect(await check()).toMatchObject({ code: 0, out: '' });
  });

  it('tells each difference, writes nothing, and exits 1', async () => {
    await writeFile(join(cwd, 'policy.yaml'), policy(`${GATEWAY}, ${INBOUND}`));
    await run('policy.yaml', '--as', 'envoyfilter', '-o', 'deploy');
    await writeFile(join(cwd, 'policy.yaml'), policy(GATEWAY.replace('stable', 'canary')));
    await rm(join(cwd, 'deploy/pod-annotations/edge.gateways.yaml'));
    const before = await filesIn('deploy');
    const { code, out } = await check();
    expect(code).toBe(1);
    expect(out).toContain('pod-annotations/edge.gateways.yaml: is not there\n');
    expect(out).toContain(
      'envoyfilter.shop.tagalong-shop-1-inbound.yaml: is not rendered any more\n',
    );
    expect(out).toMatch(/^-.*"default":"stable"/m);
    expect(out).toMatch(/^\+.*"default":"canary"/m);
    expect(await filesIn('deploy')).toEqual(before);
  });
});

it('names in its help what there is', async () => {
  const { code, out } = await run('--help');
  expect(code).toBe(0);
  const words = out.replace(/\s+/g, ' ');
  expect(words).toContain(`what: ${KINDS.join(', ')}`);
  expect(words).toContain(`Istio, ${ISTIOS[0]} to ${ISTIOS.at(-1)} (default ${LATEST.istio})`);
  expect(words).toContain(`Envoy, ${ENVOYS[0]} to ${ENVOYS.at(-1)} `);
});

describe('render is refused', () => {
  it.each([
    ['without a policy', ['--as', 'envoyfilter'], 2, 'found no policy'],
    ['without --as', ['policy.yaml'], 2, '--as'],
    ['as something else', ['policy.yaml', '--as', 'terraform'], 2, 'Wanted one of envoyfilter'],
    [
      'for a version that is not known',
      ['policy.yaml', '--as', 'envoyfilter', '--istio', '1.20'],
      2,
      'wanted one of 1.28',
    ],
    [
      'with --check alone',
      ['policy.yaml', '--as', 'envoyfilter', '--check'],
      2,
      'found --check without --out',
    ],
    [
      'without its module',
      ['policy.yaml', '--as', 'envoyfilter', '--module', 'none.wasm'],
      1,
      'found no module at --module none.wasm',
    ],
    [
      'with another module',
      ['policy.yaml', '--as', 'envoyfilter', '--module', 'policy.yaml'],
      1,
      'that does not compile',
    ],
    ['as what the policy cannot be', ['policy.yaml', '--as', 'wasmplugin'], 1, 'found inline'],
  ])('%s', async (_why, args, code, message) => {
    const result = await run(...args);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(message);
    expect(result.err).not.toContain('    at ');
  });
});
