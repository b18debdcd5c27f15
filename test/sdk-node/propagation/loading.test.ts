// How `register` gets into a process, and what is left for those into whose it cannot.

import { describe, expect, it } from 'vitest';
import { nodes, runApp, wrongOf } from './apps.js';

const REGISTER = '@tagalong/node/register';

describe.each(nodes)('Node $major', (node) => {
  it('CommonJS, in file workers, forked children and, by require, workers of text', async () => {
    const { found, stderr } = await runApp(node, 'loading.cjs');
    expect(wrongOf(found)).toEqual({});
    expect(Object.keys(found)).toHaveLength(20);
    expect(stderr).not.toContain('Tagalong');
  }, 60_000);

  it('ES modules: static, by name, dynamic', async () => {
    const { found } = await runApp(node, 'esm.mjs');
    expect(wrongOf(found)).toEqual({});
    expect(Object.keys(found)).toHaveLength(5);
  });

  it.each([
    ['--require', ['--require', REGISTER]],
    ['--import twice', ['--import', REGISTER, '--import', REGISTER]],
    ['--import and --require', ['--import', REGISTER, '--require', REGISTER]],
  ])('%s', async (_name, nodeArgs) => {
    const { found } = await runApp(node, 'esm.mjs', { nodeArgs });
    expect(wrongOf(found)).toEqual({});
  });

  it('clients loaded before it earn one warning each, and are patched late', async () => {
    const { found, stderr } = await runApp(node, 'loading.cjs', {
      args: ['alone'],
      nodeArgs: ['--import', './early.mjs', '--import', REGISTER],
    });
    expect(wrongOf(found)).toEqual({});
    expect(stderr.match(/undici was loaded before @tagalong\/node\/register/g)).toHaveLength(1);
    expect(stderr.match(/grpc-js was loaded before @tagalong\/node\/register/g)).toHaveLength(1);
  });

  it.each([
    ['without register', []],
    ['with register', ['--import', REGISTER]],
  ])('middleware, run and inject %s', async (_name, nodeArgs) => {
    const { found } = await runApp(node, 'adapters.mjs', { nodeArgs });
    expect(wrongOf(found)).toEqual({});
    expect(Object.keys(found).length).toBeGreaterThanOrEqual(17);
  });
});
