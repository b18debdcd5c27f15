// resource: what a renderer makes: Kubernetes objects and files, and how they are written.
// Promise: the same text for the same input, on every machine.

import { stringify } from 'yaml';

/** A Kubernetes object. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [section: string]: unknown;
}

/** A file of `--out DIR`, or a part of what is printed. */
export interface RenderedFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** What a renderer hands to who writes it. */
export interface Rendered {
  readonly files: readonly RenderedFile[];
  /** For the user, on stderr: what could not be expressed, how near a limit is. One line each. */
  readonly notes: readonly string[];
}

/**
 * Documents of one file, each after `---`. Texts that YAML 1.1 (kubectl, Helm) would take for
 * something else are quoted.
 */
export function toYaml(resources: readonly object[], about?: string): string {
  const head = about === undefined ? '' : `${about.replace(/^/gm, '# ').replace(/ +$/gm, '')}\n`;
  const options = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false } as const;
  const documents = resources.map((resource) => {
    const lifted: string[] = [];
    const text = stringify(withoutLong(resource, lifted), options);
    const whole = text.replaceAll(LIFTED, (_, index) => lifted[Number(index)] ?? '');
    return `---\n${whole}`;
  });
  return head + documents.join('');
}

/** Stands for a text that is put in later; nobody writes this by chance. */
const STAND_IN = 'lifted-6f0c1b9e4d7a';
const LIFTED = new RegExp(`${STAND_IN}-(\\d+)`, 'g');
const LONG_CHARS = 4096;
/** Base64 that no YAML takes for anything but a text. */
const PLAIN = /^[A-Za-z][A-Za-z0-9+/]+=*$/;

/** The one that was found plain last: the module, which is one string in all objects. */
let lastPlain = '';

function isPlain(text: string): boolean {
  if (text === lastPlain) return true;
  if (!PLAIN.test(text)) return false;
  lastPlain = text;
  return true;
}

/** The library looks at each character several times: 1.4 ms for one module, of 500 in a policy. */
function withoutLong(value: unknown, lifted: string[]): unknown {
  if (typeof value === 'string') {
    if (value.length < LONG_CHARS || !isPlain(value)) return value;
    lifted.push(value);
    return `${STAND_IN}-${lifted.length - 1}`;
  }
  if (Array.isArray(value)) return value.map((one) => withoutLong(one, lifted));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, withoutLong(one, lifted)]),
  );
}
