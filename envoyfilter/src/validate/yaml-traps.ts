// yaml-traps: plain texts that YAML 1.1, which kubectl and Helm read, takes for something else than
// YAML 1.2.

import type { PlainScalar, PolicyDocument } from '../policy/document.js';
import type { Report } from './rule.js';
import { quoted } from './words.js';

const WORD = /^(y|yes|n|no|on|off)$/i;
/** Cased as no reader takes it for a truth value. */
const ODD_WORD = /^(yEs|yeS|yES|YEs|YeS|nO|oN|oFF|oFf|ofF|OFf|OfF)$/;
const OCTAL = /^[-+]?0[0-7_]+$/;
const NEW_OCTAL = /^[-+]?0o[0-7]+$/;
const BINARY = /^[-+]?0b[01_]+$/;
const UNDERSCORE = /^[-+]?(0x)?[0-9][0-9a-f]*_[0-9a-f_]*(\.[0-9_]*)?$/i;
const SEXAGESIMAL = /^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$/;

/** One report for each plain text, and each key, that is read in two ways. */
export function yamlTraps(document: PolicyDocument): Report[] {
  return [...document.plainScalars()].flatMap(trap);
}

function trap({ path, isKey, text }: PlainScalar): Report[] {
  const meaning = meaningOf(text);
  if (meaning === undefined) return [];
  const what = isKey ? 'the key ' : '';
  const message = `found ${what}${quoted(text, false)} without quotes, which is ${meaning}, wanted what all readers take for the same`;
  const hint = `quote it: ${quoted(text)}${isKey || WORD.test(text) ? '' : ', or write a plain decimal number'}`;
  return [{ path, message, hint, ...(isKey && { atKey: true }) }];
}

/** To YAML 1.1 and 1.2; undefined where they agree. */
function meaningOf(text: string): string | undefined {
  if (WORD.test(text) && !ODD_WORD.test(text)) {
    return `${/^(y|yes|on)$/i.test(text) ? 'true' : 'false'} to kubectl and a text to others`;
  }
  if (OCTAL.test(text)) {
    const digits = text.replaceAll('_', '');
    return `${Number.parseInt(digits, 8)} to kubectl and ${Number(digits)} to others`;
  }
  if (NEW_OCTAL.test(text) || BINARY.test(text))
    return 'a number to some readers and a text to others';
  if (UNDERSCORE.test(text)) return 'a number to kubectl and a text to others';
  if (SEXAGESIMAL.test(text)) return 'a number of base 60 to YAML 1.1 and a text to others';
  return undefined;
}
