// `tagalong doctor` as it is typed.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { tagalong } from '../cli/fake-terminal.js';
import { Patient, POLICY, VERSIONS } from './patient.js';

const stdin = stringify({ apiVersion: 'tagalong/v1', kind: 'Policy', ...POLICY });

let patient: Patient;
beforeAll(async () => {
  patient = await Patient.start(VERSIONS[1]);
  await patient.request();
});
afterAll(() => patient?.stop());

describe('tagalong doctor', () => {
  it('says in words what it finds, and ends with 0 where that is nothing', async () => {
    const { url } = patient.envoy.admin;
    const { code, out } = await tagalong(['doctor', '--admin', url, '-f', '-'], { stdin });
    expect(out).toContain(`Envoy ${VERSIONS[1]} at ${url}: LIVE`);
    expect(out).toMatch(/shop\/shop\/0 \(gateway\) {2}enforce, module [0-9a-f]{12}, in edge/);
    expect(out).toMatch(/no problem found\.\n$/);
    expect(code).toBe(0);
  });

  it('ends with 1 where there is a problem, and says it to programs as JSON', async () => {
    const { url } = patient.envoy.admin;
    const other = stdin.replace('stable', 'canary');
    const args = ['doctor', '--admin', url, '-f', '-', '--format', 'json'];
    const { code, out } = await tagalong(args, { stdin: other });
    expect(JSON.parse(out)).toMatchObject({
      admin: url,
      healthy: false,
      findings: [{ check: 'config-differs', level: 'problem' }],
    });
    expect(code).toBe(1);
    const text = await tagalong(args.slice(0, -2), { stdin: other });
    expect(text.out).toMatch(/^problem {2}.* differ\. \[config-differs\]\n {9}→ Apply/m);
  });

  it('says how to reach an admin interface that does not answer', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end('nothing'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const not = await tagalong(['doctor', '--admin', `127.0.0.1:${port}`]);
    expect(not.err).toContain('is not the admin interface of an Envoy');
    await new Promise((resolve) => server.close(resolve));
    const none = await tagalong(['doctor', '--admin', `http://127.0.0.1:${port}`]);
    expect(none.err).toContain(
      `No admin interface of an Envoy answers at http://127.0.0.1:${port}`,
    );
    expect(none.err).toContain(`kubectl port-forward -n NAMESPACE POD ${port}:15000`);
    expect(none.err).toContain('pilot-agent request GET');
    expect([not.code, none.code]).toEqual([1, 1]);
  });

  it.each([
    '<html>hello</html>',
    '{}',
    'null',
    '',
    '{"version":',
  ])('is told apart from what answers %j to everything', async (body) => {
    const server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await tagalong(['doctor', '--admin', `127.0.0.1:${port}`]);
    await new Promise((resolve) => server.close(resolve));
    expect(err).toContain('is not the admin interface of an Envoy');
    expect(err).toContain(`found ${JSON.stringify(body)}, wanted what Envoy says there`);
    expect(code).toBe(1);
  });

  it('refuses what is no URL, and other words than its own', async () => {
    const { code, err } = await tagalong(['doctor', '--admin', 'ftp://x']);
    expect(err).toMatch(/found "ftp:\/\/x", wanted a URL such as http:\/\/127\.0\.0\.1:15000/);
    expect(code).toBe(2);
    expect((await tagalong(['doctor', '--at', 'sidecar'])).code).toBe(2);
  });
});
