// gate: what limits do to a request: it is answered here, or goes on with what they have to say.

import { unitsFloor } from '../../bytes/gcra';
import { Config, Limit, Mode } from '../../config/layout';
import { increment } from '../../shim/metrics';
import { responseBegin } from '../response';
import { answerAdmitted, answerRejected } from './answer';
import { handOver } from './hand-over';
import { judgedAt, judgeRequest, tightest } from './limiting';

/** Makes a jitter of a time: neighbours in time are far apart. */
const SPREAD: u64 = 0x9e3779b97f4a7c15;

/** After the tags are decided. True: the request was answered, and goes no further. */
export function limitRequest(config: Config, readable: bool): bool {
  const rejects = judgeRequest(config, readable);
  if (rejects != 0) {
    const limit = changetype<Limit>(rejects);
    const now = unitsFloor(judgedAt(), limit.shift);
    if (answerRejected(limit, now, (judgedAt() * SPREAD) >> 32)) return true;
    increment(config.replyErrors, 1);
  }
  handOver(config, readable);
  return false;
}

/** Of an admitted request: leaves for its response what is left of the tightest limit. */
export function tellAdmitted(config: Config, contextId: u32): void {
  if (!config.responds || config.mode != <u8>Mode.Enforce) return;
  const at = tightest(config);
  if (at == 0) return;
  const limit = changetype<Limit>(at);
  if (!responseBegin(contextId)) increment(config.responseErrors, 1);
  if (answerAdmitted(limit, unitsFloor(judgedAt(), limit.shift), contextId)) return;
  increment(config.responseErrors, 1);
}
