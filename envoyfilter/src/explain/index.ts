// index: what programs import to have requests explained. Re-exports only.

export type { ExplainRequest } from './arrival.js';
export { type BucketOf, bucketFunction } from './bucket.js';
export { type CorpusItem, type CorpusOptions, corpusOf } from './corpus.js';
export { type Difference, type DifferenceOptions, differenceOf } from './difference.js';
export { Explainer, type ExplainerOptions } from './explainer.js';
export type * from './explanation.js';
export { type Outcome, outcomeOf } from './outcome.js';
export { EntryRefusedError } from './simulator.js';
export { type Walk, walkTree } from './walk.js';
export { type Workload, workloadsOf } from './workload.js';
