// mistake: what a configuration that the filter must refuse is made of.

export interface Mistake {
  readonly name: string;
  /** What the host delivers; bytes where it is no text. */
  readonly configuration: string | Uint8Array;
  /** JSONPath of the place. */
  readonly path: string;
  readonly found: string;
  /** How the rest of the line begins. */
  readonly wanted: string;
}

/** A configuration that stands at a bound: accepted, and one on its other side, refused. */
export interface Bound {
  readonly name: string;
  readonly within: string;
  readonly beyond: string;
}

export type Json = unknown;

/** The id and direction that every configuration here carries, where it carries any. */
const MISTAKE_ID = 'mistakes/policy/0';
/** What is wanted where a header must be named. */
export const HEADER_NAME = 'the name of a header (letters, digits and -; not a pseudo-header)';

/** A configuration of these sections. */
export function top(sections: object): string {
  return JSON.stringify({ id: MISTAKE_ID, direction: 'gateway', ...sections });
}

/** A list of mistakes, and what adds to it. */
export function collected() {
  const list: Mistake[] = [];
  const add = (
    name: string,
    configuration: string | Uint8Array,
    path: string,
    found: string,
    wanted: string,
  ): void => {
    list.push({ name, configuration, path, found, wanted });
  };
  return { list, add };
}
