// Every policy that a document shows passes validate, is taken by Istio, and does in a real Envoy what
// the document says; and `explain` says so too.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Explainer } from '../../envoyfilter/src/explain/explainer.js';
import { type Policy, readPolicy, versionsOf } from '../../envoyfilter/src/policy/policy.js';
import { isFault } from '../../envoyfilter/src/validate/fault.js';
import { validate } from '../../envoyfilter/src/validate/validate.js';
import { wasmBytes } from '../harness/wasm.js';
import { type ExampleRequest, examplesIn } from './examples.js';
import { Judge } from './judge.js';
import { findIstio } from './programs.js';
import { renderForIstio } from './rendered.js';
import { APP_PORT, GATEWAY_PORT, REVIEWS, REVIEWS_PORT, Shop, WEB } from './shop.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCS = 'envoyfilter/docs';
/** What a service of these tests has pods of. */
const RUNNING = ['v1', 'v2'];

const documents = [
  'README.md',
  ...readdirSync(`${ROOT}/${DOCS}`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${DOCS}/${name}`),
];
const examples = documents.flatMap((document) =>
  examplesIn(readFileSync(`${ROOT}/${document}`, 'utf8')).map((example, index) => ({
    ...example,
    title: `${document}, policy ${index + 1}`,
  })),
);
const described = examples.filter(({ requests }) => requests.length > 0);

/** Where a request goes, by its place. */
const PLACES = {
  gateway: { host: WEB, port: GATEWAY_PORT },
  outbound: { host: REVIEWS, port: REVIEWS_PORT },
  inbound: { host: 'localhost', port: APP_PORT },
} as const;

describe('examples', () => {
  it.each([
    ['without a policy', '```requests\ngateway GET / -> 200\n```\n'],
    ['of no place', '```yaml\nkind: Policy\n```\n```requests\nGET / -> 200\n```\n'],
    ['of no outcome', '```yaml\nkind: Policy\n```\n```requests\ngateway GET / -> ok\n```\n'],
  ])('are no requests %s', (_, text) => {
    expect(() => examplesIn(text)).toThrow(/requests without|wanted WHERE|what is/);
  });

  it('are found', () => {
    expect(examples.length).toBeGreaterThan(5);
    expect(described.length).toBeGreaterThan(4);
  });

  it.each(examples)('validate finds nothing wrong in $title', async ({ policy }) => {
    const module = wasmBytes();
    const { findings } = await validate([{ name: 'policy.yaml', text: policy }], { module });
    expect(findings.filter((finding) => isFault(finding))).toEqual([]);
  });

  it.each(described)('explain says what is said of $title', async ({ policy, requests }) => {
    const read = readPolicy(policy);
    const explainer = await Explainer.of(read, { reasons: false });
    for (const request of requests) {
      let explanation = explained(explainer, request);
      for (let i = 1; i < request.times; i++) explanation = explained(explainer, request);
      const { reply, headers, routes } = explanation;
      const seen = (header: string) => headers.after.find(([name]) => name === header)?.[1];
      const got = request.got.map(([name]) => [name, seen(name)]);
      expect(got, request.line).toEqual(request.got);
      // Faults are Envoy's own.
      const own = routes.some(({ faults }) => faults !== undefined) ? 200 : request.status;
      expect(reply?.status ?? 200, request.line).toBe(own);
      if (request.answered === undefined) continue;
      const { service, version } = request.answered;
      const chosen = routes.find(({ host }) => host === service);
      const pods = podsOf(read, service, chosen?.version);
      // What has no pods falls back, which nobody knows beforehand.
      if (RUNNING.includes(pods ?? '')) expect(pods, request.line).toBe(version);
    }
  });
});

function explained(explainer: Explainer, { at, method, path, headers }: ExampleRequest) {
  const { host } = PLACES[at];
  return explainer.explain({
    at,
    method,
    path,
    headers,
    authority: host,
    sourceAddress: '127.0.0.1',
  });
}

/** The label `version` of a version's pods. */
function podsOf({ spec }: Policy, service: string, version: string | undefined) {
  const route = spec.routes?.find(({ host }) => host === service);
  const found = route && versionsOf(route).find(({ name }) => name === version);
  return found?.labels.version;
}

const istio = await findIstio();

describe.skipIf(istio === undefined).each(['1.36', '1.40'])('in Envoy %s', (envoy) => {
  let judge: Judge;
  let shop: Shop;
  beforeAll(async () => {
    judge = await Judge.start();
    shop = await Shop.open(judge, { resources: [], annotations: {} }, envoy);
  });
  afterAll(async () => {
    await shop?.close();
    await judge?.stop();
  });

  it.each(examples)('happens what is said of $title', async ({ policy, requests }) => {
    await shop.apply((await renderForIstio([policy], { envoy })).resources);
    for (const request of requests) {
      const { at, method, path, headers, times } = request;
      const { host, port } = PLACES[at];
      const proxy = at === 'gateway' ? shop.edge : shop.sidecar;
      const asked = { method, path, headers: { host, ...Object.fromEntries(headers) } };
      let answer = await proxy.send(port, asked);
      for (let i = 1; i < times; i++) answer = await proxy.send(port, asked);
      expect(answer.status, request.line).toBe(request.status);
      for (const [name, value] of request.got) {
        expect(answer.got(name), request.line).toEqual(value === undefined ? [] : [value]);
      }
      if (request.answered === undefined) continue;
      expect(host.split('.')[0], request.line).toBe(request.answered.service);
      expect(answer.version, request.line).toBe(request.answered.version);
    }
  });
});
