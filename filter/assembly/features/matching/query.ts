// query: a name or value of the query without its percent-encoding.

import { decodeQuery, isEncoded } from '../../bytes/fields';
import { Slice } from '../../bytes/slice';
import { arenaTake } from '../../shim/arena';

/**
 * Decodes what `out` holds, into the arena; the bytes themselves where nothing is encoded. A full
 * arena leaves them as they were sent: the target alone would have to fill it.
 */
export function decodeField(out: Slice): void {
  if (!isEncoded(out.ptr, out.size)) return;
  const room = arenaTake(out.size);
  if (room == 0) return;
  out.size = decodeQuery(out.ptr, out.size, room);
  out.ptr = room;
}
