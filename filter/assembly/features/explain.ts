// explain: why a request got what it got, one line of the log for each step.
// Off, it costs a comparison for each step: it is on where the host's log level is trace when the
// VM starts. What comes from outside is quoted (bytes/text.ts).

import { LogLevel } from '../abi/enums';
import { putAscii, putByte, putBytes, putNumber, putQuoted, textReset } from '../bytes/text';
import { Config, Limit, Rule, Tag } from '../config/layout';
import { logEnabled, logText } from '../shim/log';
import { nameOf } from './request';

/** Test it before putting an explanation together. */
export function explaining(): bool {
  return logEnabled(LogLevel.Trace);
}

function begin(config: Config): void {
  textReset();
  putAscii('tagalong explain ');
  putBytes(config.idPtr, config.idSize);
  putAscii(': ');
}

function beginTag(config: Config, tag: Tag): void {
  begin(config);
  const name = nameOf(config, tag.index);
  putAscii('tag ');
  putQuoted(name.ptr, name.size);
}

/** `…: tag "x-traffic-tag" came as "canary": stripped` */
export function explainIncoming(config: Config, tag: Tag, verdict: string): void {
  beginTag(config, tag);
  if (tag.came != 0 || tag.members != 0) {
    putAscii(' came as ');
    if (tag.came != 0) putQuoted(tag.camePtr, tag.cameSize);
    else putQuoted(tag.memberPtr, tag.memberSize);
  }
  putAscii(': ');
  putAscii(verdict);
  logText(LogLevel.Trace);
}

/** `…: tag "x-traffic-tag" rule "testers": matched` */
export function explainRule(config: Config, tag: Tag, rule: Rule, verdict: string): void {
  beginTag(config, tag);
  putAscii(' rule ');
  putQuoted(rule.namePtr, rule.nameSize);
  putAscii(': ');
  putAscii(verdict);
  logText(LogLevel.Trace);
}

/** `…: tag "x-traffic-tag" rule "ten-percent": bucket 4711, in below 1000` */
export function explainBucket(
  config: Config,
  tag: Tag,
  rule: Rule,
  bucket: u32,
  threshold: u32,
): void {
  beginTag(config, tag);
  putAscii(' rule ');
  putQuoted(rule.namePtr, rule.nameSize);
  putAscii(': bucket ');
  putNumber(bucket);
  putAscii(', in below ');
  putNumber(threshold);
  logText(LogLevel.Trace);
}

/** `…: tag "x-traffic-tag" is "canary"` */
export function explainTag(config: Config, tag: Tag): void {
  beginTag(config, tag);
  if (tag.valueSize == 0) {
    putAscii(' is not set');
  } else {
    putAscii(' is ');
    putQuoted(tag.valuePtr, tag.valueSize);
  }
  logText(LogLevel.Trace);
}

/** `…: propagate restored by traceparent` */
export function explainPropagate(config: Config, verdict: string, by: string): void {
  begin(config);
  putAscii('propagate ');
  putAscii(verdict);
  if (by.length != 0) putByte(0x20);
  putAscii(by);
  logText(LogLevel.Trace);
}

/** `…: limit "login": rejected` */
export function explainLimit(config: Config, limit: Limit, verdict: string): void {
  begin(config);
  putAscii('limit ');
  putQuoted(limit.namePtr, limit.nameSize);
  putAscii(': ');
  putAscii(verdict);
  if (limit.free != 0) {
    putAscii(', tokens left: ');
    putNumber(limit.free);
  }
  logText(LogLevel.Trace);
}
