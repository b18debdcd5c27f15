// fault: which findings keep a policy from being used.

import type { Finding } from '../policy/finding.js';

/** With `isStrict` warnings do too. */
export function isFault({ severity }: Finding, isStrict = false): boolean {
  return severity === 'error' || (isStrict && severity === 'warning');
}
