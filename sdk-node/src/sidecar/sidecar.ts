// sidecar: what applications ask of the sidecar.

import type { SidecarState } from '../core/channels.js';
import { life } from './life.js';

/** This process's sidecar. */
export const sidecar = {
  /** Its state now. */
  get state(): SidecarState {
    return life().state;
  },
};
