// policies: the policies that explanations are tested on.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Policy, readPolicy } from '../../../envoyfilter/src/policy/policy.js';

export const SHOP = pathOf('policies/shop.yaml');
export const CONDITIONS = pathOf('policies/conditions.yaml');
export const DEMO = pathOf('../../demo/policy.yaml');

export function policyAt(path: string): Policy {
  return readPolicy(readFileSync(path, 'utf8'));
}

/** A policy of one entry. */
export function policyOf(filter: object, spec: object = {}): Policy {
  const file = {
    apiVersion: 'tagalong/v1',
    kind: 'Policy',
    metadata: { name: 'test', namespace: 'test' },
    spec: { filters: [filter], ...spec },
  };
  return readPolicy(JSON.stringify(file));
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
