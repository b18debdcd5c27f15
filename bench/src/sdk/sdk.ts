// sdk: the part of the benchmark that is about the SDK: calls, and the start of an application.

import type { Measurement } from '../record/record.js';
import { measureCalls, type Progress, stepsOfCalls } from './calls.js';
import type { SdkSettings } from './settings.js';
import { measureStartup, stepsOfStartup } from './startup.js';

/**
 * Everything that a record has of the SDK. Takes 1.2 s for each process that makes calls.
 * @throws Error a wrong answer, or a process that failed; the signal's reason
 */
export async function measureSdk(
  settings: SdkSettings,
  progress: Progress,
): Promise<Measurement[]> {
  const ofCalls = stepsOfCalls(settings);
  const total = ofCalls + stepsOfStartup(settings);
  return [
    ...(await measureCalls(settings, (done) => progress(done, total))),
    ...(await measureStartup(settings, (done) => progress(ofCalls + done, total))),
  ];
}
