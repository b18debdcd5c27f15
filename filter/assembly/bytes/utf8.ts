// utf8: one character at a time (RFC 3629). Pure.

/** Writes a code point, which is no surrogate, at `out`; returns bytes written, 4 at most. */
export function encodeUtf8(point: i32, out: usize): u32 {
  if (point < 0x80) {
    store<u8>(out, <u8>point);
    return 1;
  }
  if (point < 0x800) {
    store<u8>(out, <u8>(0xc0 | (point >> 6)));
    store<u8>(out, <u8>(0x80 | (point & 0x3f)), 1);
    return 2;
  }
  if (point < 0x10000) {
    store<u8>(out, <u8>(0xe0 | (point >> 12)));
    store<u8>(out, <u8>(0x80 | ((point >> 6) & 0x3f)), 1);
    store<u8>(out, <u8>(0x80 | (point & 0x3f)), 2);
    return 3;
  }
  store<u8>(out, <u8>(0xf0 | (point >> 18)));
  store<u8>(out, <u8>(0x80 | ((point >> 12) & 0x3f)), 1);
  store<u8>(out, <u8>(0x80 | ((point >> 6) & 0x3f)), 2);
  store<u8>(out, <u8>(0x80 | (point & 0x3f)), 3);
  return 4;
}

/** Bytes of the multi-byte character at `ptr`, or 0 where it is not valid (RFC 3629 section 4). */
export function utf8Size(ptr: usize, limit: usize): u32 {
  const lead: u32 = load<u8>(ptr);
  let size: u32;
  let least: u32 = 0x80;
  let most: u32 = 0xbf;
  if (lead - 0xc2 < 0x1e) {
    size = 2;
  } else if (lead - 0xe0 < 16) {
    size = 3;
    if (lead == 0xe0) least = 0xa0;
    if (lead == 0xed) most = 0x9f;
  } else if (lead - 0xf0 < 5) {
    size = 4;
    if (lead == 0xf0) least = 0x90;
    if (lead == 0xf4) most = 0x8f;
  } else {
    return 0;
  }
  if (ptr + size > limit) return 0;
  const second: u32 = load<u8>(ptr, 1);
  if (second < least || second > most) return 0;
  for (let i: u32 = 2; i < size; i++) {
    if ((load<u8>(ptr + i) & 0xc0) != 0x80) return 0;
  }
  return size;
}
