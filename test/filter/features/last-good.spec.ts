import { Status } from '../../../filter/assembly/abi/enums';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { findGood, keepGood } from '../../../filter/assembly/features/last-good';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { hostRefuse, hostReset, hostShare, hostShared } from '../host';
import { lay, read } from '../support';

const out: Slice = changetype<Slice>(heap.alloc(8));

function keep(id: string, direction: string, text: string): void {
  const left = lay(id);
  const right = lay(text);
  keepGood(left.ptr, left.size, direction, right.ptr, right.size);
}

function find(id: string, direction: string): string {
  const slice = lay(id);
  return findGood(slice.ptr, slice.size, direction, out) ? read(out.ptr, out.size) : '(none)';
}

describe('last-good', () => {
  beforeEach(() => {
    hostReset();
    arenaReset();
  });

  it('finds the newest that was kept', () => {
    keep('a/b/0', 'inbound', 'one');
    keep('a/b/0', 'inbound', 'two');
    expect(find('a/b/0', 'inbound')).toBe('two');
  });

  it('keeps plugins and directions apart, under a key of this format', () => {
    keep('a/b/0', 'inbound', 'in');
    keep('a/b/0', 'outbound', 'out');
    keep('', 'any', 'none');
    expect(hostShared('tagalong/1/good/a/b/0/inbound')).toBe('in');
    expect(hostShared('tagalong/1/good/a/b/0/outbound')).toBe('out');
    expect(hostShared('tagalong/1/good//any')).toBe('none');
    expect(find('a/b/0', 'outbound')).toBe('out');
    expect(find('a/b/1', 'inbound')).toBe('(none)');
    expect(find('', 'any')).toBe('none');
  });

  it('finds nothing where nothing was kept, or where it is empty', () => {
    expect(find('a', 'any')).toBe('(none)');
    hostShare('tagalong/1/good/a/any', '');
    expect(find('a', 'any')).toBe('(none)');
  });

  it('finds nothing where the host refuses', () => {
    keep('a', 'any', 'one');
    hostRefuse('proxy_get_shared_data', Status.InternalFailure);
    expect(find('a', 'any')).toBe('(none)');
    hostRefuse('proxy_get_shared_data', 0);
    arenaTake(ARENA_SIZE);
    expect(find('a', 'any')).toBe('(none)');
  });

  it('loses the fallback alone where it cannot be kept', () => {
    hostRefuse('proxy_set_shared_data', Status.InternalFailure);
    keep('a', 'any', 'one');
    expect(find('a', 'any')).toBe('(none)');
  });
});
