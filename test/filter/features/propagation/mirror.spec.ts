import { Slice } from '../../../../filter/assembly/bytes/slice';
import { TraceContext } from '../../../../filter/assembly/bytes/trace-context';
import {
  ENTRY_SIZE_MAX,
  entryAdd,
  entryBegin,
  entryFinish,
  JOINED_SIZE_MAX,
  joinedBytes,
  joinSlot,
} from '../../../../filter/assembly/features/propagation/entry';
import {
  MIRROR_SIZE,
  MIRROR_SLOTS,
  mirrorInit,
  mirrorKeep,
  mirrorRead,
} from '../../../../filter/assembly/features/propagation/mirror';
import { lay } from '../../support';

const entry: usize = heap.alloc(ENTRY_SIZE_MAX);
const slot: usize = heap.alloc(JOINED_SIZE_MAX);
const filler: usize = heap.alloc(ENTRY_SIZE_MAX);
const context: TraceContext = changetype<TraceContext>(heap.alloc(48));
const out: Slice = changetype<Slice>(heap.alloc(8));
const POLICY: u64 = 0xabcdef0000000000;
/** What an entry of no fields and a key of one byte takes. */
const BARE: u32 = 65;

/** The value of a slot with one entry of `size` bytes. */
function value(size: u32): usize {
  context.clear();
  entryBegin(entry, context);
  memory.fill(filler, 0x76, ENTRY_SIZE_MAX);
  if (size > BARE) entryAdd(filler, 0, filler, size - BARE - 3);
  const key = lay('k');
  entryFinish(key.ptr, 1, 200);
  joinSlot(slot, 0, 100, slot);
  assert(joinedBytes() == size);
  return slot;
}

describe('mirror', () => {
  it('knows nothing at first', () => {
    mirrorInit();
    for (let i: u64 = 0; i < 2 * <u64>MIRROR_SLOTS; i++) {
      assert(!mirrorRead(POLICY | i, out));
    }
  });

  it('knows what was kept of a slot, byte for byte, and stays when it is made again', () => {
    mirrorKeep(POLICY | 5, value(100), 100);
    mirrorInit();
    expect(mirrorRead(POLICY | 5, out)).toBe(true);
    expect(out.size).toBe(100);
    expect(memory.compare(out.ptr, value(100), 100)).toBe(0);
    expect(mirrorRead(POLICY | 4, out)).toBe(false);
    expect(mirrorRead(POLICY | 6, out)).toBe(false);
  });

  it('forgets a slot for another of the same place, of its store or of another', () => {
    mirrorKeep(POLICY | 7, value(100), 100);
    mirrorKeep(POLICY | (7 + MIRROR_SLOTS), value(70), 70);
    expect(mirrorRead(POLICY | 7, out)).toBe(false);
    expect(mirrorRead(POLICY | (7 + MIRROR_SLOTS), out)).toBe(true);
    mirrorKeep(0x1234560000000007, value(100), 100);
    expect(mirrorRead(POLICY | (7 + MIRROR_SLOTS), out)).toBe(false);
    expect(mirrorRead(POLICY | 7, out)).toBe(false);
    expect(mirrorRead(0x1234560000000007, out)).toBe(true);
  });

  it('keeps a value to its last byte, and one that is longer not at all', () => {
    const room = MIRROR_SIZE - 16;
    mirrorKeep(POLICY | 9, value(80), 80);
    mirrorKeep(POLICY | 8, value(room), room);
    expect(mirrorRead(POLICY | 8, out)).toBe(true);
    expect(out.size).toBe(room);
    mirrorKeep(POLICY | 8, value(room + 1), room + 1);
    expect(mirrorRead(POLICY | 8, out)).toBe(false);
    // The neighbour is as it was.
    expect(mirrorRead(POLICY | 9, out)).toBe(true);
    expect(memory.compare(out.ptr, value(80), 80)).toBe(0);
  });
});
