// source: the value that a policy takes from a request: of a header, a cookie, a field of the query,
// or the client's address. An empty value is none: those who send it are not one client.

import { ADDRESS_SIZE, formatAddress, maskAddress } from '../../bytes/address';
import { FieldCursor } from '../../bytes/fields';
import { equal, Slice } from '../../bytes/slice';
import { Config, Source, Subject } from '../../config/layout';
import { arenaMark, arenaRelease } from '../../shim/arena';
import { clientAddress, firstValue, Value } from '../request';
import { decodeField } from './query';

const fields: FieldCursor = changetype<FieldCursor>(memory.data(28, 8));
const address: usize = memory.data(16, 8);
const addressText: usize = memory.data(40);

/** The first value that is not empty into `out`; false where there is none. */
export function readSource(config: Config, source: Source, out: Slice): bool {
  if (source.subject == Subject.Address) return readAddress(config, out);
  let at = firstValue(config, source.index);
  for (; at != 0; at = changetype<Value>(at).next) {
    out.ptr = changetype<Value>(at).ptr;
    out.size = changetype<Value>(at).size;
    if (source.subject == Subject.Header) {
      if (out.size != 0) return true;
    } else if (readField(source.subject, source.namePtr, source.nameSize, out)) {
      return true;
    }
  }
  return false;
}

/** The first cookie of a name that is not empty. */
export function readCookie(
  config: Config,
  index: u32,
  namePtr: usize,
  nameSize: u32,
  out: Slice,
): bool {
  let at = firstValue(config, index);
  for (; at != 0; at = changetype<Value>(at).next) {
    out.ptr = changetype<Value>(at).ptr;
    out.size = changetype<Value>(at).size;
    if (readField(Subject.Cookie, namePtr, nameSize, out)) return true;
  }
  return false;
}

/** The field of the list in `out`, into `out`. */
function readField(subject: u32, namePtr: usize, nameSize: u32, out: Slice): bool {
  const isQuery = subject == Subject.Query;
  if (isQuery) fields.openQuery(out.ptr, out.size);
  else fields.openCookies(out.ptr, out.size);
  const mark = arenaMark();
  while (fields.next()) {
    // What one field took is given back before the next, or a long query would use the arena up.
    arenaRelease(mark);
    if (fields.valueSize == 0) continue;
    out.ptr = fields.namePtr;
    out.size = fields.nameSize;
    if (isQuery) decodeField(out);
    if (!equal(out.ptr, out.size, namePtr, nameSize)) continue;
    out.ptr = fields.valuePtr;
    out.size = fields.valueSize;
    if (isQuery) decodeField(out);
    return true;
  }
  arenaRelease(mark);
  return false;
}

/** As text (RFC 5952), cut to the bits that tell clients apart. */
function readAddress(config: Config, out: Slice): bool {
  const client = clientAddress(config);
  if (client == 0) return false;
  memory.copy(address, client, ADDRESS_SIZE);
  maskAddress(address, config.clientBits4, config.clientBits6);
  out.ptr = addressText;
  out.size = formatAddress(address, addressText);
  return true;
}
