import { Status } from '../../../filter/assembly/abi/enums';
import { clockReset, monotonicNs, requestNs, wallNs } from '../../../filter/assembly/shim/clock';
import { hostRefuse, hostReset, hostTime } from '../host';

describe('clock', () => {
  beforeEach(() => {
    hostReset();
  });

  it('tells two times apart', () => {
    hostTime(1_795_219_200_000_000_001, 77);
    expect(wallNs()).toBe(1_795_219_200_000_000_001);
    expect(monotonicNs()).toBe(77);
  });

  it('tells times of 64 bits', () => {
    hostTime(u64.MAX_VALUE, u64.MAX_VALUE - 1);
    expect(wallNs()).toBe(u64.MAX_VALUE);
    expect(monotonicNs()).toBe(u64.MAX_VALUE - 1);
  });

  it('answers 0 where the host refuses, whatever it said before', () => {
    hostTime(5, 7);
    expect(wallNs() + monotonicNs()).toBe(12);
    hostRefuse('proxy_get_current_time_nanoseconds', Status.InternalFailure);
    expect(wallNs()).toBe(0);
    expect(monotonicNs()).toBe(7);
    hostRefuse('clock_time_get', 76);
    expect(monotonicNs()).toBe(0);
  });

  it('is read once for a request, and again where the host refused', () => {
    hostRefuse('clock_time_get', 76);
    clockReset();
    expect(requestNs()).toBe(0);
    hostReset();
    hostTime(5, 7);
    expect(requestNs()).toBe(7);
    hostTime(5, 9);
    expect(requestNs()).toBe(7);
    clockReset();
    expect(requestNs()).toBe(9);
  });
});
