// The SDK's example in README, run as it stands there, with what it takes for granted around it.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = new URL('../../', import.meta.url);

const BEFORE = `
import { createServer } from 'node:http';
import { extract, inject, run } from '@tagalong/node';
const ca = undefined;
const url = 'http://reviews/by-hand';
const handle = () => {};
`;

it('carries headers on and gets through', async () => {
  const readme = await readFile(new URL('README.md', ROOT), 'utf8');
  const [, example = ''] = /^```js\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  expect(example).toContain('createFetch');
  const asked: string[] = [];
  // The sidecar, as a proxy that is named: nobody here knows a host "reviews".
  const sidecar = createServer((request, response) => {
    asked.push(`${request.headers.host} ${request.url} ${request.headers['x-request-id'] ?? '-'}`);
    response.end();
  });
  await once(sidecar.listen(0, '127.0.0.1'), 'listening');
  const { port } = sidecar.address() as AddressInfo;
  try {
    const inHandle = `run(extract({ 'x-request-id': '7' }), async () => {\n${example}\n});`;
    const imports = /^import .*$/m.exec(example)?.[0] ?? '';
    const source = `${BEFORE}${imports}\nawait ${inHandle.replace(imports, '')}`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], {
      cwd: fileURLToPath(new URL('test/', ROOT)),
      env: {
        ...process.env,
        TAGALONG_SIDECAR: 'none',
        TAGALONG_PROXY: `http://127.0.0.1:${port}`,
      },
    });
  } finally {
    sidecar.close();
  }
  expect(asked).toEqual(['reviews /orders 7', 'reviews /by-hand 7']);
});
