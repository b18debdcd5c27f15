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
  mirrorHas,
  mirrorInit,
  mirrorKeep,
  mirrorPtr,
  mirrorSize,
} from '../../../../filter/assembly/features/propagation/mirror';
import { lay } from '../../support';

const entry: usize = heap.alloc(ENTRY_SIZE_MAX);
const slot: usize = heap.alloc(JOINED_SIZE_MAX);
const filler: usize = heap.alloc(ENTRY_SIZE_MAX);
const context: TraceContext = changetype<TraceContext>(heap.alloc(48));
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
      assert(!mirrorHas(POLICY | i));
    }
  });

  it('knows what was kept of a slot, byte for byte, and stays when it is made again', () => {
    mirrorKeep(POLICY | 5, value(100), 100);
    mirrorInit();
    expect(mirrorHas(POLICY | 5)).toBe(true);
    expect(mirrorSize(POLICY | 5)).toBe(100);
    expect(memory.compare(mirrorPtr(POLICY | 5), value(100), 100)).toBe(0);
    expect(mirrorHas(POLICY | 4)).toBe(false);
    expect(mirrorHas(POLICY | 6)).toBe(false);
  });

  it('forgets a slot for another of the same place, of its store or of another', () => {
    mirrorKeep(POLICY | 7, value(100), 100);
    mirrorKeep(POLICY | (7 + MIRROR_SLOTS), value(70), 70);
    expect(mirrorHas(POLICY | 7)).toBe(false);
    expect(mirrorHas(POLICY | (7 + MIRROR_SLOTS))).toBe(true);
    mirrorKeep(0x1234560000000007, value(100), 100);
    expect(mirrorHas(POLICY | (7 + MIRROR_SLOTS))).toBe(false);
    expect(mirrorHas(POLICY | 7)).toBe(false);
    expect(mirrorHas(0x1234560000000007)).toBe(true);
  });

  it('keeps a value to its last byte, and one that is longer not at all', () => {
    const room = MIRROR_SIZE - 16;
    mirrorKeep(POLICY | 9, value(80), 80);
    mirrorKeep(POLICY | 8, value(room), room);
    expect(mirrorHas(POLICY | 8)).toBe(true);
    expect(mirrorSize(POLICY | 8)).toBe(room);
    mirrorKeep(POLICY | 8, value(room + 1), room + 1);
    expect(mirrorHas(POLICY | 8)).toBe(false);
    // The neighbour is as it was.
    expect(mirrorHas(POLICY | 9)).toBe(true);
    expect(memory.compare(mirrorPtr(POLICY | 9), value(80), 80)).toBe(0);
  });
});
