// load: requests sent to a server and what came of them. Re-exports only.

export { type GeneratorOptions, LoadError, LoadGenerator } from './generator.js';
export {
  type ClosedOptions,
  type ClosedReport,
  faultOf,
  type LoadOptions,
  type OpenOptions,
  type OpenReport,
  type PacedOptions,
  type PacedReport,
  type Report,
} from './jobs.js';
export { type Latency, merged, percentiles } from './latency.js';
export type { Expectation, Request } from './requests.js';
export type { Pace } from './schedule.js';
export type { Answers } from './tally.js';
