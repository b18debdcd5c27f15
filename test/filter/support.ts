// support: from the strings of a spec to bytes in memory, and back.
// What is laid is never freed: a spec's module lives for a second.

import { Slice } from '../../filter/assembly/bytes/slice';

/** Memory for a slice, which the collector does not know of. */
function newSlice(ptr: usize, size: u32): Slice {
  const slice = changetype<Slice>(heap.alloc(8));
  slice.ptr = ptr;
  slice.size = size;
  return slice;
}

/** The bytes of a string, UTF-8. */
export function lay(text: string): Slice {
  const size = String.UTF8.byteLength(text);
  const ptr = heap.alloc(size + 1);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, ptr);
  return newSlice(ptr, size);
}

/** Bytes written in hexadecimal, blanks between them left out: `c3 28`. */
export function layHex(text: string): Slice {
  const ptr = heap.alloc(text.length + 1);
  let size: u32 = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) == 0x20) continue;
    store<u8>(ptr + size, <u8>U8.parseInt(text.substr(i, 2), 16));
    size++;
    i++;
  }
  return newSlice(ptr, size);
}

/** `size` bytes, all of them `byte`. */
export function layMany(byte: u8, size: u32): Slice {
  const ptr = heap.alloc(size + 1);
  memory.fill(ptr, byte, size);
  return newSlice(ptr, size);
}

/** The bytes as a string, read as UTF-8. */
export function read(ptr: usize, size: u32): string {
  return String.UTF8.decodeUnsafe(ptr, size);
}

/** The bytes in hexadecimal, without blanks. */
export function readHex(ptr: usize, size: u32): string {
  let text = '';
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    text += (byte >> 4).toString(16) + (byte & 15).toString(16);
  }
  return text;
}
