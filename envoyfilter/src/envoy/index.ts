// envoy: finding, starting and asking Envoy. Re-exports only.

export {
  type Address,
  AdminClient,
  AdminError,
  type ConfigDump,
  type ListenerAddress,
  type MemoryUse,
} from './admin.js';
export { type Attempt, EnvoyFailed, EnvoyNotFound, type Exit } from './errors.js';
export { type FindOptions, type FoundEnvoy, findEnvoy } from './find.js';
export { EnvoyProcess, type StartOptions, startEnvoy, type WaitForLogOptions } from './process.js';
export { type Progress, reportProgress } from './progress.js';
export { parsePrometheus, type Sample } from './prometheus.js';
export { DEFAULT_VERSION, SUPPORTED_VERSIONS } from './version.js';
