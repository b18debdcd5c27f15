// rendered: a policy as what Istio and pods are given of it, by the project's own renderers.

import { parseAllDocuments } from 'yaml';
import { type Policy, readPolicy } from '../../envoyfilter/src/policy/policy.js';
import { wasmModule } from '../../envoyfilter/src/render/module.js';
import { type As, render, targetOf } from '../../envoyfilter/src/render/render.js';
import { wasmBytes } from '../harness/wasm.js';

export interface RenderedForIstio {
  /** Kubernetes objects that Istio reads. */
  readonly resources: readonly K8sObject[];
  /** Of pods, by namespace. */
  readonly annotations: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface K8sObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [section: string]: unknown;
}

export interface RenderForIstio {
  /** Default envoyfilter. */
  readonly as?: As;
  /** MAJOR.MINOR; default that of Istio's own proxies. */
  readonly envoy?: string;
}

/** `policies`: texts of one policy each, or policies. */
export async function renderForIstio(
  policies: readonly (string | Policy)[],
  { as = 'envoyfilter', envoy }: RenderForIstio = {},
): Promise<RenderedForIstio> {
  const read = policies.map((one) => (typeof one === 'string' ? readPolicy(one) : one));
  const options = { target: targetOf(as, undefined, envoy), module: wasmModule(wasmBytes()) };
  const { files } = await render(as, read, options);
  const objects = files.flatMap(({ content }) =>
    parseAllDocuments(String(content), { version: '1.1' }).map((one) => one.toJS() as K8sObject),
  );
  return {
    resources: objects.filter(({ apiVersion }) => apiVersion.includes('.istio.io/')),
    annotations: Object.fromEntries(
      objects
        .filter(({ kind }) => kind === 'Deployment')
        .map((patch) => [patch.metadata.namespace ?? '', annotationsOf(patch)]),
    ),
  };
}

function annotationsOf(patch: K8sObject): Record<string, string> {
  const { template } = patch.spec as {
    template: { metadata?: { annotations?: Record<string, string> } };
  };
  return template.metadata?.annotations ?? {};
}
