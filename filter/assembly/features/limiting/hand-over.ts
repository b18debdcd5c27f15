// hand-over: what limits of scope global leave for Envoy's own rate limit filter: a header for each,
// with the bucket's key, which that filter sends to the rate limit service.
// Promise: what a client sends under these names is gone, whatever becomes of the request: it would
// choose its bucket. The value is a hash, so that no secret is sent on.

import { MapType, Status } from '../../abi/enums';
import { putHexDigits } from '../../bytes/hex';
import { literal } from '../../bytes/literal';
import { SIPHASH_128_SIZE } from '../../bytes/siphash';
import { Config, Limit, limitAt, Mode, Verdict } from '../../config/layout';
import { removeHeader, replaceHeader } from '../../shim/headers';
import { increment } from '../../shim/metrics';
import { firstValue, nameOf } from '../request';
import { hashKeyForAll } from './key';

const ALL = 'all';
const all: usize = literal(ALL);
const text: usize = memory.data(32);

/** Of a request that is admitted here. `readable`: its headers could be read. */
export function handOver(config: Config, readable: bool): void {
  if (config.mode != <u8>Mode.Enforce) return;
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    if (limit.handOver == 0) continue;
    const name = nameOf(config, limit.handOver - 1);
    const map = MapType.RequestHeaders;
    let status = Status.Ok;
    if (limit.verdict != <u8>Verdict.Unmatched) {
      const size = putKey(config, limit, readable);
      const ptr = limit.keyCount == 0 ? all : text;
      status = replaceHeader(map, name.ptr, name.size, ptr, size);
    } else if (!readable || firstValue(config, limit.handOver - 1) != 0) {
      status = removeHeader(map, name.ptr, name.size);
    }
    if (status != Status.Ok) increment(config.writeErrors, 1);
  }
}

/** The key as hexadecimal digits into `text`; of one bucket for all nothing. */
function putKey(config: Config, limit: Limit, readable: bool): u32 {
  if (limit.keyCount == 0) return ALL.length;
  const hash = hashKeyForAll(config, limit, readable);
  putHexDigits(hash, SIPHASH_128_SIZE, text);
  return SIPHASH_128_SIZE << 1;
}
