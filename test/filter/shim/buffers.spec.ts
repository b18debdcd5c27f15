import { BufferType, Status } from '../../../filter/assembly/abi/enums';
import { Slice } from '../../../filter/assembly/bytes/slice';
import { ARENA_SIZE, arenaReset, arenaTake } from '../../../filter/assembly/shim/arena';
import { getBuffer } from '../../../filter/assembly/shim/buffers';
import { hostBuffer, hostRefuse, hostReset } from '../host';
import { lay, read } from '../support';

const out: Slice = changetype<Slice>(heap.alloc(8));

function offer(type: BufferType, text: string): void {
  const slice = lay(text);
  hostBuffer(type, slice.ptr, slice.size);
}

describe('buffers', () => {
  beforeEach(() => {
    hostReset();
    arenaReset();
  });

  it('reads the first bytes of the buffer that is meant', () => {
    offer(BufferType.VmConfiguration, 'of the VM');
    offer(BufferType.PluginConfiguration, 'of the plugin');
    expect(getBuffer(BufferType.PluginConfiguration, 6, out)).toBe(Status.Ok);
    expect(read(out.ptr, out.size)).toBe('of the');
    expect(getBuffer(BufferType.VmConfiguration, 9, out)).toBe(Status.Ok);
    expect(read(out.ptr, out.size)).toBe('of the VM');
  });

  it('answers fewer bytes where there are fewer', () => {
    offer(BufferType.RequestBody, 'ab');
    expect(getBuffer(BufferType.RequestBody, 100, out)).toBe(Status.Ok);
    expect(out.size).toBe(2);
  });

  it('answers nothing for an empty buffer', () => {
    out.ptr = 1;
    out.size = 7;
    offer(BufferType.RequestBody, '');
    expect(getBuffer(BufferType.RequestBody, 100, out)).toBe(Status.Ok);
    expect(out.ptr).toBe(0);
    expect(out.size).toBe(0);
  });

  it('passes a refusal on, and nothing of the value before', () => {
    offer(BufferType.PluginConfiguration, 'abc');
    getBuffer(BufferType.PluginConfiguration, 3, out);
    hostRefuse('proxy_get_buffer_bytes', Status.InternalFailure);
    expect(getBuffer(BufferType.PluginConfiguration, 3, out)).toBe(Status.InternalFailure);
    expect(out.ptr).toBe(0);
    expect(out.size).toBe(0);
  });

  it('answers InvalidMemoryAccess where the arena is full', () => {
    offer(BufferType.PluginConfiguration, 'abc');
    arenaTake(ARENA_SIZE);
    expect(getBuffer(BufferType.PluginConfiguration, 3, out)).toBe(Status.InvalidMemoryAccess);
    expect(out.size).toBe(0);
  });
});
