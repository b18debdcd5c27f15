// text: one line of bytes put together for a log or a metric's name: at configure time, and for
// the explanations of a request where somebody asked for them.
// Promise: no allocation; what does not fit is cut and the line then ends in "...". Bytes that come
// from outside go through `quoted`, so that they cannot forge a line of the log.

/** Bytes of the longest line. */
export const TEXT_SIZE_MAX: u32 = 2048;
/** Bytes of a quoted excerpt. */
export const EXCERPT_SIZE_MAX: u32 = 64;

const buffer: usize = memory.data(2048);
let used: u32 = 0;
let cut: bool = false;

export function textReset(): void {
  used = 0;
  cut = false;
}

export function textPtr(): usize {
  return buffer;
}

export function textSize(): u32 {
  return used;
}

/** Whether something did not fit since the last reset. */
export function textCut(): bool {
  return cut;
}

export function putByte(byte: u32): void {
  if (used < TEXT_SIZE_MAX) {
    store<u8>(buffer + used, <u8>byte);
    used++;
  } else if (!cut) {
    cut = true;
    memory.fill(buffer + TEXT_SIZE_MAX - 3, 0x2e, 3);
  }
}

/** A literal of ASCII characters. */
export function putAscii(literal: string): void {
  for (let i = 0; i < literal.length; i++) putByte(literal.charCodeAt(i));
}

export function putBytes(ptr: usize, size: u32): void {
  for (let i: u32 = 0; i < size; i++) putByte(load<u8>(ptr + i));
}

export function putNumber(value: u32): void {
  let divisor: u32 = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor > 0; divisor /= 10) putByte(0x30 + ((value / divisor) % 10));
}

function putHex(byte: u32): void {
  for (let shift = 4; shift >= 0; shift -= 4) {
    const digit = (byte >> shift) & 15;
    putByte(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}

/** In double quotes, at most `EXCERPT_SIZE_MAX` bytes of it; what is not printable ASCII as \xNN. */
export function putQuoted(ptr: usize, size: u32): void {
  putByte(0x22);
  const shown = min(size, EXCERPT_SIZE_MAX);
  for (let i: u32 = 0; i < shown; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte == 0x22 || byte == 0x5c) putByte(0x5c);
    if (byte >= 0x20 && byte < 0x7f) {
      putByte(byte);
    } else {
      putAscii('\\x');
      putHex(byte);
    }
  }
  if (shown < size) putAscii('...');
  putByte(0x22);
}
