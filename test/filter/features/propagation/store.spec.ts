import { Slice } from '../../../../filter/assembly/bytes/slice';
import { TraceContext } from '../../../../filter/assembly/bytes/trace-context';
import { Propagate } from '../../../../filter/assembly/config/layout';
import {
  ENTRY_SIZE_MAX,
  entryAdd,
  entryBegin,
  entryConflicts,
  entryDigest,
  entryField,
} from '../../../../filter/assembly/features/propagation/entry';
import {
  Stored,
  storedEntry,
  storeEntry,
} from '../../../../filter/assembly/features/propagation/store';
import { arenaMark, arenaReset, arenaTake } from '../../../../filter/assembly/shim/arena';
import { setShared } from '../../../../filter/assembly/shim/shared';
import { hostCalls, hostRefuse, hostReset, hostShared } from '../../host';
import { lay, read } from '../../support';
import { policy, propagating, sectionOf } from './propagated';

const SECOND: u64 = 1_000_000_000;
const entry: usize = heap.alloc(ENTRY_SIZE_MAX);
const context: TraceContext = changetype<TraceContext>(heap.alloc(48));
const out: Slice = changetype<Slice>(heap.alloc(8));
let section: Propagate = changetype<Propagate>(0);
let now: u64 = 1000 * SECOND;

function put(key: string, value: string): Stored {
  arenaReset();
  const slice = lay(key);
  const field = lay(value);
  context.clear();
  entryBegin(entry, context);
  entryAdd(field.ptr, 0, field.ptr, field.size);
  entryDigest();
  return storeEntry(section, slice.ptr, slice.size, now);
}

/** The field of what is stored under a key; "-" = nothing, behind a "!" where in conflict. */
function get(key: string): string {
  arenaReset();
  const slice = lay(key);
  const at = storedEntry(section, slice.ptr, slice.size, now);
  if (at == 0) return '-';
  entryField(at, at, 0, out);
  return (entryConflicts(at) ? '!' : '') + read(out.ptr, out.size);
}

/** As a writer who has found its own signature alone. */
function beAlone(): void {
  for (let i = 0; i < 2; i++) {
    put('settling', '');
    now += SECOND;
  }
  put('settling', '');
}

/** As a writer who has seen another. */
function beOneOfTwo(): void {
  store<u32>(entry, 0x1234);
  store<u32>(entry, <u32>(now / SECOND), 4);
  setShared(section.writersPtr, section.writersSize, entry, 8, 0);
  now += SECOND;
}

describe('store', () => {
  beforeEach(() => {
    hostReset();
    section = sectionOf(propagating(policy('inbound', '{"capacity":64}')));
    now += 1000 * SECOND;
  });

  it('finds what is stored under a key, until its time is over', () => {
    expect(put('a', '1')).toBe(Stored.Ok);
    expect(get('a')).toBe('1');
    expect(get('b')).toBe('-');
    now += 60 * SECOND - 1;
    expect(get('a')).toBe('1');
    now += 1;
    expect(get('a')).toBe('-');
  });

  it('has slots by name, sixteen here', () => {
    for (let i = 0; i < 200; i++) put(i.toString(), '');
    for (let i = 0; i < 17; i++) {
      const name = 'tagalong/1/propagate/a/b/00' + (i >> 4).toString(16) + (i & 15).toString(16);
      expect(hostShared(name) == '(absent)').toBe(i == 16, name);
    }
  });

  it('says who is pushed out and who disagrees', () => {
    let evicted = 0;
    for (let i = 0; i < 100; i++) if (put(i.toString(), '') == Stored.Evicted) evicted++;
    let found = 0;
    for (let i = 0; i < 100; i++) if (get(i.toString()) != '-') found++;
    expect(found).toBe(100 - evicted);
    expect(found > 32 && found <= 64).toBe(true);
    expect(put('99', 'other')).toBe(Stored.Conflict);
    expect(get('99')).toBe('!other');
  });

  it('does not look at a slot that it knows, and does where it does not', () => {
    beAlone();
    put('a', '1');
    const gets = hostCalls('proxy_get_shared_data');
    expect(put('a', '1')).toBe(Stored.Ok);
    expect(put('a', '2')).toBe(Stored.Conflict);
    expect(hostCalls('proxy_get_shared_data')).toBe(gets);
    expect(get('a')).toBe('!2');
  });

  it('looks where others write', () => {
    put('a', '1');
    const gets = hostCalls('proxy_get_shared_data');
    expect(put('a', '2')).toBe(Stored.Conflict);
    expect(hostCalls('proxy_get_shared_data')).toBe(gets + 1);
  });

  it('tries three times, and counts what the host refuses', () => {
    put('a', '1');
    const sets = hostCalls('proxy_set_shared_data');
    hostRefuse('proxy_set_shared_data', 8);
    expect(put('a', '2')).toBe(Stored.Refused);
    expect(hostCalls('proxy_set_shared_data')).toBe(sets + 3);
    hostRefuse('proxy_set_shared_data', 10);
    expect(put('a', '2')).toBe(Stored.Refused);
    expect(hostCalls('proxy_set_shared_data')).toBe(sets + 4);
    hostRefuse('proxy_set_shared_data', 0);
    expect(get('a')).toBe('1');
  });

  it('writes blindly where it cannot look, and finds nothing there', () => {
    put('a', '1');
    hostRefuse('proxy_get_shared_data', 10);
    expect(get('a')).toBe('-');
    expect(put('a', '2')).toBe(Stored.Ok);
    hostRefuse('proxy_get_shared_data', 0);
    expect(get('a')).toBe('2');
  });

  it('gives the arena back, and refuses where it is full', () => {
    put('a', '1');
    const mark = arenaMark();
    const key = lay('a');
    for (let i = 0; i < 1000; i++) {
      if (storeEntry(section, key.ptr, key.size, now) != Stored.Ok) unreachable();
    }
    expect(arenaMark()).toBe(mark);
    while (arenaTake(1024) != 0) {}
    expect(storeEntry(section, key.ptr, key.size, now)).toBe(Stored.Refused);
    expect(get('a')).toBe('1');
  });

  it('heals a slot of any bytes, however many', () => {
    const sizes: u32[] = [0, 1, 64, 9000, 600_000, 2_000_000];
    const junk = heap.alloc(2_000_000);
    memory.fill(junk, 0x40, 2_000_000);
    for (let i = 0; i < sizes.length; i++) {
      beOneOfTwo();
      put('a', '1');
      arenaReset();
      setShared(section.slotPtr, section.slotSize, junk, sizes[i], 0);
      expect(get('a')).toBe('-', sizes[i].toString());
      expect(put('a', '2')).toBe(Stored.Ok, sizes[i].toString());
      expect(get('a')).toBe('2', sizes[i].toString());
      now += 60 * SECOND;
    }
  });
});
