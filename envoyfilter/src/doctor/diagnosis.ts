// diagnosis: one thing that doctor has to say of a proxy, in words.

/** `problem`: the filter does not do its work. `note`: worth knowing, and may well be meant. */
export type Level = 'problem' | 'note';

export interface Diagnosis {
  /** Stable, as `config-rejected`. */
  readonly check: string;
  readonly level: Level;
  /** What is the matter, and where; one sentence or two. */
  readonly what: string;
  /** What to do. */
  readonly remedy?: string;
}

export function problem(check: string, what: string, remedy?: string): Diagnosis {
  return { check, level: 'problem', what, ...(remedy === undefined ? {} : { remedy }) };
}

export function note(check: string, what: string, remedy?: string): Diagnosis {
  return { check, level: 'note', what, ...(remedy === undefined ? {} : { remedy }) };
}

/** `1 request`, `2 requests` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
