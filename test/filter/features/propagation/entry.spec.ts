import { Slice } from '../../../../filter/assembly/bytes/slice';
import { TraceContext } from '../../../../filter/assembly/bytes/trace-context';
import { SLOT_ENTRIES } from '../../../../filter/assembly/config/layout';
import {
  ENTRY_SIZE_MAX,
  entryAdd,
  entryBegin,
  entryConflicts,
  entryContext,
  entryDigest,
  entryField,
  entryFinish,
  findEntry,
  JOINED_SIZE_MAX,
  Joined,
  joinedBytes,
  joinSlot,
  KEY_SIZE_MAX,
} from '../../../../filter/assembly/features/propagation/entry';
import { lay, read } from '../../support';

const work: usize = heap.alloc(ENTRY_SIZE_MAX);
/** A slot, and the one that comes of it; bytes behind them that nothing may write. */
let slot: usize = heap.alloc(JOINED_SIZE_MAX + 8);
let next: usize = heap.alloc(JOINED_SIZE_MAX + 8);
let slotSize: u32 = 0;
const context: TraceContext = changetype<TraceContext>(heap.alloc(48));
const out: Slice = changetype<Slice>(heap.alloc(8));

function begin(spanId: u64 = 7): void {
  context.clear();
  context.spanId = spanId;
  context.traceLow = 1;
  memory.fill(work, 0x5a, ENTRY_SIZE_MAX);
  entryBegin(work, context);
}

function add(name: string, value: string): bool {
  const left = lay(name);
  const right = lay(value);
  return entryAdd(left.ptr, left.size, right.ptr, right.size);
}

/** Joins the entry that was begun to the slot, under a key, until `expiry`. */
function join(key: string, expiry: u64, now: u64): Joined {
  const slice = lay(key);
  entryDigest();
  entryFinish(slice.ptr, slice.size, expiry);
  store<u64>(next + JOINED_SIZE_MAX, 0x5a5a5a5a5a5a5a5a);
  const joined = joinSlot(slot, slotSize, now, next);
  expect(load<u64>(next + JOINED_SIZE_MAX)).toBe(0x5a5a5a5a5a5a5a5a);
  const before = slot;
  slot = next;
  next = before;
  slotSize = joinedBytes();
  return joined;
}

/** An entry with one field, joined at the time 100, which expires at 200. */
function put(key: string, value: string, expiry: u64 = 200, now: u64 = 100): Joined {
  begin();
  add('n', value);
  return join(key, expiry, now);
}

/** The field of the entry of a key, or "-". */
function get(key: string, now: u64 = 100): string {
  const slice = lay(key);
  const at = findEntry(slot, slotSize, slice.ptr, slice.size, now);
  if (at == 0) return '-';
  const name = lay('n');
  return entryField(at, name.ptr, name.size, out) ? read(out.ptr, out.size) : '';
}

function conflicts(key: string): bool {
  const slice = lay(key);
  return entryConflicts(findEntry(slot, slotSize, slice.ptr, slice.size, 100));
}

function empty(): void {
  slotSize = 0;
}

