// schema: the rules that the reader and the JSON schema check; what they say is made elsewhere.

import type { Rule } from '../rule.js';

const GATEWAY = '  - at: gateway\n    namespace: istio-ingress\n';
const tag = (line: string) =>
  `filters:\n${GATEWAY}    tags:\n      - header: x-traffic-tag\n${line}`;
const whole = (...specs: string[]) =>
  specs
    .map(
      (spec) =>
        `apiVersion: tagalong/v1\nkind: Policy\nmetadata: {name: shop, namespace: shop}\n${spec}`,
    )
    .join('---\n');

export const SCHEMA_RULES: readonly Rule[] = [
  {
    id: 'unreadable',
    severity: 'error',
    title: 'A file cannot be read',
    why: 'What is not read is not checked, and would not be rendered.',
    mend: 'Give the path of a file or folder that exists and may be read; - is the standard input.',
  },
  {
    id: 'no-policy',
    severity: 'error',
    title: 'No policy is there',
    why: 'A check of nothing would succeed, and a typing error in a path go unnoticed.',
    mend: 'A policy begins with "apiVersion: tagalong/v1" and "kind: Policy". `tagalong init` writes one.',
    example: {
      bad: '# apiVersion: tagalong/v1\n# kind: Policy\n',
      good: whole('spec: {filters: []}\n'),
    },
  },
  {
    id: 'not-a-policy',
    severity: 'error',
    title: 'A document is something else',
    why: 'In a file that was named every document is to be a policy: one with a wrong head would be left out silently. In folders documents of other kinds are skipped, and said as info.',
    mend: 'Write "apiVersion: tagalong/v1" and "kind: Policy", or keep other documents in other files.',
    example: {
      bad: `${whole('spec: {filters: []}\n')}---\napiVersion: tagalong/v2\nkind: Policy\n`,
      good: whole('spec: {filters: []}\n'),
    },
  },
  {
    id: 'yaml-syntax',
    severity: 'error',
    title: 'The text is no YAML',
    why: 'Nothing of such a document can be known.',
    mend: 'Mend the place that is shown. JSON is YAML too.',
    example: { bad: 'spec: {filters: [}\n', good: whole('spec: {filters: []}\n') },
  },
  {
    id: 'yaml-duplicate-key',
    severity: 'error',
    title: 'A key stands twice in one object',
    why: 'Readers of YAML disagree: some refuse it, most keep the last one and forget the first.',
    mend: 'Leave one of them.',
    example: {
      bad: whole('spec:\n  mode: enforce\n  mode: disabled\n  filters: []\n'),
      good: whole('spec:\n  mode: disabled\n  filters: []\n'),
    },
  },
  {
    id: 'yaml-aliases',
    severity: 'error',
    title: 'Aliases stand for too much, or for nothing',
    why: 'A few lines of aliases can stand for more values than any memory holds.',
    mend: 'Write the parts out.',
    example: {
      bad: whole('spec: {filters: [*gateway]}\n'),
      good: whole('spec:\n  filters:\n    - &gateway {at: inbound, tags: [{header: x-a}]}\n'),
    },
  },
  {
    id: 'quote-it',
    severity: 'error',
    title: 'A plain text that YAML readers take for different things',
    why: 'To kubectl and Helm, which read YAML 1.1, yes, no, on, off, y and n are true or false, 017 is 15, 1:30 is 90 and 1_000 a number; others read YAML 1.2. And a number where a text is wanted is a fault to either.',
    mend: 'Put it into quotes. Where a number or truth value is meant, write it as both versions do: 17, true.',
    example: {
      bad: tag('        default: yes\n'),
      good: tag('        default: "yes"\n'),
    },
  },
  {
    id: 'unknown-key',
    severity: 'error',
    title: 'A key that a policy does not have',
    why: 'The filter refuses it as well: a misspelt key that was silently ignored would be a limit that never limits.',
    mend: 'Use one of the keys that the message lists.',
    example: {
      bad: tag('        rule: []\n'),
      good: tag('        rules: []\n'),
    },
  },
  {
    id: 'missing-key',
    severity: 'error',
    title: 'A key is missing',
    why: 'Without it the part that is shown means nothing.',
    mend: 'Write the key. The message says what belongs into it.',
    example: {
      bad: tag('        rules: [{name: a}]\n'),
      good: tag('        rules: [{name: a, value: canary}]\n'),
    },
  },
  {
    id: 'wrong-type',
    severity: 'error',
    title: 'A value of another type',
    why: 'The filter takes a text for a text and a list for a list, and guesses nothing.',
    mend: 'Write what the message wants.',
    example: { bad: tag('        rules: {a: b}\n'), good: tag('        rules: []\n') },
  },
  {
    id: 'wrong-value',
    severity: 'error',
    title: 'A value that is none of those wanted',
    why: 'The filter would refuse the configuration, and what was in force before would stay.',
    mend: 'Write what the message wants.',
    example: {
      bad: tag('        incoming: keep\n'),
      good: tag('        incoming: strip\n'),
    },
  },
  {
    id: 'condition',
    severity: 'error',
    title: 'Keys of a condition that do not go together',
    why: 'A condition names at most one of header, cookie and query, with one operator beside it.',
    mend: 'Write {header: NAME, exact: VALUE}; for more of them use all: [...] or any: [...].',
    example: {
      bad: tag('        rules: [{value: a, when: {header: x-user}}]\n'),
      good: tag('        rules: [{value: a, when: {header: x-user, present: true}}]\n'),
    },
  },
  {
    id: 'header-name',
    severity: 'error',
    title: 'No name of a header',
    why: 'Envoy refuses requests with such a header, and pseudo-headers such as :path are not for policies.',
    mend: 'Use letters, digits and -.',
    example: {
      bad: 'filters:\n  - {at: inbound, tags: [{header: "x tag"}]}\n',
      good: 'filters:\n  - {at: inbound, tags: [{header: x-tag}]}\n',
    },
  },
  {
    id: 'reserved-header',
    severity: 'error',
    title: 'A header that means something else',
    why: 'Envoy or the application lives by it: writing a tag into content-length or host breaks requests, and copying authorization or a cookie into a tag gives a secret away.',
    mend: 'Use a header of your own, such as x-traffic-tag.',
    example: {
      bad: 'filters:\n  - {at: inbound, tags: [{header: cookie}]}\n',
      good: 'filters:\n  - {at: inbound, tags: [{header: x-traffic-tag}]}\n',
    },
  },
  {
    id: 'percent-needs-identity',
    severity: 'error',
    title: 'A share of nobody',
    why: 'A percentage is sticky: it is decided by who asks. Without an identity nobody could be in it.',
    mend: 'Say where the identity stands (identity: [{cookie: uid}, {header: x-user-id}, {ip: true}]), or give visitors one (mint: {cookie: tagalong_id}).',
    example: {
      bad: tag('        rules: [{value: canary, percent: 10}]\n'),
      good: tag('        rules: [{value: canary, percent: 10, identity: [{cookie: uid}]}]\n'),
    },
  },
  {
    id: 'label-divider',
    severity: 'error',
    title: "A text that would end a metric's label",
    why: "Names and values of tags, rules and limits become labels, which stand in a metric's name divided by ;.; and =.= until Envoy takes them out.",
    mend: 'Write it without ;.; and =.=, and without ;. at its end.',
    example: {
      bad: tag('        default: "a;.;b"\n'),
      good: tag('        default: "a;b"\n'),
    },
  },
];
