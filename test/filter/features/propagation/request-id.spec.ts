import {
  makeRequestId,
  REQUEST_ID_SIZE,
} from '../../../../filter/assembly/features/propagation/request-id';
import { hostRefuse, hostReset } from '../../host';
import { read } from '../../support';

describe('request-id', () => {
  beforeEach(() => {
    hostReset();
  });

  it('is a random UUID of version 4, another each time', () => {
    // The host's bytes count up; version and variant stand in the seventh and ninth.
    expect(read(makeRequestId(), REQUEST_ID_SIZE)).toBe('01020304-0506-4708-890a-0b0c0d0e0f10');
    expect(read(makeRequestId(), REQUEST_ID_SIZE)).toBe('11121314-1516-4718-991a-1b1c1d1e1f20');
  });

  it('has its version and variant whatever the bytes are', () => {
    for (let i = 0; i < 64; i++) {
      const id = read(makeRequestId(), REQUEST_ID_SIZE);
      expect(id.charCodeAt(14)).toBe(0x34, id);
      expect('89ab'.includes(id.charAt(19))).toBe(true, id);
      expect(id.length).toBe(36);
    }
  });

  it('is none where the host gives no random bytes', () => {
    hostRefuse('random_get', 76);
    expect(makeRequestId()).toBe(0);
    hostRefuse('random_get', 0);
    expect(makeRequestId() != 0).toBe(true);
  });
});
