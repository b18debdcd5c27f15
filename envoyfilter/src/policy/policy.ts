// policy: the policy file as data, and the filter entries it stands for.
// Promise: pure. What a filter's configuration may hold is judged by the filter itself and by its
// JSON schema; here is what decides where an entry runs, and what one entry must know of another.

import { type Contradiction, contradictionsIn } from './contradictions.js';
import { documentsOf, type PolicyDocument } from './document.js';
import { type Path, pathText } from './place.js';
import type { Direction, FilterSpec, Labels, Policy, RouteSpec } from './spec.js';

export type * from './spec.js';

/** One filter as it is loaded into one kind of listener. */
export interface FilterEntry {
  /** NAMESPACE/POLICY/ENTRY; ENTRY is the position in `spec.filters`. */
  readonly id: string;
  readonly direction: Direction;
  /** What the wasm reads, id and direction included. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** A filter, and the workloads whose proxies load it. */
export interface PlacedEntry extends FilterEntry {
  readonly namespace: string;
  /** Labels of the workloads; empty: all of the namespace. */
  readonly selector: Labels;
  /** The Kubernetes Gateway that they belong to, whose label then is the selector. */
  readonly gateway?: string;
}

/** On the pods of a Gateway, by which Istio knows them too. */
const GATEWAY_LABEL = 'gateway.networking.k8s.io/gateway-name';

/** The text is not a policy. */
export class PolicyError extends Error {
  readonly code = 'POLICY_INVALID';
  override readonly name = 'PolicyError';
  /** Where in the policy; `[]`: nowhere in particular. */
  readonly path: Path;

  constructor(message: string, path: Path = []) {
    super(message);
    this.path = path;
  }
}

/** What every policy begins with. */
export const API_VERSION = 'tagalong/v1';

/**
 * Reads a policy file (YAML or JSON) with one policy in it, as far as those need who load it:
 * its keys and values are judged by `validate` and, in the end, by the filter itself.
 * @throws PolicyError where it is no `tagalong/v1` Policy, or its entries contradict one another;
 * the message names the place
 */
export function readPolicy(text: string): Policy {
  const [document, ...more] = documentsOf({ name: '', text });
  if (document === undefined) throw new PolicyError('found nothing, wanted a Policy');
  if (more.length > 0) {
    throw new PolicyError(`found ${more.length + 1} documents, wanted one Policy`);
  }
  const [problem] = document.problems;
  if (problem !== undefined) {
    const { line, column } = document.rangePlace(problem.range);
    throw new PolicyError(`line ${line}, column ${column}: ${problem.message}`);
  }
  try {
    return policyOf(document.value);
  } catch (error) {
    throw error instanceof PolicyError ? placed(error, document) : error;
  }
}

/**
 * @param file what a document holds
 * @throws PolicyError as readPolicy() does, without line and column
 */
export function policyOf(file: unknown): Policy {
  if (!isRecord(file)) throw new PolicyError(`found ${nameOf(file)}, wanted a Policy`);
  if (file.apiVersion !== API_VERSION || file.kind !== 'Policy') {
    const found = `apiVersion ${JSON.stringify(file.apiVersion)}, kind ${JSON.stringify(file.kind)}`;
    throw new PolicyError(`found ${found}, wanted apiVersion "${API_VERSION}", kind "Policy"`);
  }
  if (!isRecord(file.metadata) || typeof file.metadata.name !== 'string') {
    throw fault(['metadata'], 'found no name, wanted the name of the policy');
  }
  if (!isRecord(file.spec) || !Array.isArray(file.spec.filters)) {
    throw fault(['spec', 'filters'], 'found none, wanted an array of filter entries');
  }
  const [wrong] = contradictionsIn(file.spec.filters);
  if (wrong !== undefined) throw fault(wrong.path, messageOf(wrong));
  return withDefaults(file as unknown as Policy);
}

/** A policy as the file has it, its namespace filled in. */
export function withDefaults(file: Policy): Policy {
  return {
    ...file,
    metadata: { ...file.metadata, namespace: file.metadata.namespace ?? 'default' },
  };
}

function fault(path: Path, message: string): PolicyError {
  return new PolicyError(`${pathText(path)}: ${message}`, path);
}

function messageOf({ found, wanted }: Contradiction): string {
  return `found ${found}, wanted ${wanted}`;
}

function placed({ message, path }: PolicyError, document: PolicyDocument): PolicyError {
  const { line, column } = document.placeOf(path);
  return new PolicyError(`${message} (line ${line}, column ${column})`, path);
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** The pods of a version, and the tags that lead to it. */
export interface Version {
  readonly name: string;
  readonly labels: Labels;
  readonly when: Readonly<Record<string, string>>;
}

/** The versions of a route, in the file's order. */
export function versionsOf({ tag, versions }: RouteSpec): Version[] {
  return Object.entries(versions).map(([name, spec]) =>
    typeof spec.labels === 'object'
      ? { name, labels: spec.labels, when: spec.when as Version['when'] }
      : { name, labels: spec as Labels, when: { [tag]: name } },
  );
}

/** Labels of the workloads that an entry is for; empty: all of the namespace. */
export function selectorOf({ selector = {}, gateway }: FilterSpec): Labels {
  return gateway === undefined ? selector : { [GATEWAY_LABEL]: gateway };
}

/** Every filter of the policy, in the file's order; a sidecar's entry comes as two. */
export function filterEntries(policy: Policy): PlacedEntry[] {
  const { name, namespace } = policy.metadata;
  return policy.spec.filters.flatMap((filter, index) => {
    const id = `${namespace}/${name}/${index}`;
    const { at, namespace: where = namespace, selector: _, gateway, mode, ...sections } = filter;
    const directions: Direction[] = at === 'sidecar' ? ['inbound', 'outbound'] : [at];
    const inForce = mode ?? policy.spec.mode ?? 'enforce';
    return directions.map((direction) => ({
      namespace: where,
      selector: selectorOf(filter),
      ...(gateway === undefined ? {} : { gateway }),
      id,
      direction,
      configuration: { id, direction, mode: inForce, ...sections },
    }));
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
