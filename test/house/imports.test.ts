// Imports point one way, inside the filter and between the parts.

import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, projectFiles, read } from './files.js';

const sources = projectFiles().filter(
  (path) => /\.(ts|mjs)$/.test(path) && !/\.d\.m?ts$/.test(path),
);

/** Each folder of the filter and what it may import besides itself. */
const FILTER: Record<string, readonly string[]> = {
  bytes: [],
  abi: ['@solo-io/proxy-runtime/assembly/imports'],
  shim: ['abi', 'bytes'],
  config: ['bytes', 'shim'],
  features: ['abi', 'bytes', 'config', 'shim'],
};

/** Each folder of envoyfilter/src and what it may import besides itself. */
const ENVOYFILTER: Record<string, readonly string[]> = {
  policy: [],
  render: ['policy'],
  envoy: [],
  host: [],
  validate: ['policy', 'render', 'host'],
  explain: ['policy', 'render', 'host'],
  doctor: ['policy', 'render', 'envoy', 'host'],
  up: ['policy', 'render', 'envoy'],
  cli: ['policy', 'render', 'envoy', 'host', 'validate', 'explain', 'doctor', 'up'],
};

/** Each folder of bench/src and what of them it may import besides itself. */
const BENCH: Record<string, readonly string[]> = {
  statistics: [],
  record: [],
  report: ['statistics', 'record'],
  variants: ['record'],
  load: ['statistics'],
  envoy: ['variants'],
  macro: ['statistics', 'record', 'variants', 'load', 'envoy'],
  micro: ['statistics', 'record', 'variants'],
  sdk: ['statistics', 'record'],
  run: ['record', 'variants', 'load', 'envoy', 'macro', 'micro', 'sdk'],
  cli: ['record', 'report', 'variants', 'load', 'envoy', 'macro', 'run'],
};

function edges(folder: string) {
  return sources
    .filter((path) => path.startsWith(folder))
    .flatMap((path) =>
      importsOf(read(path)).map((to) => ({
        path,
        to: to.startsWith('.') ? posix.join(posix.dirname(path), to) : to,
      })),
    );
}

describe('imports', () => {
  it('are seen at all', () => {
    expect(edges('filter/assembly/').length).toBeGreaterThan(50);
    expect(edges('envoyfilter/src/').length).toBeGreaterThan(20);
    expect(edges('bench/src/').length).toBeGreaterThan(20);
    expect(importsOf("import {\n  a,\n} from './x';\nexport { b } from './y.js';")).toEqual([
      './x',
      './y.js',
    ]);
  });

  it.each(Object.keys(FILTER))('of filter/assembly/%s point down', (folder) => {
    const prefix = `filter/assembly/${folder}/`;
    const allowed = [folder, ...(FILTER[folder] ?? [])].map((name) =>
      name.startsWith('@') ? name : `filter/assembly/${name}/`,
    );
    const wrong = edges(prefix).filter(({ to }) => !allowed.some((place) => to.startsWith(place)));
    expect(wrong).toEqual([]);
  });

  it.each([
    ...Object.keys(ENVOYFILTER).map((folder) => ['envoyfilter', folder, ENVOYFILTER] as const),
    ...Object.keys(BENCH).map((folder) => ['bench', folder, BENCH] as const),
  ])('of %s/src/%s point down', (part, folder, layers) => {
    const allowed = [folder, ...(layers[folder] ?? [])].map((name) => `${part}/src/${name}/`);
    const wrong = edges(`${part}/src/${folder}/`).filter(
      ({ to }) => to.startsWith(`${part}/`) && !allowed.some((place) => to.startsWith(place)),
    );
    expect(wrong).toEqual([]);
  });

  it('of host functions stand in the shim alone', () => {
    const callers = edges('filter/assembly/')
      .filter(({ to }) => /abi\/(env|wasi_snapshot_preview1)$/.test(to))
      .map(({ path }) => posix.dirname(path));
    expect([...new Set(callers)]).toEqual(['filter/assembly/shim']);
  });

  it('never cross from one part to the source of another', () => {
    const parts = ['filter/', 'sdk-node/', 'envoyfilter/'];
    const wrong = parts.flatMap((part) =>
      edges(part).filter(
        ({ to }) => /^(filter|sdk-node|envoyfilter|bench|test)\//.test(to) && !to.startsWith(part),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it('of the SDK are its own files and Node', () => {
    const wrong = edges('sdk-node/src/').filter(
      ({ to }) => !to.startsWith('sdk-node/src/') && !to.startsWith('node:'),
    );
    expect(wrong).toEqual([]);
    expect(JSON.parse(read('sdk-node/package.json'))).not.toHaveProperty('dependencies');
  });

  it('have no circles', () => {
    const graph = new Map<string, string[]>();
    for (const { path, to } of [
      ...edges('filter/'),
      ...edges('sdk-node/'),
      ...edges('envoyfilter/'),
    ]) {
      const target = to.replace(/\.js$/, '').replace(/(\.ts)?$/, '.ts');
      graph.set(path, [...(graph.get(path) ?? []), target]);
    }
    const done = new Set<string>();
    const visit = (path: string, above: readonly string[]): string[] | undefined => {
      if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
      if (done.has(path)) return undefined;
      for (const to of graph.get(path) ?? []) {
        const circle = visit(to, [...above, path]);
        if (circle) return circle;
      }
      done.add(path);
      return undefined;
    };
    for (const path of graph.keys()) expect(visit(path, [])).toBeUndefined();
  });
});
