// outcomes: the counters of propagation, and what it needs before the first request.

import { Config, Direction, Mode, Propagate } from '../../config/layout';
import { counter, metricOf, putWord } from '../labels';
import { mirrorInit } from './mirror';
import { writersInit } from './writers';

/** At configure time, for an accepted configuration. */
export function propagationInit(config: Config): void {
  if (config.propagate == 0 || config.mode == <u8>Mode.Disabled) return;
  const propagate = changetype<Propagate>(config.propagate);
  if (config.direction == <u8>Direction.Inbound) mirrorInit();
  writersInit();
  propagate.storedMetric = outcomeMetric(config, 'stored');
  propagate.restoredMetric = outcomeMetric(config, 'restored');
  propagate.missedMetric = outcomeMetric(config, 'missed');
  propagate.evictedMetric = outcomeMetric(config, 'evicted');
  propagate.conflictMetric = outcomeMetric(config, 'conflict');
  propagate.malformedMetric = outcomeMetric(config, 'malformed');
  propagate.madeMetric = outcomeMetric(config, 'made');
}

function outcomeMetric(config: Config, outcome: string): u32 {
  metricOf('tagalong_propagate_total', config);
  putWord('outcome', outcome);
  putWord('mode', config.mode == <u8>Mode.DryRun ? 'dryRun' : 'enforce');
  return counter();
}
