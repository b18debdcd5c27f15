// outcomes: what is told of limits: counters, a gauge of what is left, and a line of the log for
// each limit now and then. No value of a key is told: it may be a secret.

import { LogLevel } from '../../abi/enums';
import { putAscii, putBytes, putNumber, textReset } from '../../bytes/text';
import { Config, Limit, limitAt, Mode } from '../../config/layout';
import { logEnabled, logText } from '../../shim/log';
import { record } from '../../shim/metrics';
import { counter, gauge, metricOf, putLabel, putWord } from '../labels';
import { Table } from './table';

/** Between two lines about one limit, in each worker: 10 s. */
const TELL_NS: u64 = 10_000_000_000;
/** Between two values of the gauge: 1 s. */
const SHOW_NS: u64 = 1_000_000_000;

/** At configure time: the counters of an accepted configuration. */
export function defineLimitMetrics(config: Config): void {
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    const dry = limit.dryRun || config.mode == <u8>Mode.DryRun;
    limit.okMetric = outcomeMetric(config, limit, 'ok', dry);
    if (dry) limit.dryMetric = outcomeMetric(config, limit, 'dry', dry);
    else limit.limitedMetric = outcomeMetric(config, limit, 'limited', dry);
    if (limit.keyCount != 0) limit.overflowMetric = outcomeMetric(config, limit, 'overflow', dry);
    metricOf('tagalong_limit_remaining', config);
    putLabel('limit', limit.namePtr, limit.nameSize);
    limit.remainingMetric = gauge();
    record(limit.remainingMetric, limit.burst);
  }
}

function outcomeMetric(config: Config, limit: Limit, outcome: string, dry: bool): u32 {
  metricOf('tagalong_limit_total', config);
  putLabel('limit', limit.namePtr, limit.nameSize);
  putWord('outcome', outcome);
  putWord('mode', dry ? 'dryRun' : 'enforce');
  return counter();
}

/** Shows the fewest tokens that were left of any bucket since it was shown last. */
export function tellRemaining(limit: Limit, nowNs: u64): void {
  const table = changetype<Table>(limit.table);
  if (nowNs - table.shown < SHOW_NS) return;
  table.shown = nowNs;
  record(limit.remainingMetric, table.least);
  table.least = limit.free;
}

/** At most one line an interval says how many requests were too many. */
export function tellRejected(config: Config, limit: Limit, nowNs: u64): void {
  const table = changetype<Table>(limit.table);
  table.least = 0;
  tellRemaining(limit, nowNs);
  table.untold++;
  if (table.told != 0 && nowNs - table.told < TELL_NS) return;
  table.told = nowNs;
  if (logEnabled(LogLevel.Info)) {
    textReset();
    putAscii('tagalong ');
    putBytes(config.idPtr, config.idSize);
    putAscii(': limit "');
    putBytes(limit.namePtr, limit.nameSize);
    putAscii(limit.dryRun || config.mode == <u8>Mode.DryRun ? '" would reject ' : '" rejects ');
    putNumber(table.untold);
    putAscii(table.untold == 1 ? ' request' : ' requests');
    putAscii(' since its last line');
    logText(LogLevel.Info);
  }
  table.untold = 0;
}
