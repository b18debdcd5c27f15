// helm-schema: values.schema.json: the policy's own schema, but for what a chart has beside a policy.
// Promise: it refuses what the policy's refuses. Helm reads patterns as Go does, which knows no
// looking ahead: where a pattern begins with that, it becomes several.

import { sourceSchema } from '../../policy/schema.js';
import type { Target } from '../target.js';

type Json = Record<string, unknown>;

export function valuesSchema(target: Target): object {
  const { $schema, $defs, properties } = sourceSchema() as {
    $schema: string;
    $defs: object;
    properties: Json;
  };
  const namespaces = { type: 'array', items: { $ref: '#/$defs/namespace' } };
  return withoutLookahead({
    $schema,
    title: "Values of Tagalong's chart",
    type: 'object',
    additionalProperties: false,
    required: ['metadata', 'spec'],
    properties: {
      metadata: properties.metadata,
      spec: properties.spec,
      istio: renderedFor('istio', target.istio),
      envoy: renderedFor('envoy', target.envoy),
      namespaces: {
        description: 'Which namespaces get their objects; to bring a policy in one by one.',
        type: 'object',
        additionalProperties: false,
        properties: {
          include: { description: 'Only these; none: all.', ...namespaces },
          exclude: { description: 'Not these.', ...namespaces },
        },
      },
      global: { description: "Helm's own.", type: 'object' },
    },
    $defs,
  }) as object;
}

function renderedFor(what: 'istio' | 'envoy', version: string): Json {
  const other = `tagalong render --as helm --${what} VERSION`;
  return { description: `What the chart was rendered for; for another: ${other}`, const: version };
}

/** A schema that means the same, with patterns that Go can read. */
export function withoutLookahead(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLookahead);
  if (typeof schema !== 'object' || schema === null) return schema;
  const own = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, withoutLookahead(value)]),
  );
  if (typeof own.pattern !== 'string') return own;
  const { conditions, rest } = split(own.pattern);
  if (conditions.length === 0) return own;
  return { ...own, pattern: rest, allOf: [...((own.allOf as unknown[]) ?? []), ...conditions] };
}

/** `^(?!a)(?=b)c` → not ^a, ^b; and ^c. */
function split(pattern: string): { conditions: Json[]; rest: string } {
  const conditions: Json[] = [];
  let rest = pattern;
  while (/^\^\(\?[=!]/.test(rest)) {
    const end = closing(rest, 1);
    const condition = { pattern: `^${rest.slice(4, end)}` };
    conditions.push(rest[3] === '!' ? { not: condition } : condition);
    rest = `^${rest.slice(end + 1)}`;
  }
  return { conditions, rest };
}

/** Where the group that begins at `from` ends. */
function closing(pattern: string, from: number): number {
  let depth = 0;
  let inClass = false;
  for (let at = from; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (inClass) inClass = char !== ']';
    else if (char === '[') inClass = true;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return at;
  }
  throw new RangeError(`${pattern}: a group that does not end`);
}
