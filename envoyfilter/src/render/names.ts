// names: what the Kubernetes objects of filters are called, and how ours are told.
// Promise: the same name for the same policy, a valid one for any policy, and never one for two.

import { createHash } from 'node:crypto';
import type { FilterEntry, Policy } from '../policy/policy.js';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const OWNER = 'tagalong';
const LABEL_CHARS = 63;
const HASH_CHARS = 8;

/** A DNS label: `text` where it is one, else what is left of it and a hash. */
export function dnsLabel(text: string): string {
  return shortened(text, text.toLowerCase().replace(/[^a-z0-9]+/g, '-'));
}

/** A label's value: `text` where it is one, else what is left of it and a hash. */
export function labelValue(text: string): string {
  return shortened(text, text.replace(/[^A-Za-z0-9._-]+/g, '-'));
}

/** Of an entry's filter in one direction, or of what belongs to it. */
export function objectName(policy: string, entry: FilterEntry, part?: string): string {
  const name = `tagalong-${dnsLabel(policy)}-${indexOf(entry)}-${entry.direction}`;
  return part === undefined ? name : `${name}-${part}`;
}

/** The position of an entry in `spec.filters`. */
export function indexOf({ id }: FilterEntry): number {
  return Number(id.slice(id.lastIndexOf('/') + 1));
}

/** The name of an entry's filter in Envoy, NAMESPACE/POLICY/INDEX/DIRECTION. */
export function filterName({ id, direction }: FilterEntry): string {
  return `${id}/${direction}`;
}

/** Of every object that is rendered from a policy. */
export function ownLabels({ metadata }: Policy): Record<string, string> {
  return {
    [MANAGED_BY]: OWNER,
    'tagalong/policy': labelValue(`${metadata.namespace}.${metadata.name}`),
  };
}

/** Was this text, of a file or an object, rendered by us? */
export function isOurs(text: string): boolean {
  return text.includes(`${MANAGED_BY}: ${OWNER}`);
}

function shortened(text: string, replaced: string): string {
  const trimmed = (value: string) => value.replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  if (trimmed(replaced) === text && text.length <= LABEL_CHARS && text !== '') return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARS);
  const slug = trimmed(trimmed(replaced).slice(0, LABEL_CHARS - HASH_CHARS - 1));
  return slug === '' ? hash : `${slug}-${hash}`;
}
