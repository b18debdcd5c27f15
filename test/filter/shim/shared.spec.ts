import { Status } from '../../../filter/assembly/abi/enums';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { CAS_ANY, getShared, setShared, sharedCas } from '../../../filter/assembly/shim/shared';
import { hostRefuse, hostReset, hostShared } from '../host';
import { lay, read } from '../support';

const out: Slice = changetype<Slice>(heap.alloc(8));

function get(key: string): Status {
  const slice = lay(key);
  return getShared(slice.ptr, slice.size, out);
}

function set(key: string, value: string, cas: u32): Status {
  const left = lay(key);
  const right = lay(value);
  return setShared(left.ptr, left.size, right.ptr, right.size, cas);
}

describe('shared', () => {
  beforeEach(() => {
    hostReset();
    arenaReset();
  });

  it('gives back what was set, whatever stood there', () => {
    expect(set('k', 'one', CAS_ANY)).toBe(Status.Ok);
    expect(set('k', 'two', CAS_ANY)).toBe(Status.Ok);
    expect(get('k')).toBe(Status.Ok);
    expect(read(out.ptr, out.size)).toBe('two');
  });

  it('exchanges a value against its number, once', () => {
    set('k', 'one', CAS_ANY);
    get('k');
    const cas = sharedCas();
    expect(cas).not.toBe(CAS_ANY);
    expect(set('k', 'two', cas)).toBe(Status.Ok);
    expect(set('k', 'three', cas)).toBe(Status.CasMismatch);
    expect(hostShared('k')).toBe('two');
    get('k');
    expect(sharedCas()).not.toBe(cas);
  });

  it('creates an absent key with any number, and leaves a present one alone', () => {
    expect(set('new', 'first', 12345)).toBe(Status.Ok);
    expect(set('new', 'second', 12345)).toBe(Status.CasMismatch);
    expect(hostShared('new')).toBe('first');
  });

  it('tells an absent key from an empty value, and clears the number of the one before', () => {
    set('k', 'one', CAS_ANY);
    get('k');
    expect(get('absent')).toBe(Status.NotFound);
    expect(sharedCas()).toBe(CAS_ANY);
    expect(out.ptr).toBe(0);
    set('k', '', CAS_ANY);
    expect(get('k')).toBe(Status.Ok);
    expect(out.size).toBe(0);
    expect(sharedCas()).not.toBe(CAS_ANY);
  });

  it('passes refusals on', () => {
    set('k', 'one', CAS_ANY);
    get('k');
    hostRefuse('proxy_get_shared_data', Status.InternalFailure);
    expect(get('k')).toBe(Status.InternalFailure);
    expect(out.size).toBe(0);
    expect(sharedCas()).toBe(CAS_ANY);
    hostRefuse('proxy_set_shared_data', Status.InternalFailure);
    expect(set('k', 'two', CAS_ANY)).toBe(Status.InternalFailure);
    expect(hostShared('k')).toBe('one');
  });

  it('answers InvalidMemoryAccess where the arena is full', () => {
    set('k', 'one', CAS_ANY);
    arenaTake(ARENA_SIZE);
    expect(get('k')).toBe(Status.InvalidMemoryAccess);
    expect(out.size).toBe(0);
  });
});
