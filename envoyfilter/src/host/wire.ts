// wire: the serialized pair list by which header maps cross the boundary.
//
//   offset 0      u32  count
//          4      u32  size of name 0, u32 size of value 0, … one pair of sizes each
//          4+8n   name 0, 0x00, value 0, 0x00, name 1, 0x00, …      nothing may follow
//
// All numbers little-endian. Lists from a guest are limited to 1024 pairs and 1 MiB; whatever is
// malformed or larger reads as the empty list, as in proxy-wasm-cpp-host. Lists to a guest are not.

/** A name and a value, both Latin-1 text. */
export type Pair = readonly [name: string, value: string];

export const PAIRS_COUNT_MAX = 1024;
export const PAIRS_SIZE_MAX = 1024 * 1024;

/** Bytes that `writePairs` will write. */
export function pairsSize(names: readonly string[], values: readonly string[]): number {
  let size = 4;
  for (let i = 0; i < names.length; i += 1) size += 10 + names[i]!.length + values[i]!.length;
  return size;
}

/** What `writePairs` writes into: guest memory, or an array in tests. */
export interface PairSink {
  setU32(ptr: number, value: number): unknown;
  writeText(ptr: number, text: string): void;
}

/** Writes the list at `ptr`, where `pairsSize` bytes are known to fit. */
export function writePairs(
  sink: PairSink,
  ptr: number,
  names: readonly string[],
  values: readonly string[],
): void {
  const count = names.length;
  sink.setU32(ptr, count);
  let sizes = ptr + 4;
  let data = sizes + 8 * count;
  for (let i = 0; i < count; i += 1) {
    const name = names[i]!;
    const value = values[i]!;
    sink.setU32(sizes, name.length);
    sink.setU32(sizes + 4, value.length);
    sizes += 8;
    sink.writeText(data, name);
    data += name.length;
    sink.writeText(data, '\0');
    sink.writeText(data + 1, value);
    data += 1 + value.length;
    sink.writeText(data, '\0');
    data += 1;
  }
}

/** The list as bytes of its own. */
export function encodePairs(pairs: readonly Pair[]): Uint8Array {
  const names = pairs.map((pair) => pair[0]);
  const values = pairs.map((pair) => pair[1]);
  const bytes = Buffer.alloc(pairsSize(names, values));
  const sink: PairSink = {
    setU32: (at, value) => bytes.writeUInt32LE(value, at),
    writeText: (at, text) => void bytes.write(text, at, 'latin1'),
  };
  writePairs(sink, 0, names, values);
  return bytes;
}

/** The pairs in `bytes`; the empty list where they are malformed or beyond the limits. */
export function decodePairs(bytes: Uint8Array): Pair[] {
  const size = bytes.length;
  if (size > PAIRS_SIZE_MAX || size < 4) return [];
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, size);
  const count = data.readUInt32LE(0);
  if (count > PAIRS_COUNT_MAX || 4 + 8 * count > size) return [];
  const pairs: Pair[] = [];
  let at = 4 + 8 * count;
  for (let i = 0; i < count; i += 1) {
    const nameEnd = at + data.readUInt32LE(4 + 8 * i);
    const valueEnd = nameEnd + 1 + data.readUInt32LE(8 + 8 * i);
    if (valueEnd + 1 > size || data[nameEnd] !== 0 || data[valueEnd] !== 0) return [];
    pairs.push([
      data.toString('latin1', at, nameEnd),
      data.toString('latin1', nameEnd + 1, valueEnd),
    ]);
    at = valueEnd + 1;
  }
  return at === size ? pairs : [];
}
