// life: the state of this process's sidecar, kept up to date by a probe. One a process.

import type { SidecarState } from '../core/channels.js';

export interface Life {
  readonly state: SidecarState;
  /** Calls back at every change of the state; returns what takes the callback away. */
  watch(callback: (to: SidecarState, from: SidecarState) => void): () => void;
  /** Somebody was refused where the sidecar should have answered: it is asked at once. */
  noticeRefused(): void;
}

const stub: Life = { state: 'none', watch: () => () => {}, noticeRefused: () => {} };

/** The life of this process's sidecar; the first call starts the probe, if one is expected. */
export function life(): Life {
  return stub;
}
