import { Propagate } from '../../../../filter/assembly/config/layout';
import {
  isOnlyWriter,
  writersInit,
} from '../../../../filter/assembly/features/propagation/writers';
import { arenaReset } from '../../../../filter/assembly/shim/arena';
import { setShared } from '../../../../filter/assembly/shim/shared';
import { hostCalls, hostRefuse, hostReset } from '../../host';
import { policy, propagating, sectionOf } from './propagated';

const SECOND: u64 = 1_000_000_000;
/** How often they look who else writes. */
const LOOK: u64 = SECOND / 10;
/** A ttl of 60 s, and twice the time that a signature is good. */
const GONE: u64 = 66;
const list: usize = heap.alloc(256);
let section: Propagate = changetype<Propagate>(0);
/** Goes on through the cases, as a clock does. */
let now: u64 = 1000 * SECOND;

/** Writes the list as another writer does, who signed so many seconds ago. */
function sign(count: u32, age: u64): void {
  for (let i: u32 = 0; i < count; i++) {
    store<u32>(list + i * 8, 0x1000 + i);
    store<u32>(list + i * 8, <u32>(now / SECOND - age), 4);
  }
  setShared(section.writersPtr, section.writersSize, list, count * 8, 0);
}

function alone(): bool {
  arenaReset();
  return isOnlyWriter(section, now);
}

/** Whether it is alone at the second look from now on. */
function aloneSoon(): bool {
  now += LOOK;
  alone();
  now += LOOK;
  return alone();
}

describe('writers', () => {
  beforeEach(() => {
    hostReset();
    section = sectionOf(propagating(policy('inbound')));
    now += 1000 * SECOND;
  });

  it('are alone once their own signature is the only one', () => {
    expect(alone()).toBe(false);
    now += LOOK;
    expect(alone()).toBe(true);
  });

  it('look ten times a second, and sign every three', () => {
    aloneSoon();
    const gets = hostCalls('proxy_get_shared_data');
    now += LOOK - 1;
    expect(alone()).toBe(true);
    expect(hostCalls('proxy_get_shared_data')).toBe(gets);
    now += 1;
    alone();
    expect(hostCalls('proxy_get_shared_data')).toBe(gets + 1);
    const sets = hostCalls('proxy_set_shared_data');
    now += 2 * SECOND;
    expect(alone()).toBe(true);
    expect(hostCalls('proxy_set_shared_data')).toBe(sets);
    now += SECOND;
    expect(alone()).toBe(true);
    expect(hostCalls('proxy_set_shared_data')).toBe(sets + 1);
  });

  it('are not alone while another has signed whose entries may live', () => {
    aloneSoon();
    sign(1, 0);
    expect(aloneSoon()).toBe(false);
    now += (GONE - 1) * SECOND;
    expect(aloneSoon()).toBe(false);
    now += 2 * SECOND;
    expect(aloneSoon()).toBe(true);
  });

  it('take one for alive who signed by a clock a little ahead', () => {
    sign(1, 0);
    store<u32>(list, <u32>(now / SECOND) + 5, 4);
    setShared(section.writersPtr, section.writersSize, list, 8, 0);
    expect(aloneSoon()).toBe(false);
  });

  it('are not alone among as many as the list can name, and more', () => {
    for (let count: u32 = 15; count < 20; count++) {
      sign(count, 0);
      expect(aloneSoon()).toBe(false, count.toString());
    }
  });

  it('forget about those who have gone', () => {
    sign(16, GONE + 1);
    expect(aloneSoon()).toBe(true);
  });

  it('are not alone where they cannot look or sign', () => {
    aloneSoon();
    hostRefuse('proxy_get_shared_data', 10);
    expect(aloneSoon()).toBe(false);
    hostRefuse('proxy_get_shared_data', 0);
    expect(aloneSoon()).toBe(true);
    now += 3 * SECOND;
    hostRefuse('proxy_set_shared_data', 8);
    expect(alone()).toBe(false);
    // And look again at once.
    hostRefuse('proxy_set_shared_data', 0);
    expect(alone()).toBe(true);
  });

  it('read a list that is none as an empty one', () => {
    memory.fill(list, 0xff, 256);
    for (let size: u32 = 0; size < 256; size += 5) {
      setShared(section.writersPtr, section.writersSize, list, size, 0);
      expect(aloneSoon()).toBe(true, size.toString());
    }
  });

  it('have one nonce for all configurations', () => {
    const calls = hostCalls('random_get');
    writersInit();
    writersInit();
    expect(hostCalls('random_get')).toBe(calls);
  });
});
