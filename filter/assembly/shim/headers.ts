// headers: get, add, replace and remove one header of a map.
// Names are lower-case, as Envoy keeps them. A status other than Ok and NotFound is a refusal; the
// caller counts it and lets the request through.

import { MapType, Status } from '../abi/enums';
import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
} from '../abi/env';
import { Slice } from '../bytes/slice';
import { outByteCount, outBytes, outClear, outPtr, outSize } from './out';

/** The first value of a name into `out`; the others of a repeated header are not visible here. */
export function getHeader(map: MapType, namePtr: usize, nameSize: u32, out: Slice): Status {
  outClear();
  const status = proxy_get_header_map_value(map, namePtr, nameSize, outPtr, outSize);
  out.ptr = outBytes();
  out.size = outByteCount();
  return status;
}

/** The whole map as a serialized list of pairs (abi/wire.ts). */
export function getHeaderPairs(map: MapType, out: Slice): Status {
  outClear();
  const status = proxy_get_header_map_pairs(map, outPtr, outSize);
  out.ptr = outBytes();
  out.size = outByteCount();
  return status;
}

/** Beside the values that are there. In a request it makes Envoy choose the route anew. */
export function addHeader(
  map: MapType,
  namePtr: usize,
  nameSize: u32,
  valuePtr: usize,
  valueSize: u32,
): Status {
  return proxy_add_header_map_value(map, namePtr, nameSize, valuePtr, valueSize);
}

/** Instead of all values that are there, if any. In a request it makes Envoy choose the route anew. */
export function replaceHeader(
  map: MapType,
  namePtr: usize,
  nameSize: u32,
  valuePtr: usize,
  valueSize: u32,
): Status {
  return proxy_replace_header_map_value(map, namePtr, nameSize, valuePtr, valueSize);
}

/** All values of the name. In a request it makes Envoy choose the route anew. */
export function removeHeader(map: MapType, namePtr: usize, nameSize: u32): Status {
  return proxy_remove_header_map_value(map, namePtr, nameSize);
}
