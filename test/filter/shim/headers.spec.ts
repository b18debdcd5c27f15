import { MapType, Status } from '../../../filter/assembly/abi/enums';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import {
  addHeader,
  getHeader,
  getHeaderPairs,
  removeHeader,
  replaceHeader,
} from '../../../filter/assembly/shim/headers';
import { hostHeader, hostHeaders, hostPairs, hostRefuse, hostReset } from '../host';
import { lay, layHex, read, readHex } from '../support';

const REQUEST = MapType.RequestHeaders;
const RESPONSE = MapType.ResponseHeaders;
const out: Slice = changetype<Slice>(heap.alloc(8));

function get(map: MapType, name: string): Status {
  const slice = lay(name);
  return getHeader(map, slice.ptr, slice.size, out);
}

function add(map: MapType, name: string, value: string): Status {
  const left = lay(name);
  const right = lay(value);
  return addHeader(map, left.ptr, left.size, right.ptr, right.size);
}

function replace(map: MapType, name: string, value: string): Status {
  const left = lay(name);
  const right = lay(value);
  return replaceHeader(map, left.ptr, left.size, right.ptr, right.size);
}

function remove(map: MapType, name: string): Status {
  const slice = lay(name);
  return removeHeader(map, slice.ptr, slice.size);
}

describe('headers', () => {
  beforeEach(() => {
    hostReset();
    arenaReset();
    hostHeader(REQUEST, 'x-a', 'one');
    hostHeader(REQUEST, 'x-a', 'two');
    hostHeader(REQUEST, 'x-empty', '');
    hostHeader(RESPONSE, 'x-r', 'é');
  });

  it('gets the first value of a name in the map that is meant', () => {
    expect(get(REQUEST, 'x-a')).toBe(Status.Ok);
    expect(read(out.ptr, out.size)).toBe('one');
    expect(get(RESPONSE, 'x-r')).toBe(Status.Ok);
    expect(read(out.ptr, out.size)).toBe('é');
  });

  it('tells an absent header from an empty one', () => {
    get(REQUEST, 'x-a');
    expect(get(REQUEST, 'x-empty')).toBe(Status.Ok);
    expect(out.ptr).toBe(0);
    expect(out.size).toBe(0);
    get(REQUEST, 'x-a');
    expect(get(REQUEST, 'x-r')).toBe(Status.NotFound);
    expect(out.ptr).toBe(0);
    expect(out.size).toBe(0);
  });

  it('gets a whole map as a list of pairs', () => {
    expect(getHeaderPairs(RESPONSE, out)).toBe(Status.Ok);
    expect(readHex(out.ptr, out.size)).toBe(
      '01000000' + '03000000' + '02000000' + '782d7200c3a900',
    );
  });

  it('gets whatever bytes the host answers', () => {
    const bytes = layHex('ff 00 ff');
    hostPairs(REQUEST, bytes.ptr, bytes.size);
    expect(getHeaderPairs(REQUEST, out)).toBe(Status.Ok);
    expect(readHex(out.ptr, out.size)).toBe('ff00ff');
  });

  it('adds beside what is there, replaces all of it, removes all of it', () => {
    expect(add(RESPONSE, 'x-r', 'more')).toBe(Status.Ok);
    expect(hostHeaders(RESPONSE)).toBe('x-r=é; x-r=more');
    expect(replace(REQUEST, 'x-a', '')).toBe(Status.Ok);
    expect(hostHeaders(REQUEST)).toBe('x-empty=; x-a=');
    expect(remove(REQUEST, 'x-empty')).toBe(Status.Ok);
    expect(hostHeaders(REQUEST)).toBe('x-a=');
    expect(remove(REQUEST, 'x-absent')).toBe(Status.Ok);
  });

  it('passes every refusal on', () => {
    get(REQUEST, 'x-a');
    hostRefuse('proxy_get_header_map_value', Status.BadArgument);
    expect(get(REQUEST, 'x-a')).toBe(Status.BadArgument);
    expect(out.size).toBe(0);
    getHeaderPairs(REQUEST, out);
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    expect(getHeaderPairs(REQUEST, out)).toBe(Status.InternalFailure);
    expect(out.size).toBe(0);
    hostRefuse('proxy_add_header_map_value', Status.BadArgument);
    expect(add(REQUEST, 'x-b', '1')).toBe(Status.BadArgument);
    hostRefuse('proxy_replace_header_map_value', Status.InternalFailure);
    expect(replace(REQUEST, 'x-a', '1')).toBe(Status.InternalFailure);
    hostRefuse('proxy_remove_header_map_value', Status.InvalidMemoryAccess);
    expect(remove(REQUEST, 'x-a')).toBe(Status.InvalidMemoryAccess);
    expect(hostHeaders(REQUEST)).toBe('x-a=one; x-a=two; x-empty=');
  });

  it('answers InvalidMemoryAccess where the arena has no room for a value', () => {
    arenaTake(ARENA_SIZE - 8);
    expect(getHeaderPairs(REQUEST, out)).toBe(Status.InvalidMemoryAccess);
    expect(out.ptr).toBe(0);
    expect(get(REQUEST, 'x-a')).toBe(Status.Ok);
    expect(get(REQUEST, 'x-a')).toBe(Status.InvalidMemoryAccess);
  });
});
