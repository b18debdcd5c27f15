// The schema and the filter agree on what a configuration is.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { Host } from '../../envoyfilter/src/host/index.js';
import { loadFilter } from '../harness/host.js';
import { bounds, mistakes } from '../harness/mistakes.js';
import { configurationText, entryOf, loadScenarios } from '../harness/scenario.js';

const path = createRequire(import.meta.url).resolve('@tagalong/filter/config.schema.json');
const validate = new Ajv2020({ allErrors: true, strict: false }).compile(
  JSON.parse(readFileSync(path, 'utf8')),
);

/** The configuration as data, or undefined where it is no JSON. */
function parsed(configuration: string | Uint8Array): unknown {
  try {
    const text =
      typeof configuration === 'string'
        ? configuration
        : new TextDecoder('utf8', { fatal: true }).decode(configuration);
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What JSON Schema has no words for: the filter alone refuses it. */
const BEYOND_SCHEMA = new Set([
  'a key twice in a rule',
  'a path that is a slash, prefix //',
  'a path that is a slash, prefix %2f',
  'a path that is a slash, suffix /',
  'a path that is a slash, suffix %2F/',
  'a path that is a slash, contains //',
  'a path that is a slash, contains \\',
  'a path that no request has, prefix /login;v=',
  'a path that no request has, prefix /a/../b',
  'a path that no request has, suffix /a/.',
  'a path that no request has, suffix /..',
  'a path that no request has, contains ;jsessionid',
  'a path that no request has, contains /../',
  'a path that no request has, contains %2f%2e/',
  'a template that decodes to another, /%7bid%7D',
  'a template that decodes to another, /{i%64}',
  'a template that decodes to another, /{i;d}',
  'a template that decodes to another, /{i\\d}',
  'the mapped network ::ffff:10.0.0.0/8',
  'the mapped network ::ffff:0:0/95',
  'a bad regex on the host',
  'a bad regex on the path',
  'a lone surrogate',
  'a low surrogate alone',
  'a regex with 1001 repetitions',
  'a regex with 1025 states',
  'a regex with 2000 steps',
  'a regex with a Unicode class',
  'a regex with a back-reference',
  'a regex with a backslash at its end',
  'a regex with a bracket too many',
  'a regex with a name twice',
  'a regex with a possessive quantifier',
  'a regex with a range backwards',
  'a regex with a word boundary',
  'a regex with an atomic group',
  'a regex with an open class',
  'a regex with an open group',
  'a regex with an unknown class',
  'a regex with an unknown escape',
  'a regex with an unknown flag',
  'a regex with look-ahead',
  'a regex with look-behind',
  'a regex with nested groups',
  'a regex with nothing to repeat',
  'a regex with two quantifiers',
  'a regex with é in a class',
  'a rule that is named twice',
  'a tag header twice, in another case',
  'a cookie that is too long',
  'a cookie twice with other attributes',
  'too many cookies',
  'a __Secure- cookie that is not secure',
  'a __Host- cookie with a domain',
  'a __Host- cookie with a path',
  'too many buckets',
  'a limit that is named twice',
  'global limits whose names are one header',
  'a limit for a tag that nobody decides',
  'a burst with an exponent',
  'per of a path with a fragment',
  'per of a variable that normalising takes away',
  'per of a path\'s variable "user"',
  'per of a path\'s variable "ID"',
  'per of a path\'s variable "i"',
  'per of a path\'s variable "{id}"',
  'per of a tag that nobody decides',
  'a header of a reply twice, in another case',
  'a jitter of "3601s"',
  'a jitter of "61m"',
  'a jitter of "2h"',
  'a jitter of "1d"',
  'a percent of 0.001',
  'a percent of 33.333',
  'a percent with an exponent',
  'a maxAge of "0s"',
  'a maxAge of "401d"',
  'a ttl of "0s"',
  'a ttl of "61m"',
  'a ttl of "2h"',
  'a ttl of "1d"',
  'a header to carry twice',
  'an unknown tag',
  'more headers than a policy may read',
  'more than an area holds, once compiled',
  'over 256 KiB',
  'the network ""',
  'the network "010.0.0.1"',
  'the network "10.0.0.0/"',
  'the network "10.0.0.0/33"',
  'the network "10.0.0.256"',
  'the network "10.0.0/8"',
  'the network "1::2::3"',
  'the network "::/129"',
  'the network "localhost"',
  'the same tag twice',
  'the tag itself',
]);

describe('the schema', () => {
  it.each(
    loadScenarios().map((scenario, index) => [scenario.name, scenario, index] as const),
  )('agrees with the filter on "%s"', (_name, scenario, index) => {
    const entry = entryOf(scenario, index);
    const text = configurationText(scenario, entry);
    const plugin = loadFilter(new Host(), entry, { configuration: text, strict: true });
    expect(validate(parsed(text)) === true).toBe(plugin.accepted);
  });

  it.each(
    mistakes.map((mistake) => [mistake.name, mistake] as const),
  )('refuses what the filter refuses: %s', (name, { configuration }) => {
    const value = parsed(configuration);
    if (value === undefined) return;
    expect(validate(value)).toBe(BEYOND_SCHEMA.has(name));
  });

  it.each(
    bounds.map((bound) => [bound.name, bound] as const),
  )('accepts what stands at a bound: %s', (_name, { within }) => {
    expect(validate(parsed(within)), JSON.stringify(validate.errors)).toBe(true);
  });
});
