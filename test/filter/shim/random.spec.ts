import { Status } from '../../../filter/assembly/abi/enums';
import { randomBytes } from '../../../filter/assembly/shim/random';
import { hostCalls, hostRefuse, hostReset } from '../host';
import { layMany, readHex } from '../support';

describe('random', () => {
  beforeEach(() => {
    hostReset();
  });

  it('fills the bytes that it is given, and no other', () => {
    const room = layMany(0xff, 8);
    expect(randomBytes(room.ptr + 2, 4)).toBe(true);
    expect(readHex(room.ptr, 8)).toBe('ffff01020304ffff');
    expect(randomBytes(room.ptr, 1)).toBe(true);
    expect(readHex(room.ptr, 8)).toBe('05ff01020304ffff');
    expect(hostCalls('random_get')).toBe(2);
  });

  it('says where the host refuses, and leaves the bytes as they were', () => {
    const room = layMany(0xff, 4);
    hostRefuse('random_get', Status.InternalFailure);
    expect(randomBytes(room.ptr, 4)).toBe(false);
    expect(readHex(room.ptr, 4)).toBe('ffffffff');
  });
});
