// text-problems: why a text is not even tried as YAML: it is too long, or holds characters that
// YAML forbids or that its readers take for different things.

import type { Problem } from './yaml-problems.js';

/** The parser takes 20 s for 2 MiB of junk, and all memory for 4; 500 services make 120 KiB. */
const LENGTH_MAX = 2 << 20;
/**
 * Controls; what ends a line to readers of YAML 1.1, and not to those of 1.2; a byte order mark
 * inside, as joined files have it. A lone CR ends a line to all, but not to our parser.
 */
const ODD = /[^\P{Cc}\t\n\r\x7f-\x9f]|[\x85\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)/u;

const HINTS: Readonly<Record<string, string>> = {
  '\0': 'is it UTF-16? save it as UTF-8',
  '\r': 'end lines with a line feed',
  '\ufeff': 'a byte order mark: remove it where files were joined',
};

export function oddText(text: string): Problem | undefined {
  if (text.length > LENGTH_MAX) {
    const found = (text.length / (1 << 20)).toFixed(1);
    const message = `found a text of ${found} Mi characters, wanted at most 2`;
    return { rule: 'yaml-syntax', message, hint: 'write several files' };
  }
  const odd = ODD.exec(text);
  if (odd === null) return undefined;
  const [char] = odd;
  const code = char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return {
    rule: 'yaml-syntax',
    message: `found the character U+${code}, wanted text that all readers of YAML take for the same`,
    hint: HINTS[char] ?? `write "\\u${code.toLowerCase()}" in double quotes, if it is meant`,
    range: [odd.index, odd.index + 1],
  };
}
