// last-good: the newest accepted configuration, kept in shared data for a VM that starts with one it
// must refuse: a static listener or a WasmPlugin has no default to fall back on.
// One key for each plugin, so that the number of keys is that of the plugins.

import { Status } from '../abi/enums';
import { Slice } from '../bytes/slice';
import { putAscii, putBytes, textPtr, textReset, textSize } from '../bytes/text';
import { CAS_ANY, getShared, setShared } from '../shim/shared';

/** The number is the format's version. */
const PREFIX = 'tagalong/1/good/';

function putKey(idPtr: usize, idSize: u32, direction: string): void {
  textReset();
  putAscii(PREFIX);
  putBytes(idPtr, idSize);
  putAscii('/');
  putAscii(direction);
}

/** Keeps the bytes of a configuration. A refusal of the host costs the fallback, nothing else. */
export function keepGood(
  idPtr: usize,
  idSize: u32,
  direction: string,
  ptr: usize,
  size: u32,
): void {
  putKey(idPtr, idSize, direction);
  setShared(textPtr(), textSize(), ptr, size, CAS_ANY);
}

/** The bytes that were kept, into the arena. False: there are none. */
export function findGood(idPtr: usize, idSize: u32, direction: string, out: Slice): bool {
  putKey(idPtr, idSize, direction);
  return getShared(textPtr(), textSize(), out) == Status.Ok && out.size > 0;
}
