// slot: a namespace with a gateway, a sidecar and a service, in which one generated policy after the
// other is at work; several slots are tried at once.

import { stringify } from 'yaml';
import { Explainer } from '../../envoyfilter/src/explain/explainer.js';
import type { Explanation } from '../../envoyfilter/src/explain/explanation.js';
import type { Policy } from '../../envoyfilter/src/policy/policy.js';
import { type EchoServer, startEchoServer } from '../harness/echo-server.js';
import { WASM_PATH } from '../harness/wasm.js';
import { type GeneratedPolicy, type GeneratedRequest, VERSIONS } from './generated.js';
import type { IstioProxy, MeshAnswer } from './istio-proxy.js';
import type { Judge } from './judge.js';
import { Service } from './service.js';

const GATEWAY_PORT = 8080;
const SERVICE_PORT = 9080;
const APP_PORT = 3000;
const LOOPBACK = '127.0.0.1';
/** All that the application gives to its own calls. */
const FORWARDED = 'x-request-id';

/** What became of a request, as proxies and `explain` say it alike. */
export interface Decision {
  readonly status: number;
  /** By tag: the values that go on; absent where the request is answered. */
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  /** Of the service that answered; absent where none is behind, or the request is answered. */
  readonly version?: string;
  /** At a sidecar: the call that the application makes. */
  readonly call?: Decision;
}

export class Slot {
  readonly namespace: string;
  readonly #service: Service;
  readonly #app: EchoServer;
  readonly #edge: IstioProxy;
  readonly #sidecar: IstioProxy;

  private constructor(
    namespace: string,
    service: Service,
    app: EchoServer,
    edge: IstioProxy,
    sidecar: IstioProxy,
  ) {
    this.namespace = namespace;
    this.#service = service;
    this.#app = app;
    this.#edge = edge;
    this.#sidecar = sidecar;
  }

  /** `envoy` as MAJOR.MINOR. */
  static async open(judge: Judge, number: number, envoy: string): Promise<Slot> {
    const namespace = `slot-${number}`;
    const versions = Object.fromEntries(VERSIONS.map((version) => [version, 1]));
    const host = `svc.${namespace}.svc.cluster.local`;
    const service = await Service.start({ host, port: SERVICE_PORT, versions });
    const app = await startEchoServer('app');
    const place = { namespace, envoy };
    const edge = await judge.proxy({ ...place, kind: 'router', labels: { at: 'edge' } });
    const ingress = { port: APP_PORT, to: app.port };
    const sidecar = await judge.proxy({
      ...{ ...place, kind: 'sidecar', labels: { at: 'app' } },
      ingress,
    });
    return new Slot(namespace, service, app, edge, sidecar);
  }

