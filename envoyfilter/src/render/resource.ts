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
  const documents = resources.map(
    (resource) =>
      `---\n${stringify(resource, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })}`,
  );
  return head + documents.join('');
}
