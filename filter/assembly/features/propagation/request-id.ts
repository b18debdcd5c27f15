// request-id: an x-request-id where Envoy makes none: a random UUID (RFC 9562 section 5.4).

import { putHexDigits } from '../../bytes/hex';
import { Config, Mode, Propagate } from '../../config/layout';
import { increment } from '../../shim/metrics';
import { randomBytes } from '../../shim/random';
import { putValue } from '../request';
import { putHeader } from './trace-headers';

const RANDOM_SIZE: u32 = 16;
/** Bytes of a UUID as text. */
export const REQUEST_ID_SIZE: u32 = 36;
const DASH: u32 = 0x2d;

const random: usize = memory.data(16, 8);
const digits: usize = memory.data(32, 8);
const text: usize = memory.data(36, 8);

/** The text of a new one, until the next is made; 0 where the host gives no random bytes. */
export function makeRequestId(): usize {
  if (!randomBytes(random, RANDOM_SIZE)) return 0;
  store<u8>(random, <u8>((load<u8>(random, 6) & 0x0f) | 0x40), 6);
  store<u8>(random, <u8>((load<u8>(random, 8) & 0x3f) | 0x80), 8);
  putHexDigits(random, RANDOM_SIZE, digits);
  let from = digits;
  for (let i: u32 = 0; i < REQUEST_ID_SIZE; i++) {
    const dash = i == 8 || i == 13 || i == 18 || i == 23;
    store<u8>(text + i, dash ? <u8>DASH : load<u8>(from++));
  }
  return text;
}

/** Gives the request an id where the policy wants that. */
export function giveRequestId(config: Config, propagate: Propagate): void {
  if (!propagate.makeRequestId) return;
  const id = makeRequestId();
  if (id == 0) {
    increment(config.randomErrors, 1);
    return;
  }
  // A dry run only counts: the application never sees the id.
  if (config.mode == <u8>Mode.Enforce) putValue(config, propagate.requestId, id, REQUEST_ID_SIZE);
  if (putHeader(config, propagate.requestId, id, REQUEST_ID_SIZE)) {
    increment(propagate.madeMetric, 1);
  }
}
