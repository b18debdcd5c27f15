// bench: what all measurements in Envoy need: the binary, who sends the load, where both run.

import type { LoadGenerator } from '../load/index.js';

export interface Bench {
  readonly envoy: string;
  readonly load: LoadGenerator;
  /** The core that proxies under test share; undefined: not pinned. */
  readonly core: number | undefined;
  readonly signal: AbortSignal;
  /** Told what makes figures doubtful; whether doubtful ones are wanted too. */
  readonly doubt: (text: string) => boolean;
  /** Told after each step: a share from 0 to 1 of this measurement, and what it was. */
  readonly progress: (share: number, what: string) => void;
}
