import {
  outByteCount,
  outBytes,
  outClear,
  outPtr,
  outSize,
} from '../../../filter/assembly/shim/out';

describe('out', () => {
  it('reads back a pointer and a size', () => {
    store<u32>(outPtr, 0xfffffff0);
    store<u32>(outSize, 7);
    expect(outBytes()).toBe(0xfffffff0);
    expect(outByteCount()).toBe(7);
    expect(outPtr & 7).toBe(0);
  });

  it('clears both cells', () => {
    store<u32>(outPtr, 1);
    store<u32>(outSize, 1);
    outClear();
    expect(outBytes()).toBe(0);
    expect(outByteCount()).toBe(0);
  });
});
