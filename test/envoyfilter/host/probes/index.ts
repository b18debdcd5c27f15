// All probes, by what they look at.

import type { Probe } from '../probe.js';
import { callProbes } from './calls.js';
import { failureProbes } from './failures.js';
import { headerProbes } from './headers.js';
import { inlineProbes } from './inline.js';
import { lifeProbes } from './life.js';
import { loadProbes } from './load.js';
import { memoryProbes } from './memory.js';
import { processProbes } from './process.js';
import { propertyProbes } from './properties.js';
import { replyProbes } from './replies.js';

export const probes: readonly Probe[] = [
  ...headerProbes,
  ...inlineProbes,
  ...replyProbes,
  ...failureProbes,
  ...memoryProbes,
  ...loadProbes,
  ...lifeProbes,
  ...callProbes,
  ...processProbes,
  ...propertyProbes,
];
