// wasi: what Envoy offers of WASI preview 1. There are no files and no environment; the clocks,
// random bytes and standard output (into the log) work. What Envoy answers with a constant is
// one here.

import type { GuestVm, HostFunction, HostFunctions } from '../guest-vm.js';
import { Errno } from '../status.js';

/** Bytes that random_get may be asked for at once. */
const RANDOM_SIZE_MAX = 64 * 1024;
const STDOUT = 1;
const STDERR = 2;
/** fs_rights_base of standard output: fd_write. */
const RIGHT_TO_WRITE = 64n;

const isOutput = (fd: number): boolean => fd === STDOUT || fd === STDERR;
const always =
  (errno: Errno): HostFunction =>
  () =>
    errno;
/** Done where the descriptor is standard output, which has nothing to do. */
const onOutput = (errno: Errno): HostFunction =>
  ((fd: number) => (isOutput(fd) ? errno : Errno.BadFileDescriptor)) as HostFunction;

const CONSTANT: HostFunctions = {
  args_get: always(Errno.Success),
  environ_get: always(Errno.Success),
  fd_advise: always(Errno.Success),
  fd_allocate: onOutput(Errno.Success),
  fd_close: always(Errno.Success),
  fd_datasync: onOutput(Errno.Success),
  fd_fdstat_set_flags: always(Errno.NotImplemented),
  fd_fdstat_set_rights: onOutput(Errno.Success),
  fd_filestat_get: always(Errno.BadFileDescriptor),
  fd_filestat_set_size: onOutput(Errno.Success),
  fd_filestat_set_times: onOutput(Errno.Success),
  fd_pread: always(Errno.NotImplemented),
  fd_prestat_dir_name: always(Errno.NotImplemented),
  fd_prestat_get: always(Errno.BadFileDescriptor),
  fd_read: always(Errno.NotImplemented),
  fd_renumber: onOutput(Errno.NotSupported),
  fd_seek: always(Errno.Success),
  fd_sync: onOutput(Errno.Success),
  path_create_directory: always(Errno.NotSupported),
  path_filestat_get: always(Errno.NotSupported),
  path_filestat_set_times: always(Errno.NotSupported),
  path_link: always(Errno.NotSupported),
  path_open: always(Errno.NoEntry),
  path_remove_directory: always(Errno.NotSupported),
  path_rename: always(Errno.NotSupported),
  path_symlink: always(Errno.NotSupported),
  path_unlink_file: always(Errno.NotSupported),
  // Not an exit: the guest goes on behind it.
  proc_exit: () => undefined,
  sched_yield: always(Errno.Success),
  sock_shutdown: always(Errno.NotSupported),
};

export function wasiFunctions(vm: GuestVm): HostFunctions {
  const stored = (done: boolean) => (done ? Errno.Success : Errno.Fault);
  const zero = (...pointers: number[]): boolean =>
    pointers.every((ptr) => vm.memory.setU32(ptr, 0));

  /** The text of the vectors; undefined where one lies outside of memory. */
  const gather = (vectorsPtr: number, count: number): string | undefined => {
    let text = '';
    for (let i = 0; i < count >>> 0; i += 1) {
      const ptr = vm.memory.getU32(vectorsPtr + 8 * i);
      const size = vm.memory.getU32(vectorsPtr + 8 * i + 4);
      if (ptr === undefined || size === undefined) return undefined;
      const part = size === 0 ? '' : vm.memory.text(ptr, size);
      if (part === undefined) return undefined;
      text += part;
    }
    return text;
  };
  const write = (fd: number, vectorsPtr: number, count: number, writtenPtr: number): Errno => {
    if (!isOutput(fd)) return Errno.BadFileDescriptor;
    const text = gather(vectorsPtr, count);
    if (text === undefined) return Errno.Fault;
    const line = Buffer.from(text.replace(/\n$/, ''), 'latin1').toString('utf8');
    if (text !== '') vm.log(fd === STDOUT ? 'info' : 'error', line);
    return stored(vm.memory.setU32(writtenPtr, text.length));
  };

  return {
    ...CONSTANT,
    args_sizes_get: (countPtr: number, sizePtr: number) => stored(zero(countPtr, sizePtr)),
    environ_sizes_get: (countPtr: number, sizePtr: number) => stored(zero(countPtr, sizePtr)),
    clock_time_get: (clock: number, _precision: bigint, ptr: number) => {
      if (clock >>> 0 > 1) return Errno.NotSupported;
      return stored(vm.memory.setU64(ptr, clock === 0 ? vm.wallNs() : vm.monotonicNs()));
    },
    clock_res_get: (clock: number, ptr: number) =>
      clock >>> 0 > 1 ? Errno.NotSupported : stored(vm.memory.setU64(ptr, 1n)),
    random_get: (ptr: number, size: number) => {
      if (size >>> 0 > RANDOM_SIZE_MAX) return Errno.Invalid;
      if (size === 0) return Errno.Success;
      const bytes = vm.memory.slice(ptr, size);
      if (bytes === undefined) return Errno.Fault;
      vm.random(bytes);
      return Errno.Success;
    },
    fd_write: write,
    fd_pwrite: (fd: number, vectorsPtr: number, count: number, _at: bigint, writtenPtr: number) =>
      write(fd, vectorsPtr, count, writtenPtr),
    fd_fdstat_get: (fd: number, ptr: number) => {
      if (!isOutput(fd)) return Errno.BadFileDescriptor;
      if (vm.memory.has(ptr, 24)) {
        vm.memory.setU64(ptr, 0n);
        vm.memory.setU64(ptr + 8, RIGHT_TO_WRITE);
        vm.memory.setU64(ptr + 16, 0n);
      }
      return Errno.Success;
    },
    fd_readdir: (...args: (number | bigint)[]) =>
      zero(Number(args[4])) ? Errno.NotADirectory : Errno.Fault,
    fd_tell: (fd: number, ptr: number) =>
      isOutput(fd) ? stored(vm.memory.setU64(ptr, 0n)) : Errno.BadFileDescriptor,
    path_readlink: (...args: number[]) => (zero(args[5]!) ? Errno.NotSupported : Errno.Fault),
    poll_oneoff: (_in: number, _out: number, _count: number, eventsPtr: number) =>
      stored(zero(eventsPtr)),
    sock_accept: (_fd: number, _flags: number, ptr: number) =>
      zero(ptr) ? Errno.NotSupported : Errno.Fault,
    sock_recv: (...args: number[]) => (zero(args[4]!) ? Errno.NotSupported : Errno.Fault),
    sock_send: (...args: number[]) => (zero(args[4]!) ? Errno.NotSupported : Errno.Fault),
  };
}
