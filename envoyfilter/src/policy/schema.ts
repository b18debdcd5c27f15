// schema: the JSON schema of a policy: made of its own part and the filter's, and its validator.
// Promise: the published schema stands alone. The validator is compiled when the package is built
// (build.mjs); where there is no build, as in tests, at run time.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ErrorObject, Options } from 'ajv';
import { MARKS, type Mark } from './marks.js';

type Json = Record<string, unknown>;

/** What a policy is checked by; afterwards `errors` says what is wrong. */
export interface SchemaValidator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** All errors, each with the schema that it broke: findings are made of them. */
export const AJV_OPTIONS: Options = {
  allErrors: true,
  verbose: true,
  strict: false,
  inlineRefs: false,
  code: { source: true },
};

const CONFIG = 'urn:tagalong:v1:config#/$defs/';

/**
 * One schema out of two: that of the policy, with the definitions of the filter's configuration
 * that it refers to. `errorMessage` in it says what is wanted, to editors too.
 * @throws TypeError where both define the same name, or a mark is for nothing
 */
export function publishedSchema(policy: Json, config: Json): Json {
  const own = policy.$defs as Json;
  const theirs = structuredClone(config.$defs) as Json;
  const twice = Object.keys(own).filter((name) => Object.hasOwn(theirs, name));
  if (twice.length > 0) throw new TypeError(`policy and configuration both define ${twice}`);
  const schema = inOne({
    ...structuredClone(policy),
    $defs: { ...structuredClone(own), ...theirs },
  });
  for (const [node, { wanted }] of marked(schema as Json)) {
    // Of an object editors would say it whatever is wrong with it.
    if (wanted !== undefined && node.type !== 'object') node.errorMessage = `wanted ${wanted}`;
  }
  return schema as Json;
}

/** The published schema with what only findings need: names of definitions, ids of rules. */
export function markedSchema(published: Json): Json {
  const schema = structuredClone(published);
  for (const [name, definition] of Object.entries(schema.$defs as Record<string, Json>)) {
    definition.definition = name;
  }
  for (const [node, { wanted, rule }] of marked(schema)) {
    if (wanted !== undefined) node.errorMessage = `wanted ${wanted}`;
    if (rule !== undefined) node.rule = rule;
  }
  return schema;
}

function marked(schema: Json): [Json, Mark][] {
  return Object.entries(MARKS).map(([pointer, mark]) => [nodeAt(schema, pointer), mark]);
}

let loaded: Promise<SchemaValidator> | undefined;

/** The validator: a compiled one where the package was built, else compiled here, once. */
export function loadValidator(): Promise<SchemaValidator> {
  loaded ??= makeValidator();
  return loaded;
}

async function makeValidator(): Promise<SchemaValidator> {
  const built = new URL('validator.cjs', import.meta.url);
  if (existsSync(built)) {
    const { default: validator } = (await import(built.href)) as { default: SchemaValidator };
    return validator;
  }
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  return new Ajv2020(AJV_OPTIONS).compile(markedSchema(sourceSchema()));
}

/** The published schema, from its sources. */
export function sourceSchema(): Json {
  const { resolve } = createRequire(import.meta.url);
  const read = (path: string | URL) => JSON.parse(readFileSync(path, 'utf8')) as Json;
  return publishedSchema(
    read(new URL('../../policy.schema.json', import.meta.url)),
    read(resolve('@tagalong/filter/config.schema.json')),
  );
}

/** All references into the one document. */
function inOne(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOne);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === '$ref' && typeof inner === 'string'
        ? [key, inner.replace(CONFIG, '#/$defs/')]
        : [key, inOne(inner)],
    ),
  );
}

/** @param pointer below `$defs`, as `tag/properties/header` */
function nodeAt(schema: Json, pointer: string): Json {
  const steps = pointer.split('/');
  const node = steps.reduce<unknown>((at, step) => (at as Json | undefined)?.[step], schema.$defs);
  if (typeof node !== 'object' || node === null)
    throw new TypeError(`the schema has no ${pointer}`);
  return node as Json;
}
