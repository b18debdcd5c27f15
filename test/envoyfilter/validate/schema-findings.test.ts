import { describe, expect, it } from 'vitest';
import { brief, findingsOf, HEAD, policyText } from './policies.js';

/** One finding of a text: `line:column rule: message | hint`. */
async function said(text: string): Promise<string[]> {
  return (await findingsOf(text)).map(({ place, rule, message, hint }) => {
    const more = hint === undefined ? '' : ` | ${hint}`;
    return `${place.line}:${place.column} ${rule}: ${message}${more}`;
  });
}

/** `rules` of a tag. */
const rule = (fields: string) =>
  policyText(
    `filters:\n  - at: inbound\n    tags:\n      - header: x-a\n        rules:\n          - {value: b, ${fields}}\n`,
  );
const tag = (fields: string) =>
  policyText(`filters:\n  - at: inbound\n    tags:\n      - header: x-a\n        ${fields}\n`);
const limit = (fields: string) =>
  policyText(
    `filters:\n  - at: gateway\n    namespace: gw\n    limits:\n      - {name: l, ${fields}}\n`,
  );

describe('what the schema refuses is told once, at its place', () => {
  it.each([
    [
      'a misspelt key',
      rule('precent: 10'),
      '10:26 unknown-key: found the key "precent", wanted one of name, when, percent, identity, salt, mint, value, dryRun | did you mean "percent"?',
    ],
    [
      'a key in another case',
      rule('dryrun: true'),
      '10:26 unknown-key: found the key "dryrun", wanted one of name, when, percent, identity, salt, mint, value, dryRun | did you mean "dryRun"?',
    ],
    [
      'a merge key',
      tag('<<: {echo: true}'),
      '9:11 unknown-key: found the key "<<", wanted one of header, incoming, rules, default, carry, echo | merge keys are of YAML 1.1 only: write the keys out',
    ],
    [
      'a missing key',
      policyText('filters:\n  - tags: []\n'),
      '6:7 missing-key: found no "at", wanted it here: one of gateway, inbound, outbound, sidecar',
    ],
    [
      'a percent of nobody',
      rule('percent: 10'),
      '10:35 percent-needs-identity: found "percent" without an identity, wanted "identity" or "mint" beside "percent"',
    ],
    [
      'an identity without percent',
      rule('identity: [{ip: true}]'),
      '10:26 missing-key: found "identity" without "percent", wanted both or neither',
    ],
    [
      'a number where a text is wanted',
      tag('default: 10'),
      '9:20 quote-it: found 10, which is a number, wanted a text | quote it: "10"',
    ],
    [
      'a number that loses a digit',
      tag('default: 1.10'),
      '9:20 quote-it: found 1.10, which is a number, wanted a text | quote it: "1.10"',
    ],
    [
      'true where a text is wanted',
      tag('default: true'),
      '9:20 quote-it: found true, which is a truth value, wanted a text | quote it: "true"',
    ],
    [
      'yes where true is wanted',
      tag('echo: yes'),
      '9:17 wrong-type: found "yes", wanted true or false | write true, without quotes',
    ],
    [
      'a text where a number is wanted',
      rule('percent: "10", identity: [{cookie: c}]'),
      '10:35 wrong-type: found "10", wanted a number from 0 to 100 | write 10, without quotes',
    ],
    [
      'a text where a list is wanted',
      tag('carry: baggage'),
      '9:18 wrong-type: found "baggage", wanted [baggage] | write [baggage]',
    ],
    [
      'nothing where a list is wanted',
      tag('rules:'),
      '9:11 wrong-type: found nothing, wanted a list | write a value, or leave the key out',
    ],
    [
      'true where an object is wanted',
      policyText('filters:\n  - at: sidecar\n    propagate: true\n'),
      '7:18 wrong-type: found true, wanted an object with the keys key, headers, formats, makeRequestId, capacity, ttl | write {}',
    ],
    [
      'a word that is none',
      policyText('mode: enforced\nfilters: []\n'),
      '5:9 wrong-value: found "enforced", wanted one of "enforce", "dryRun" or "disabled" | did you mean "enforce"?',
    ],
    [
      'a mode that YAML 1.1 takes for false',
      policyText('mode: off\nfilters: []\n'),
      '5:9 wrong-value: found "off", wanted one of "enforce", "dryRun" or "disabled" | did you mean "disabled"?',
    ],
    [
      'a union that is none of its words',
      tag('incoming: stripp'),
      '9:21 wrong-value: found "stripp", wanted "strip", "trust" or {allow: [VALUE, …]} | did you mean "strip"?',
    ],
    [
      'a union that is a number',
      tag('incoming: 7'),
      '9:21 wrong-value: found 7, wanted "strip", "trust" or {allow: [VALUE, …]}',
    ],
    [
      'a number in a union with a text',
      tag('rules: [{value: 5}]'),
      '9:27 quote-it: found 5, which is a number, wanted a text | quote it: "5"',
    ],
    [
      'two keys where one is wanted',
      limit('rate: 1/s, per: [{ip: true, header: x-a}]'),
      '9:39 wrong-value: found "ip" and "header", wanted one of header, cookie, query, ip, host, method, path and tag',
    ],
    [
      'none of two keys of which one is wanted',
      policyText('filters: []\nsdk: {direct: {a: {address: "b:1"}}}\n'),
      '6:18 wrong-value: found an object, wanted either "tls: true" or "plaintext: true" beside the address',
    ],
    [
      'a wrong key in the branch that was meant',
      tag('incoming: {allowed: [a]}'),
      '9:22 unknown-key: found the key "allowed", wanted one of allow | did you mean "allow"?',
    ],
    [
      'an empty list in the branch that was meant',
      tag('incoming: {allow: []}'),
      '9:22 wrong-value: found an empty list, wanted at least 1',
    ],
    [
      'a rate',
      limit('rate: 10/d'),
      '9:27 wrong-value: found "10/d", wanted a rate such as 10/s, 600/m or 5000/h, at most 1000000/s',
    ],
    [
      'a condition without an operator',
      rule('when: {header: x-b}'),
      '10:33 condition: found "header" without an operator, wanted one of exact, prefix, suffix, contains, in, regex or present beside it | "present: true" asks only whether it is there',
    ],
    [
      'a condition with two',
      rule('when: {header: x-b, exact: a, prefix: b}'),
      '10:56 condition: found "exact" and "prefix" in one condition, wanted one of them | use "all": a list of conditions',
    ],
    [
      'a condition on two',
      rule('when: {header: x-b, cookie: c, exact: a}'),
      '10:46 condition: found "header" and "cookie" in one condition, wanted one of them | use "all": a list of conditions',
    ],
    [
      'an operator alone',
      rule('when: {exact: a}'),
      '10:33 condition: found "exact" alone, wanted "header", "cookie" or "query" beside it',
    ],
    [
      'an operator that does not go with another',
      rule('when: {header: x-b, present: true, ignoreCase: true}'),
      '10:61 condition: found "ignoreCase" beside "present", wanted it beside a text to compare',
    ],
    [
      'a path without an operator',
      rule('when: {path: {}}'),
      '10:33 condition: found no operator, wanted one of exact, prefix, suffix, contains, in, regex, present or template beside it | "present: true" asks only whether it is there',
    ],
    [
      'a path with two',
      rule('when: {path: {exact: /a, template: "/{b}"}}'),
      '10:51 condition: found "exact" and "template" in one condition, wanted one of them | use "all": a list of conditions',
    ],
    [
      'a path that is a text',
      rule('when: {path: /a}'),
      '10:39 wrong-type: found "/a", wanted an object with the keys exact, prefix, suffix, contains, in, present, regex, template, ignoreCase | write {exact: /a} or {prefix: /a}',
    ],
    [
      'a header that is reserved',
      policyText('filters:\n  - at: inbound\n    tags:\n      - header: Host\n'),
      '8:19 reserved-header: found "Host", wanted a header of its own, one that means nothing else',
    ],
    [
      'a header that is none',
      policyText('filters:\n  - at: inbound\n    tags:\n      - header: ":path"\n'),
      '8:19 header-name: found ":path", wanted the name of a header: letters, digits and -',
    ],
    [
      "a reply's header that is the filter's",
      limit('rate: 1/s, reject: {headers: {Retry-After: "1"}}'),
      '9:51 reserved-header: found the key "Retry-After", wanted a header that is neither the filter\'s own nor one of a single hop',
    ],
    [
      'propagation at a gateway',
      policyText('filters:\n  - {at: gateway, namespace: gw, propagate: {}}\n'),
      '6:12 wrong-value: found "gateway", wanted inbound, outbound or sidecar beside "propagate": at a gateway is no application to get through',
    ],
    [
      'trustedHops without forwarded',
      policyText(
        'filters:\n  - {at: gateway, namespace: gw, client: {trustedHops: 1}, tags: [{header: x-a}]}\n',
      ),
      '6:36 missing-key: found no "address", wanted it here: "address: forwarded" beside "trustedHops"',
    ],
    [
      'sameSite None that is not secure',
      rule('percent: 1, mint: {cookie: m, sameSite: None, secure: false}'),
      '10:38 wrong-value: found an object, wanted "secure: true" beside "sameSite: None": browsers drop the cookie else',
    ],
    [
      'a delivery of two kinds',
      policyText('filters: []\ndelivery: {code: {file: /a, http: "https://b"}}\n'),
      '6:14 wrong-value: found "file" and "http", wanted one of file, configMap, http and oci',
    ],
    [
      'a version without labels',
      policyText('filters: []\nroutes: [{host: a, tag: x-a, default: b, versions: {b: {}}}]\n'),
      '6:55 wrong-value: found an empty object, wanted at least 1',
    ],
    [
      'a version that is a number',
      policyText(
        'filters: []\nroutes: [{host: a, tag: x-a, default: b, versions: {b: {version: 1}}}]\n',
      ),
      '6:68 quote-it: found 1, which is a number, wanted a text | quote it: "1"',
    ],
    [
      'a host with a port',
      policyText(
        'filters: []\nroutes: [{host: "a:80", tag: x-a, default: b, versions: {b: {v: a}}}]\n',
      ),
      '6:19 wrong-value: found "a:80", wanted the host of a service, such as reviews or reviews.shop.svc.cluster.local, without scheme and port',
    ],
    [
      'metadata that is missing',
      'apiVersion: tagalong/v1\nkind: Policy\nspec: {filters: []}\n',
      '1:1 missing-key: found no "metadata", wanted it here',
    ],
  ])('%s', async (_name, text, wanted) => {
    expect(await said(text)).toEqual([wanted]);
  });

  it('also where something else is wrong inside', async () => {
    const findings = await findingsOf(rule('percent: 10, when: {path: /a}'));
    expect(findings.map(brief)).toEqual(['10:35 percent-needs-identity', '10:52 wrong-type']);
  });

  it('also where a key needs quotes in its path', async () => {
    const text = policyText(
      'filters: []\nroutes: [{host: a, tag: x-a, default: b c, versions: {"b c": {v: 1}}}]\n',
    );
    expect((await findingsOf(text)).map(({ path }) => path)).toEqual([
      'spec.routes[0].versions["b c"].v',
    ]);
  });

  it('and rules speak of what is sound beside it', async () => {
    const text = `${HEAD}spec:\n  filters:\n    - {at: inbound, tags: [{header: x_a}]}\n    - {at: outbound, tag: []}\n`;
    const findings = await findingsOf(text);
    expect(findings.map(brief)).toEqual(['6:37 odd-header', '7:22 unknown-key']);
  });
});
