// labels: names of metrics with their labels, as Envoy's stats_tags take them apart:
//   NAME.LABEL=.=VALUE;.;LABEL=.=VALUE;.;
// Put together at configure time in bytes/text.ts; every metric carries policy and direction.

import { MetricType } from '../abi/enums';
import { putAscii, putBytes, textCut, textPtr, textReset, textSize } from '../bytes/text';
import { Config, Direction } from '../config/layout';
import { defineMetric } from '../shim/metrics';

/** Starts a name; the labels policy and direction follow at once. */
export function metricBegin(name: string, idPtr: usize, idSize: u32, direction: string): void {
  textReset();
  putAscii(name);
  putAscii('.');
  putLabel('policy', idPtr, idSize);
  putWord('direction', direction);
}

/** As `metricBegin`, for the policy of a configuration. */
export function metricOf(name: string, config: Config): void {
  const direction =
    config.direction == <u8>Direction.Gateway
      ? 'gateway'
      : config.direction == <u8>Direction.Inbound
        ? 'inbound'
        : 'outbound';
  metricBegin(name, config.idPtr, config.idSize, direction);
}

export function putLabel(label: string, ptr: usize, size: u32): void {
  putAscii(label);
  putAscii('=.=');
  putBytes(ptr, size);
  putAscii(';.;');
}

export function putWord(label: string, value: string): void {
  putAscii(label);
  putAscii('=.=');
  putAscii(value);
  putAscii(';.;');
}

let missing: u32 = 0;

/** From here on `uncounted` counts. */
export function countersBegin(): void {
  missing = 0;
}

/** Counters since `countersBegin` that could not be defined. */
export function uncounted(): u32 {
  return missing;
}

/** Defines what was put together; 0 = not counted. */
export function counter(): u32 {
  const id = textCut() ? 0 : defineMetric(MetricType.Counter, textPtr(), textSize());
  if (id == 0) missing++;
  return id;
}

/** Defines what was put together; 0 = not shown. */
export function gauge(): u32 {
  return textCut() ? 0 : defineMetric(MetricType.Gauge, textPtr(), textSize());
}
