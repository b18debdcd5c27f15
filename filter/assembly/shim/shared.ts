// shared: data that all VMs with one vm_id share, across workers and configuration pushes.
// A key can never be deleted (proxy-wasm/spec issue 32), so keys must come from a bounded set.

import { Status } from '../abi/enums';
import { proxy_get_shared_data, proxy_set_shared_data } from '../abi/env';
import { Slice } from '../bytes/slice';
import { outByteCount, outBytes, outClear, outPtr, outSize } from './out';

/** Accepted by `setShared` whatever stands under the key. */
export const CAS_ANY: u32 = 0;

/**
 * A number that stands under no key but by a chance of one in 2^32: with it, `setShared` creates
 * what is absent, and nothing else.
 */
export const CAS_NEVER: u32 = <u32>-1;

const casCell: usize = memory.data(4, 4);

/** The value into `out`; its compare-and-swap number is then `sharedCas()`. */
export function getShared(keyPtr: usize, keySize: u32, out: Slice): Status {
  outClear();
  store<u32>(casCell, CAS_ANY);
  const status = proxy_get_shared_data(keyPtr, keySize, outPtr, outSize, casCell);
  out.ptr = outBytes();
  out.size = outByteCount();
  return status;
}

export function sharedCas(): u32 {
  return load<u32>(casCell);
}

/** CasMismatch where `cas` is neither `CAS_ANY` nor the number that stands there. */
export function setShared(
  keyPtr: usize,
  keySize: u32,
  valuePtr: usize,
  valueSize: u32,
  cas: u32,
): Status {
  return proxy_set_shared_data(keyPtr, keySize, valuePtr, valueSize, cas);
}
