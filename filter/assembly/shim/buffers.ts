// buffers: the bytes that the host hands to a callback by type: configurations, bodies.

import { BufferType, Status } from '../abi/enums';
import { proxy_get_buffer_bytes } from '../abi/env';
import { Slice } from '../bytes/slice';
import { outByteCount, outBytes, outClear, outPtr, outSize } from './out';

/** The first `size` bytes of a buffer, copied into the arena by the host. */
export function getBuffer(type: BufferType, size: u32, out: Slice): Status {
  outClear();
  const status = proxy_get_buffer_bytes(type, 0, size, outPtr, outSize);
  out.ptr = outBytes();
  out.size = outByteCount();
  return status;
}
