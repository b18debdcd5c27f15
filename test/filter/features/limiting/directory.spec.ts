import {
  Config,
  LIMITS_MAX,
  limitAt,
  SECRET_SIZE,
} from '../../../../filter/assembly/config/layout';
import { bornAt, joinDirectory } from '../../../../filter/assembly/features/limiting/directory';
import { setShared } from '../../../../filter/assembly/shim/shared';
import { hostRefuse, hostReset, hostShared, hostTime } from '../../host';
import { lay, read, readHex } from '../../support';
import { newName, pushed, SECOND } from './limited';

const NAME = 'tagalong/1/limits/a/b/0/1';
const HOUR: u64 = 3600 * SECOND;

/** So many limits that were never there before. */
function many(count: u32): string {
  let text = '';
  for (let i: u32 = 0; i < count; i++) {
    text += (i == 0 ? '' : ',') + '{"name":"' + newName() + '","rate":"1/s"}';
  }
  return text;
}

/** The lanes of a configuration's limits: four hexadecimal digits each. */
function lanes(config: Config): string[] {
  const all: string[] = [];
  for (let i: u32 = 0; i < config.limitCount; i++) {
    const limit = limitAt(config, i);
    all.push(read(limit.slotPtr + limit.slotSize - 8, 4));
  }
  return all;
}

function secretOf(config: Config): string {
  return readHex(config.secret, SECRET_SIZE);
}

describe('directory', () => {
  beforeEach(hostReset);

  it('gives each limit a lane of its own, and all one secret', () => {
    const config = pushed(many(LIMITS_MAX));
    const all = lanes(config);
    for (let i = 0; i < all.length; i++) expect(all.indexOf(all[i])).toBe(i);
    expect(secretOf(config)).not.toBe('00'.repeat(SECRET_SIZE));
  });

  it('gives a limit that stays the same lane and secret', () => {
    const kept = '{"name":"' + newName() + '","rate":"1/s"}';
    const first = pushed(many(3) + ',' + kept);
    const lane = lanes(first)[3];
    const secret = secretOf(first);
    for (let i = 0; i < 40; i++) {
      const config = pushed(kept + ',' + many(<u32>(i % 5) + 1));
      expect(lanes(config)[0]).toBe(lane);
      expect(secretOf(config)).toBe(secret);
    }
  });

  it('takes the lane of the limit that is gone for longest, and never makes more', () => {
    const first = '{"name":"' + newName() + '","rate":"1/s"}';
    const lane = lanes(pushed(first, 10 * SECOND))[0];
    const seen: string[] = [];
    let again = 0;
    for (let i: u64 = 0; i < 1000; i++) {
      const one = lanes(pushed(many(1), (20 + i) * SECOND))[0];
      if (one == lane && again == 0) again = <i32>i;
      if (!seen.includes(one)) seen.push(one);
    }
    expect(seen.length).toBe(128);
    expect(again).toBe(127);
  });

  it('counts from when a limit left, however long it was there', () => {
    const slow = '{"name":"' + newName() + '","rate":"1/h","burst":3}';
    const lane = lanes(pushed(slow, 10 * SECOND))[0];
    expect(lanes(pushed(many(1), 10 * HOUR))[0]).not.toBe(lane);
    // It is back in time, and leaves again.
    expect(lanes(pushed(slow, 11 * HOUR))[0]).toBe(lane);
    expect(lanes(pushed(many(1), 20 * HOUR))[0]).not.toBe(lane);
    // Its buckets take three hours to be full again.
    expect(lanes(pushed(many(1), 23 * HOUR))[0]).not.toBe(lane);
    expect(lanes(pushed(many(1), 23 * HOUR + SECOND))[0]).toBe(lane);
  });

  it('says since when a limit is there', () => {
    const text = '{"name":"' + newName() + '","rate":"1/s"}';
    pushed(text, 10 * SECOND);
    const config = pushed(text, 99 * SECOND);
    expect(bornAt(limitAt(config, 0))).toBe(10 * SECOND);
    limitAt(config, 0).identity++;
    expect(bornAt(limitAt(config, 0))).toBe(u64.MAX_VALUE);
  });

  it('is made anew where it is none', () => {
    const config = pushed(many(2));
    const junk = heap.alloc(8192);
    memory.fill(junk, 0xee, 8192);
    const name = lay(NAME);
    expect(hostShared(NAME)).not.toBe('(absent)');
    for (let size: u32 = 0; size < 8000; size += 500) {
      setShared(name.ptr, name.size, junk, size, 0);
      expect(joinDirectory(config)).toBe(true);
      expect(lanes(config)[0]).not.toBe(lanes(config)[1]);
    }
  });

  it('leaves the VM with its own secret where the host shares nothing', () => {
    hostRefuse('proxy_get_shared_data', 10);
    const config = pushed(many(3));
    expect(joinDirectory(config)).toBe(false);
    const secret = secretOf(config);
    expect(secret).not.toBe('00'.repeat(SECRET_SIZE));
    const all = lanes(config);
    for (let i = 0; i < all.length; i++) expect(all.indexOf(all[i])).toBe(i);
    expect(joinDirectory(config)).toBe(false);
    expect(secretOf(config)).toBe(secret);
    hostRefuse('proxy_get_shared_data', 0);
    hostRefuse('proxy_set_shared_data', 10);
    expect(joinDirectory(config)).toBe(false);
    expect(secretOf(config)).toBe(secret);
    hostTime(0, 0);
  });
});
