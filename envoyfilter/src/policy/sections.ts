// sections: the filter's own sections of an entry, as types, for policies that their schema accepts.
// Promise: a view, no judge.

export interface Comparison {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly in?: readonly string[];
  readonly regex?: string;
  readonly present?: boolean;
  /** Of a path alone. */
  readonly template?: string;
  readonly ignoreCase?: boolean;
}

export interface When extends Omit<Comparison, 'template'> {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly path?: Comparison;
  readonly host?: Comparison;
  readonly method?: readonly string[];
  readonly ip?: readonly string[];
  readonly tag?: Readonly<Record<string, string>>;
  readonly all?: readonly When[];
  readonly any?: readonly When[];
  readonly not?: When;
}

/** Where a value is taken from. What an identity can be is less than what a limit's key can. */
export interface Source {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  readonly ip?: true | { readonly v4?: number; readonly v6?: number };
  readonly host?: true;
  readonly method?: true;
  readonly path?: { readonly template: string; readonly variable: string };
  readonly tag?: string;
}

export interface TagRule {
  readonly name?: string;
  readonly when?: When;
  readonly percent?: number;
  readonly identity?: readonly Source[];
  readonly salt?: string;
  readonly mint?: { readonly cookie: string };
  readonly value: string | { readonly header: string };
  readonly dryRun?: boolean;
}

export interface TagSpec {
  readonly header: string;
  readonly incoming?: 'strip' | 'trust' | { readonly allow: readonly string[] };
  readonly rules?: readonly TagRule[];
  readonly default?: string;
  readonly carry?: readonly string[];
  readonly echo?: boolean;
}

export interface LimitSpec {
  readonly name: string;
  readonly when?: When;
  readonly per?: readonly Source[];
  readonly rate: string;
  readonly burst?: number;
  readonly scope?: 'worker' | 'proxy' | 'global';
  readonly dryRun?: boolean;
  readonly reject?: { readonly status?: number; readonly body?: string };
  readonly maxKeys?: number;
}

export interface ClientSpec {
  readonly address?: 'envoy' | 'forwarded';
  readonly trustedHops?: number;
  readonly prefix?: { readonly v4?: number; readonly v6?: number };
}

export interface PropagateSpec {
  readonly key?: readonly string[];
  readonly headers?: readonly string[];
  readonly capacity?: number;
}

/** What a filter's configuration holds besides its id. */
export interface Sections {
  readonly mode?: string;
  readonly client?: ClientSpec;
  readonly paths?: object;
  readonly tags?: readonly TagSpec[];
  readonly limits?: readonly LimitSpec[];
  readonly propagate?: PropagateSpec;
}
