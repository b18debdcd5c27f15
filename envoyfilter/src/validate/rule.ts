// rule: what a check of `validate` is. Pure data, and functions over sound policies.

import type { Severity } from '../policy/finding.js';
import type { Path } from '../policy/place.js';
import type { FilterSpec, Policy, RouteSpec } from '../policy/policy.js';

/** Something to say of a policy; the rule that says it gives the severity. */
export interface Report {
  readonly path: Path;
  /** What was found and what is wanted. */
  readonly message: string;
  readonly hint?: string;
  /** Point at the key instead of what stands behind it. */
  readonly atKey?: boolean;
}

/** A policy as rules see it: what the schema refuses in it is left out. */
export interface Subject {
  readonly policy: Policy;
  readonly filters: readonly Placed<FilterSpec>[];
  readonly routes: readonly Placed<RouteSpec>[];
  /** Nothing is left out: what is not here is nowhere. */
  readonly isWhole: boolean;
}

/** An item of a list of the policy, and where it stands. */
export interface Placed<T> {
  readonly index: number;
  readonly path: Path;
  readonly spec: T;
}

/** A report on one of several policies. */
export interface SubjectReport extends Report {
  readonly subject: Subject;
}

export interface Rule {
  /** Never changes, as `percent-needs-identity`. */
  readonly id: string;
  readonly severity: Severity;
  /** What is wrong, in a few words. */
  readonly title: string;
  /** What would happen. */
  readonly why: string;
  /** What to do. */
  readonly mend: string;
  /** Policies that break it and keep it: `spec` of one, or where it begins with apiVersion all. */
  readonly example?: { readonly bad: string; readonly good: string };
  /** Of each policy alone. */
  readonly check?: (subject: Subject) => Iterable<Report>;
  /** Of all policies together. */
  readonly checkAll?: (subjects: readonly Subject[]) => Iterable<SubjectReport>;
}
