// channels: every decision of this package, for who listens on node:diagnostics_channel.
// Where nobody does, a decision costs a look at `hasSubscribers`.

import { channel } from 'node:diagnostics_channel';
import type { Attempt, Via } from './errors.js';

export type SidecarState = 'none' | 'starting' | 'ready' | 'draining' | 'dead';

/** Name of the channel → its message. */
export interface Channels {
  /** Headers went onto a call: which were added, and which the caller had set. */
  'tagalong:inject': {
    authority: string;
    added: readonly string[];
    kept: readonly string[];
  };
  /** Headers did not go onto a call, and why. */
  'tagalong:skip': {
    authority: string;
    reason: 'outside-mesh' | 'connect' | 'trace-set-by-caller';
  };
  /** A connection waited for the sidecar. */
  'tagalong:hold': {
    authority: string;
    ms: number;
    ended: 'ready' | 'none' | 'timeout' | 'abort';
  };
  /** A try has ended; `next`: where the next one goes. */
  'tagalong:attempt': Attempt & {
    authority: string;
    n: number;
    sent: 'no' | 'maybe';
    next: Via | null;
  };
  /** The state of the sidecar has changed. */
  'tagalong:sidecar': { from: SidecarState; to: SidecarState; why: string };
}

interface Typed<Name extends keyof Channels> {
  readonly hasSubscribers: boolean;
  publish(message: Channels[Name]): void;
}

function typed<Name extends keyof Channels>(name: Name): Typed<Name> {
  return channel(name) as Typed<Name>;
}

export const injectChannel = typed('tagalong:inject');
export const skipChannel = typed('tagalong:skip');
export const holdChannel = typed('tagalong:hold');
export const attemptChannel = typed('tagalong:attempt');
export const sidecarChannel = typed('tagalong:sidecar');
