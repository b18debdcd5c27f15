// index: the catalogue of rules, as `tagalong rule` lists it.

import type { Rule } from '../rule.js';
import { GLOBAL_LIMIT_RULES } from './global-limits.js';
import { LABEL_RULES } from './labels.js';
import { LEADING_RULES } from './leading.js';
import { LIMIT_RULES } from './limits.js';
import { MEETING_RULES } from './meeting.js';
import { MODULE_RULE } from './module.js';
import { PLACEMENT_RULES } from './placement.js';
import { REQUEST_RULES } from './requests.js';
import { ROUTE_RULES } from './routes.js';
import { SCHEMA_RULES } from './schema.js';
import { TAG_RULES } from './tags.js';

export const RULES: readonly Rule[] = [
  ...SCHEMA_RULES,
  ...PLACEMENT_RULES,
  ...MEETING_RULES,
  ...TAG_RULES,
  ...LIMIT_RULES,
  ...GLOBAL_LIMIT_RULES,
  ...REQUEST_RULES,
  ...LABEL_RULES,
  ...ROUTE_RULES,
  ...LEADING_RULES,
  MODULE_RULE,
];

const BY_ID = new Map(RULES.map((rule) => [rule.id, rule]));

/** @returns undefined where there is no such rule */
export function ruleOf(id: string): Rule | undefined {
  return BY_ID.get(id);
}
