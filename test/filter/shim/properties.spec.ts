import { Status } from '../../../filter/assembly/abi/enums';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { getProperty, propertyPath } from '../../../filter/assembly/shim/properties';
import { hostProperty, hostRefuse, hostReset } from '../host';
import { read, readHex } from '../support';

const SOURCE = 'source.address';
const source: usize = propertyPath(SOURCE);
const out: Slice = changetype<Slice>(heap.alloc(8));

describe('properties', () => {
  beforeEach(() => {
    hostReset();
    arenaReset();
  });

  it('lays a path with NUL between its parts', () => {
    expect(readHex(propertyPath('a.bc'), 4)).toBe('61006263');
  });

  it('reads a property', () => {
    hostProperty(SOURCE, '10.0.0.1:80');
    expect(getProperty(source, SOURCE.length, out)).toBe(Status.Ok);
    expect(read(out.ptr, out.size)).toBe('10.0.0.1:80');
  });

  it('tells an absent property, a refused one and a full arena', () => {
    hostProperty(SOURCE, '10.0.0.1:80');
    getProperty(source, SOURCE.length, out);
    hostRefuse('proxy_get_property', Status.InternalFailure);
    expect(getProperty(source, SOURCE.length, out)).toBe(Status.InternalFailure);
    expect(out.size).toBe(0);
    hostRefuse('proxy_get_property', 0);
    arenaReset();
    arenaTake(ARENA_SIZE);
    expect(getProperty(source, SOURCE.length, out)).toBe(Status.InvalidMemoryAccess);
    expect(out.size).toBe(0);
    hostReset();
    expect(getProperty(source, SOURCE.length, out)).toBe(Status.NotFound);
    expect(out.ptr).toBe(0);
  });
});
