// What the renderers' golden files hold for Istio is clean to istioctl. One of its messages is shown
// for every EnvoyFilter there is, and is left out: IST0133, "exposes internal implementation details".

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { runProgram } from './judge.js';
import { findIstio } from './programs.js';
import type { K8sObject } from './rendered.js';

const GOLDEN = fileURLToPath(new URL('../envoyfilter/render/golden', import.meta.url));
const EVERY_ENVOYFILTER = 'IST0133=EnvoyFilter *';
/** The same in the words of `validate`. */
const OF_EVERY_ENVOYFILTER = 'EnvoyFilter exposes internal implementation details';
/** Before each file that a renderer wrote, where a golden file holds several. */
const FILE = /^######## /m;

/** Istio's objects in a golden file. */
function istioObjects(text: string): K8sObject[] {
  const parts = FILE.test(text)
    ? text.split(FILE).flatMap((part) => {
        const end = part.indexOf('\n');
        return /\.ya?ml$/.test(part.slice(0, end)) ? [part.slice(end + 1)] : [];
      })
    : [text];
  return parts
    .flatMap((part) => parseAllDocuments(part, { version: '1.1' }))
    .map((document) => document.toJS() as K8sObject | null)
    .filter((one): one is K8sObject => one?.apiVersion?.includes('.istio.io/') === true);
}

/** What the objects speak of and the mesh would have: services with every version, gateways. */
function surroundings(objects: readonly K8sObject[]): object[] {
  const services = new Map<string, object>();
  const gateways = new Map<string, object>();
  for (const { kind, metadata, spec } of objects) {
    const { namespace = 'default' } = metadata;
    const full = (host: string) =>
      host.includes('.') ? host : `${host}.${namespace}.svc.cluster.local`;
    const { host, subsets = [] } = spec as {
      host?: string;
      subsets?: { labels?: Record<string, string> }[];
    };
    if (kind === 'DestinationRule' && host !== undefined) {
      const pods = subsets.map(({ labels }) => ({ address: '10.0.0.1', labels: labels ?? {} }));
      services.set(full(host), serviceEntry(full(host), namespace, pods));
    }
    const { gateways: named = [] } = spec as { gateways?: string[] };
    for (const gateway of named) {
      if (kind !== 'VirtualService' || gateway === 'mesh') continue;
      const [where = namespace, name = gateway] = gateway.includes('/') ? gateway.split('/') : [];
      gateways.set(gateway, gatewayObject(name, where));
    }
  }
  return [...services.values(), ...gateways.values()];
}

function serviceEntry(host: string, namespace: string, endpoints: readonly object[]): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    metadata: { name: host.split('.')[0], namespace },
    spec: {
      hosts: [host],
      ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
      resolution: 'STATIC',
      location: 'MESH_INTERNAL',
      endpoints,
    },
  };
}

function gatewayObject(name: string, namespace: string): object {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'Gateway',
    metadata: { name, namespace },
    spec: { servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] },
  };
}

const goldens = readdirSync(GOLDEN)
  .map((name) => ({ name, objects: istioObjects(readFileSync(join(GOLDEN, name), 'utf8')) }))
  .filter(({ objects }) => objects.length > 0);
const istio = await findIstio();

it('there are golden files with objects of every kind that is rendered', () => {
  const kinds = new Set(goldens.flatMap(({ objects }) => objects.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual([
    'DestinationRule',
    'EnvoyFilter',
    'Sidecar',
    'TrafficExtension',
    'VirtualService',
    'WasmPlugin',
  ]);
});

describe.skipIf(istio === undefined)('istioctl', () => {
  let folder: string;
  const file = (objects: readonly object[]) => {
    const path = join(folder, 'resources.yaml');
    writeFileSync(path, objects.map((one) => `---\n${stringify(one)}`).join(''));
    return path;
  };
  const istioctl = (...args: string[]) => runProgram(istio!.istioctl, args);
  const analyze = (path: string) => {
    const where = ['-A', '--use-kube=false', '--color=false', '-S', EVERY_ENVOYFILTER];
    return istioctl('analyze', ...where, path);
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tagalong-istioctl-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(goldens)('validate finds nothing in $name', async ({ objects }) => {
    const { code, stdout, stderr } = await istioctl('validate', '-f', file(objects));
    const found = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('\t*'));
    expect(found.filter((line) => !line.includes(OF_EVERY_ENVOYFILTER))).toEqual([]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
  });

  it.each(goldens)('analyze finds nothing in $name', async ({ objects }) => {
    const { code, stdout, stderr } = await analyze(file([...surroundings(objects), ...objects]));
    expect(`${stdout}${stderr}`).toMatch(/No validation issues found/);
    expect(code).toBe(0);
  });

  it('would find what is wrong', async () => {
    const broken = structuredClone(
      goldens.find(({ objects }) => {
        return objects.some(({ kind }) => kind === 'VirtualService');
      })!.objects,
    );
    const alone = broken.filter(({ kind }) => kind === 'VirtualService');
    const { code, stdout } = await analyze(file(alone));
    expect([code, stdout]).toEqual([
      expect.not.stringMatching(/^0$/),
      expect.stringMatching(/IST01/),
    ]);
    const filters = broken.find(({ kind }) => kind === 'EnvoyFilter');
    if (filters === undefined) return;
    (filters.spec as { configPatches: { applyTo: string }[] }).configPatches[0]!.applyTo = 'NONE';
    expect((await istioctl('validate', '-f', file([filters]))).code).not.toBe(0);
  });
});