  /** What is there without a policy. */
  resources(): object[] {
    const gateway = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Gateway',
      metadata: { name: 'edge', namespace: this.namespace },
      spec: {
        selector: { at: 'edge' },
        servers: [{ port: { number: GATEWAY_PORT, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      },
    };
    return [gateway, this.#service.resource()];
  }

  /** The policy as its user would have written it, in this namespace. */
  policyText({ at, sections, route }: GeneratedPolicy, number: number): string {
    const file = {
      apiVersion: 'tagalong/v1',
      kind: 'Policy',
      metadata: { name: `generated-${number}`, namespace: this.namespace },
      spec: {
        filters: [{ at, selector: { at: at === 'gateway' ? 'edge' : 'app' }, ...sections }],
        routes: [
          {
            host: 'svc',
            gateways: at === 'gateway' ? [`${this.namespace}/edge`] : ['mesh'],
            ...route,
          },
        ],
        delivery: { code: { file: WASM_PATH } },
      },
    };
    return stringify(file, { aliasDuplicateObjects: false });
  }

  /** What real Envoys do with the requests, one after the other. */
  async decide({ at, sections, requests }: GeneratedPolicy): Promise<Decision[]> {
    const tags = tagsOf(sections);
    const decisions: Decision[] = [];
    for (const request of requests) {
      const answer = await this.#send(at, request);
      const decision = decisionOf(answer, tags, at === 'gateway' || at === 'outbound');
      if (at !== 'sidecar' || answer.echo === undefined) {
        decisions.push(decision);
        continue;
      }
      const call = await this.#send('outbound', {
        ...{ method: 'GET', path: '/' },
        headers: [[FORWARDED, answer.got(FORWARDED).join()]],
      });
      decisions.push({ ...decision, call: decisionOf(call, tags, true) });
    }
    return decisions;
  }

  /** What `explain` says of them. */
  async explain(policy: Policy, { at, sections, requests }: GeneratedPolicy): Promise<Decision[]> {
    const explainer = await Explainer.of(policy, { reasons: false });
    const tags = tagsOf(sections);
    return requests.map((request) => {
      const forwarded = request.headers.some(([name]) => name === 'x-forwarded-for');
      const explanation = explainer.explain({
        at: at === 'sidecar' ? 'inbound' : at,
        ...request,
        authority: this.#service.host,
        // Inside the mesh its last entry is believed.
        ...(forwarded && at !== 'gateway' ? {} : { sourceAddress: LOOPBACK }),
      });
      const routed = at === 'gateway' || at === 'outbound';
      const decision = explainedDecision(explanation, policy, tags, routed);
      if (at !== 'sidecar' || explanation.reply !== undefined) return decision;
      const call = explainer.explain({
        at: 'outbound',
        authority: this.#service.host,
        headers: explanation.headers.after.filter(([name]) => name === FORWARDED),
        sourceAddress: LOOPBACK,
      });
      return { ...decision, call: explainedDecision(call, policy, tags, true) };
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#edge.stop(), this.#sidecar.stop()]);
    await Promise.all([this.#service.stop(), this.#app.close()]);
  }

  #send(at: GeneratedPolicy['at'], { method, path, headers }: GeneratedRequest) {
    const [proxy, port] = {
      gateway: [this.#edge, GATEWAY_PORT] as const,
      inbound: [this.#sidecar, APP_PORT] as const,
      outbound: [this.#sidecar, SERVICE_PORT] as const,
      sidecar: [this.#sidecar, APP_PORT] as const,
    }[at];
    const bytes = headers.map(([name, value]) => [name, toLatin(value)] as const);
    const all = { host: this.#service.host, ...Object.fromEntries(bytes) };
    return proxy.send(port, { method, path, headers: all });
  }
}

/** UTF-8, a character for each byte, as headers are sent and received. */
function toLatin(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function fromLatin(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function tagsOf(sections: Readonly<Record<string, unknown>>): string[] {
  return (sections.tags as { header: string }[]).map(({ header }) => header);
}

function decisionOf(answer: MeshAnswer, tags: readonly string[], routed: boolean): Decision {
  if (answer.echo === undefined) return { status: answer.status };
  return {
    status: answer.status,
    tags: Object.fromEntries(tags.map((tag) => [tag, answer.got(tag).map(fromLatin)])),
    ...(routed && answer.version !== undefined ? { version: answer.version } : {}),
  };
}

function explainedDecision(
  { reply, headers, routes }: Explanation,
  { spec }: Policy,
  tags: readonly string[],
  routed: boolean,
): Decision {
  if (reply !== undefined) return { status: reply.status };
  const values = (tag: string) =>
    headers.after.filter(([name]) => name === tag).map(([, value]) => value);
  const [choice] = routes;
  const chosen = spec.routes?.[0]?.versions[choice?.version ?? ''] as
    | { version?: string; labels?: { version: string } }
    | undefined;
  const version = chosen?.labels?.version ?? chosen?.version;
  return {
    status: 200,
    tags: Object.fromEntries(tags.map((tag) => [tag, values(tag)])),
    ...(routed && version !== undefined ? { version } : {}),
  };
}
