// explanation: what became of a request, as data that JSON can hold. Types only.

import type { Direction } from '../policy/policy.js';
import type { Leaf } from './condition.js';

/** One thing that an entry did with a request; those of one tag stand together. */
export type Step = IncomingStep | RuleStep | DefaultStep | ResultStep | LimitStep | PropagateStep;

/** Before any rule: what became of a tag that arrived. */
export interface IncomingStep {
  readonly step: 'incoming';
  readonly tag: string;
  /** `restored`: nothing came, and the request is remembered with this value. */
  readonly verdict: 'nothing came' | 'kept' | 'stripped' | 'restored';
  readonly value?: string;
  readonly reason: string;
}

export interface RuleStep {
  readonly step: 'rule';
  readonly tag: string;
  readonly rule: string;
  readonly verdict:
    | 'matched'
    | 'would match'
    | 'no match'
    | 'not in share'
    | 'no identity'
    | 'no value to copy'
    | 'not tried';
  readonly reason: string;
  /** The conditions that the verdict rests upon. */
  readonly conditions?: readonly Leaf[];
  readonly bucket?: BucketNote;
  readonly dryRun?: true;
}

export interface BucketNote {
  readonly salt: string;
  /** 0..9999. */
  readonly bucket: number;
  /** Buckets below this are in. */
  readonly below: number;
  /** Absent where it was minted for this request. */
  readonly identity?: string;
  /** Where it stood, as `cookie uid`; `cookie tagalong_id, minted`. */
  readonly from: string;
}

export interface DefaultStep {
  readonly step: 'default';
  readonly tag: string;
  readonly value: string;
  readonly verdict: 'used' | 'not used';
}

export interface ResultStep {
  readonly step: 'result';
  readonly tag: string;
  /** Absent: the request goes on without this tag. */
  readonly value?: string;
}

export interface LimitStep {
  readonly step: 'limit';
  readonly limit: string;
  /** `not charged`: it is for the request, and another limit rejects. */
  readonly verdict:
    | 'admitted'
    | 'rejected'
    | 'would be admitted'
    | 'would be rejected'
    | 'not for it'
    | 'not charged';
  readonly reason: string;
  readonly conditions?: readonly Leaf[];
  readonly rate: string;
  readonly burst: number;
  readonly scope: 'worker' | 'proxy' | 'global';
  /** Requests that the bucket still admits at once, of one that was charged. */
  readonly remaining?: number;
  /** What chooses the bucket: where the value stands, and the value. */
  readonly per?: Readonly<Record<string, string>>;
  readonly dryRun?: true;
}

export interface PropagateStep {
  readonly step: 'propagate';
  readonly verdict: 'stored' | 'not stored' | 'found' | 'found nothing';
  /** The header by which it was found. */
  readonly by?: string;
}

/** A header whose values changed; no values: it was or is absent. */
export interface Change {
  readonly name: string;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface EntryExplanation {
  /** NAMESPACE/POLICY/ENTRY. */
  readonly id: string;
  readonly direction: Direction;
  readonly mode: string;
  readonly steps: readonly Step[];
  /** The VM failed on this request: the proxy answers 503. */
  readonly failed?: true;
}

/** An answer of the filter's own. */
export interface Reply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The entry that answered. */
  readonly entry: string;
  /** The limits that rejected the request. */
  readonly limits: readonly string[];
}

/** Where a route of the policy leads a request with these tags. */
export interface RouteChoice {
  readonly host: string;
  readonly version: string;
  readonly why: string;
  /** Faults that the version has, in words. */
  readonly faults?: string;
}

export interface Explanation {
  readonly at: Direction;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly authority: string;
    /** Envoy's source.address. */
    readonly source: string;
    /** Since the explainer was made. */
    readonly atMs: number;
  };
  readonly entries: readonly EntryExplanation[];
  /** What the first filter sees, what goes on, and what differs. */
  readonly headers: {
    readonly before: readonly (readonly [name: string, value: string])[];
    readonly after: readonly (readonly [name: string, value: string])[];
    readonly changes: readonly Change[];
  };
  /** Every tag of the policies, by lower-case name, as it goes on; null: absent. */
  readonly tags: Readonly<Record<string, string | null>>;
  /** Members of the request's baggage. */
  readonly baggage: readonly Change[];
  /** What the filter changes in a plain response. */
  readonly response: readonly Change[];
  readonly reply?: Reply;
  /** Of a request that goes on. */
  readonly routes: readonly RouteChoice[];
  /** At `sidecar`: the call that the application makes then, as its proxy sends it out. */
  readonly next?: Explanation;
}