describe('entry', () => {
  beforeEach(() => {
    empty();
  });

  it('is found by its own key, with its context and its fields', () => {
    begin(0x1234);
    expect(add('first', 'a')).toBe(true);
    expect(add('second', '')).toBe(true);
    expect(add('firs', 'b')).toBe(true);
    expect(join('key', 200, 100)).toBe(Joined.Ok);
    const key = lay('key');
    const at = findEntry(slot, slotSize, key.ptr, key.size, 100);
    expect(at).toBe(slot);
    expect(entryContext(at).spanId).toBe(0x1234);
    expect(entryContext(at).traceLow).toBe(1);
    expect(entryConflicts(at)).toBe(false);
    const names = ['first', 'second', 'firs', 'fir', 'firstx', ''];
    const values = ['a', '', 'b', '-', '-', '-'];
    for (let i = 0; i < names.length; i++) {
      const name = lay(names[i]);
      const found = entryField(at, name.ptr, name.size, out);
      expect(found ? read(out.ptr, out.size) : '-').toBe(values[i], names[i]);
    }
    expect(get('ke')).toBe('-');
    expect(get('keys')).toBe('-');
    expect(get('kez')).toBe('-');
    expect(get('')).toBe('-');
  });

  it('lives until it expires', () => {
    put('k', 'a', 200);
    expect(get('k', 199)).toBe('a');
    expect(get('k', 200)).toBe('-');
    expect(get('k', u64.MAX_VALUE)).toBe('-');
  });

  it('has room for fields up to its end, the longest key left out', () => {
    begin();
    const room: i32 = ENTRY_SIZE_MAX - KEY_SIZE_MAX - 64 - 3 - 1;
    expect(add('n', 'v'.repeat(room + 1))).toBe(false);
    expect(add('n', 'v'.repeat(room))).toBe(true);
    expect(add('', '')).toBe(false);
    const key = 'k'.repeat(KEY_SIZE_MAX);
    expect(join(key, 200, 100)).toBe(Joined.Ok);
    expect(slotSize).toBe(ENTRY_SIZE_MAX);
    expect(get(key).length).toBe(room);
  });

  it('refuses fields whose sizes would wrap around, and longer names', () => {
    begin();
    expect(entryAdd(1, 1, 1, u32.MAX_VALUE)).toBe(false);
    expect(entryAdd(1, 1, 1, 0x80000000)).toBe(false);
    expect(add('n'.repeat(256), '')).toBe(false);
    expect(add('n'.repeat(255), '')).toBe(true);
  });

  it('takes the place of the one of its key', () => {
    put('k', 'a');
    expect(put('k', 'a', 300)).toBe(Joined.Ok);
    expect(get('k', 299)).toBe('a');
    const size = slotSize;
    expect(put('k', 'a', 400)).toBe(Joined.Ok);
    expect(slotSize).toBe(size);
  });

  it('says where it disagrees with the one of its key, and those after it too', () => {
    put('k', 'a');
    expect(put('k', 'b')).toBe(Joined.Conflict);
    expect(conflicts('k')).toBe(true);
    expect(get('k')).toBe('b');
    expect(put('k', 'b')).toBe(Joined.Conflict);
    expect(conflicts('k')).toBe(true);
    begin(8);
    add('n', 'x');
    join('l', 200, 100);
    begin(9);
    add('n', 'x');
    expect(join('l', 200, 100)).toBe(Joined.Conflict);
  });

  it('does not disagree with what has expired, or with other keys', () => {
    put('k', 'a', 150);
    expect(put('k', 'b', 300, 150)).toBe(Joined.Ok);
    expect(conflicts('k')).toBe(false);
    expect(put('l', 'c', 300, 150)).toBe(Joined.Ok);
    expect(put('k', 'b', 300, 150)).toBe(Joined.Ok);
  });

  it('under a second key is as it was under the first', () => {
    put('k', 'a');
    put('k', 'b');
    const key = lay('l');
    entryFinish(key.ptr, key.size, 200);
    expect(joinSlot(slot, slotSize, 100, next)).toBe(Joined.Ok);
    const at = findEntry(next, joinedBytes(), key.ptr, key.size, 100);
    expect(entryConflicts(at)).toBe(false);
  });

  it('stands beside others, the newest first, and pushes out the oldest', () => {
    for (let i: u32 = 0; i < SLOT_ENTRIES; i++) {
      expect(put(i.toString(), 'v' + i.toString())).toBe(Joined.Ok);
    }
    for (let i: u32 = 0; i < SLOT_ENTRIES; i++) expect(get(i.toString())).toBe('v' + i.toString());
    expect(put('new', 'n')).toBe(Joined.Evicted);
    expect(get('0')).toBe('-');
    expect(get('1')).toBe('v1');
    // One that comes again is the newest again.
    expect(put('1', 'v1')).toBe(Joined.Ok);
    expect(put('newer', 'n')).toBe(Joined.Evicted);
    expect(get('2')).toBe('-');
    expect(get('1')).toBe('v1');
  });

  it('pushes out nobody for what has expired', () => {
    for (let i: u32 = 0; i < SLOT_ENTRIES; i++) put(i.toString(), 'v', i == 1 ? 150 : 300);
    expect(put('new', 'n', 300, 150)).toBe(Joined.Ok);
    expect(get('0', 150)).toBe('v');
    expect(get('1', 100)).toBe('-');
  });

  it('counts a conflict before one that is pushed out', () => {
    for (let i: u32 = 0; i < SLOT_ENTRIES; i++) put(i.toString(), 'v');
    expect(put('0', 'other')).toBe(Joined.Conflict);
    for (let i: u32 = 1; i < SLOT_ENTRIES; i++) expect(get(i.toString())).toBe('v');
  });

  it('is nothing once a byte of it is another', () => {
    put('other', 'o');
    put('key', 'value');
    const whole = slotSize;
    for (let i: u32 = 0; i < whole; i++) {
      const byte = load<u8>(slot + i);
      store<u8>(slot + i, byte ^ 0x10);
      const found = get('key');
      expect(found == '-' || found == 'value').toBe(true, i.toString());
      const key = lay('key');
      const at = findEntry(slot, slotSize, key.ptr, key.size, 100);
      if (at == slot) expect(i >= whole / 2).toBe(true, i.toString());
      store<u8>(slot + i, byte);
    }
    for (slotSize = 0; slotSize < whole; slotSize++) {
      expect(get('other')).toBe('-', slotSize.toString());
    }
    slotSize = whole;
    expect(get('key')).toBe('value');
    expect(get('other')).toBe('o');
  });

  it('that is not whole makes no conflict and gives way', () => {
    put('k', 'a');
    store<u8>(slot + 24, load<u8>(slot + 24) ^ 1);
    expect(put('k', 'b')).toBe(Joined.Ok);
    expect(get('k')).toBe('b');
    expect(conflicts('k')).toBe(false);
  });

  it('that is not whole gives way to one that agrees, and its conflict is forgotten', () => {
    put('k', 'a');
    store<u8>(slot + 24, load<u8>(slot + 24) ^ 1);
    expect(put('k', 'a')).toBe(Joined.Ok);
    put('k', 'b');
    expect(conflicts('k')).toBe(true);
    store<u8>(slot + 24, load<u8>(slot + 24) ^ 1);
    expect(put('k', 'b')).toBe(Joined.Ok);
    expect(conflicts('k')).toBe(false);
  });

  it('is no longer than it can be', () => {
    slotSize = JOINED_SIZE_MAX;
    memory.fill(slot, 0xff, slotSize);
    expect(get('k')).toBe('-');
    expect(put('k', 'a')).toBe(Joined.Ok);
    expect(get('k')).toBe('a');
    expect(slotSize < 100).toBe(true);
  });
});
