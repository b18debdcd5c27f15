import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  loadValidator,
  publishedSchema,
  type SchemaValidator,
  sourceSchema,
} from '../../../envoyfilter/src/policy/schema.js';

type Json = Record<string, unknown>;

const published = sourceSchema();
const full = readFileSync(new URL('../validate/fixtures/full.yaml', import.meta.url), 'utf8');
const path = createRequire(import.meta.url).resolve('@tagalong/filter/config.schema.json');
const config = JSON.parse(readFileSync(path, 'utf8')) as Json;

/** Every object of a schema, and where it stands. */
function* parts(node: unknown, at = '#'): Generator<[at: string, part: Json]> {
  if (typeof node !== 'object' || node === null) return;
  yield [at, node as Json];
  for (const [key, inner] of Object.entries(node)) {
    yield* parts(inner, `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  }
}

describe('the published schema', () => {
  it('stands alone: every reference leads into itself', () => {
    const refs = [...parts(published)].flatMap(([, part]) =>
      typeof part.$ref === 'string' ? [part.$ref] : [],
    );
    expect(refs.length).toBeGreaterThan(50);
    const names = new Set(Object.keys(published.$defs as Json).map((name) => `#/$defs/${name}`));
    expect(refs.filter((ref) => !names.has(ref))).toEqual([]);
  });

  it('is one that a strict reader of JSON Schema accepts', () => {
    const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false });
    ajv.addKeyword('errorMessage');
    const validate = ajv.compile(published);
    expect(validate(parse(full)), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...parse(full), $schema: './policy.schema.json' })).toBe(true);
    expect(validate({ ...parse(full), other: 1 })).toBe(false);
  });

  it('has examples and defaults that it accepts', () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(published, 'policy');
    let count = 0;
    for (const [at, part] of parts(published)) {
      const isSchema = /\/(properties|\$defs)\/[^/]+$/.test(at);
      if (!isSchema) continue;
      const said = [part.examples ?? [], part.default === undefined ? [] : [part.default]].flat(1);
      const validate = ajv.getSchema(`policy${at}`);
      for (const value of said) {
        count++;
        expect(validate?.(value), `${at}: ${JSON.stringify(value)}`).toBe(true);
      }
    }
    expect(count).toBeGreaterThan(40);
  });

  it('has the sections of the filter, all but those that are rendered', () => {
    const ours = Object.keys(((published.$defs as Json).filter as { properties: Json }).properties);
    const theirs = Object.keys(config.properties as Json);
    const rendered = ['id', 'direction'];
    expect(theirs.filter((key) => !ours.includes(key) && !rendered.includes(key))).toEqual([]);
  });

  it('is not made where two definitions have one name', () => {
    const policy = { $defs: { label: {} } };
    expect(() => publishedSchema(policy, config)).toThrow('both define label');
  });
});

describe('the validator', () => {
  it('is made once', async () => {
    expect(await loadValidator()).toBe(await loadValidator());
  });

  it('that the build compiles is the same', async () => {
    const built = createRequire(import.meta.url).resolve(
      '@tagalong/envoyfilter/policy.schema.json',
    );
    expect(JSON.parse(readFileSync(built, 'utf8'))).toEqual(published);
    const compiled: SchemaValidator = createRequire(built)('./policy/validator.cjs');
    const source = await loadValidator();
    for (const value of [
      parse(full),
      {},
      null,
      { ...parse(full), spec: { filters: [{ at: 1 }] } },
    ]) {
      expect(compiled(value)).toBe(source(value));
      expect(compiled.errors).toEqual(source.errors);
    }
  });
});
