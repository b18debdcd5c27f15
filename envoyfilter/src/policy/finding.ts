// finding: something that is to be said of a policy, with its place in the file that the user wrote.
// Promise: pure data; how it is shown is the reporters' affair.

export type Severity = 'error' | 'warning' | 'info';

/** A range in a file; lines and columns from 1, columns in UTF-16 units. */
export interface Place {
  /** As the user named it; `<stdin>` for the standard input. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export interface Finding {
  /** The rule's id, as `percent-needs-identity`; `tagalong rule ID` explains it. */
  readonly rule: string;
  readonly severity: Severity;
  /** What was found and what is wanted, one line. */
  readonly message: string;
  /** What to do, or `did you mean …`. */
  readonly hint?: string;
  /** Where in the policy, as `spec.filters[0].tags[1].header`. */
  readonly path: string;
  readonly place: Place;
}
