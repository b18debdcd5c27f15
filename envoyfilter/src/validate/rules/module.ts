// module: the rule that asks the filter itself.

import type { Rule } from '../rule.js';

export const MODULE_RULE: Rule = {
  id: 'module-refuses',
  severity: 'error',
  title: 'The filter refuses it',
  why: 'The filter judges its own configuration, in the proxy as here: this is what its log would say. Envoy then keeps the configuration before, and without one lets requests pass untouched.',
  mend: 'Write what the message wants. `--no-module` leaves this check out.',
  example: {
    bad: 'filters: [{at: inbound, tags: [{header: x-a, rules: [{value: b, when: {path: {regex: "/(a"}}}]}]}]\n',
    good: 'filters: [{at: inbound, tags: [{header: x-a, rules: [{value: b, when: {path: {regex: "/(a)"}}}]}]}]\n',
  },
};
