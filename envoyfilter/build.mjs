// build: after tsc, the schema for editors, and the validator that ajv compiles from it: compiling
// takes a tenth of a second, which each command would pay.

import { readFile, writeFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { AJV_OPTIONS, markedSchema, sourceSchema } from './dist/policy/schema.js';

const dist = new URL('dist/', import.meta.url);
const published = sourceSchema();
await writeFile(new URL('policy.schema.json', dist), `${JSON.stringify(published, null, 2)}\n`);

const ajv = new Ajv2020(AJV_OPTIONS);
const code = standaloneCode.default(ajv, ajv.compile(markedSchema(published)));
const target = new URL('policy/validator.cjs', dist);
// Unchanged files keep their time, for whoever watches them.
const before = await readFile(target, 'utf8').catch(() => '');
if (before !== code) await writeFile(target, code);
