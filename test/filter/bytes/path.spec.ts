import {
  decodePath,
  isNormalPath,
  normalizePath,
  pathSizeOf,
} from '../../../filter/assembly/bytes/path';
import { lay, layHex, layMany, read, readHex } from '../support';

const out: usize = heap.alloc(1 << 17);

/** What a path becomes; the byte behind it must be as it was. */
function normal(path: string): string {
  const slice = lay(path);
  memory.fill(out, 0x5a, slice.size + 1);
  const size = normalizePath(slice.ptr, slice.size, out);
  assert(size <= slice.size, 'longer: ' + path);
  assert(load<u8>(out + slice.size) == 0x5a, 'behind its end: ' + path);
  // The other place that it may be written to.
  const inPlace = normalizePath(slice.ptr, slice.size, slice.ptr);
  assert(read(slice.ptr, inPlace) == read(out, size), 'in place: ' + path);
  return read(out, size);
}

/** Whether the fast check takes a path for normal; it must be so then. */
function quick(path: string): bool {
  const slice = lay(path);
  const found = isNormalPath(slice.ptr, slice.size);
  assert(!found || normal(path) == path, path);
  return found;
}

function decoded(path: string): string {
  const slice = lay(path);
  return read(out, decodePath(slice.ptr, slice.size, out));
}

function cut(target: string): string {
  const slice = lay(target);
  return read(slice.ptr, pathSizeOf(slice.ptr, slice.size));
}

/** `path` becomes `wanted`, and the fast check does not take it for normal. */
function becomes(path: string, wanted: string): void {
  expect(normal(path)).toBe(wanted, path);
  expect(quick(path)).toBe(false, path);
}

describe('path', () => {
  it('ends before the query or the fragment, whichever comes first', () => {
    expect(cut('/a/b')).toBe('/a/b');
    expect(cut('/a?b#c')).toBe('/a');
    expect(cut('/a#b?c')).toBe('/a');
    expect(cut('?')).toBe('');
    expect(cut('#')).toBe('');
    expect(cut('')).toBe('');
    expect(cut('/a%3fb%23c')).toBe('/a%3fb%23c');
    expect(cut('*')).toBe('*');
  });

  it('leaves what is normal as it is, and says so', () => {
    const paths = [
      '/',
      '/a',
      '/login',
      '/a/b/c',
      '/.well-known/x',
      '/a/..b',
      '/a/...',
      '/a/b..',
      '/a/.b',
      '/a.',
      '/~x/-_+=,:@!$&()*',
      '/é/ü',
      '/a b',
    ];
    for (let i = 0; i < paths.length; i++) {
      expect(normal(paths[i])).toBe(paths[i]);
      expect(quick(paths[i])).toBe(true, paths[i]);
    }
  });

  it('decodes once', () => {
    becomes('/%6cogin', '/login');
    becomes('/log%69n', '/login');
    becomes('/%6C%6f%67%69%6E', '/login');
    becomes('/%2561', '/%61');
    becomes('/%25', '/%');
    becomes('/%252e%252e/a', '/%2e%2e/a');
    expect(normal('/a%3Fb%23c')).toBe('/a?b#c');
    expect(normal('/a%C3%A9')).toBe('/aé');
    expect(normal('/a%2Bb+c')).toBe('/a+b+c');
    const zeros = lay('/%00%ff');
    expect(readHex(out, normalizePath(zeros.ptr, zeros.size, out))).toBe('2f00ff');
  });

  it('leaves an escape that is none', () => {
    const paths = ['/%', '/a%', '/%4', '/%4/', '/%zz', '/%g1', '/%1g', '/%%', '/% 1'];
    for (let i = 0; i < paths.length; i++) {
      const path = paths[i];
      expect(normal(path)).toBe(path.endsWith('/') ? path.substring(0, path.length - 1) : path);
    }
    expect(normal('/%%61')).toBe('/%a');
    expect(normal('/%6%61')).toBe('/%6a');
    expect(decoded('%4')).toBe('%4');
    expect(decoded('%41')).toBe('A');
    expect(decoded('%4%')).toBe('%4%');
  });

  it('takes an encoded slash and a backslash, encoded or not, for a slash', () => {
    becomes('/a%2fb', '/a/b');
    becomes('/%2Flogin', '/login');
    becomes('/login%2f', '/login');
    becomes('/a\\b', '/a/b');
    becomes('/\\login', '/login');
    becomes('/a%5cb', '/a/b');
    becomes('/a%5C..%5Cb', '/b');
    becomes('/a/..%2fb', '/b');
    expect(decoded('\\%5c')).toBe('//');
  });

  it('drops parameters of segments', () => {
    becomes('/login;jsessionid=1', '/login');
    becomes('/login;', '/login');
    becomes('/a;v=1/b;w=2/c', '/a/b/c');
    becomes('/a;/b', '/a/b');
    becomes('/a;x;y/b', '/a/b');
    becomes('/a%3bv=1', '/a');
    becomes('/;x', '/');
    becomes('/;x/a', '/a');
    becomes('/a/;x/b', '/a/b');
  });

  it('merges slashes, drops dots, goes up', () => {
    becomes('//', '/');
    becomes('///', '/');
    becomes('//a', '/a');
    becomes('/a//b///c', '/a/b/c');
    becomes('/.', '/');
    becomes('/./a', '/a');
    becomes('/a/.', '/a');
    becomes('/a/./b', '/a/b');
    becomes('/a/../b', '/b');
    becomes('/a/b/../../c', '/c');
    becomes('/a/b/..', '/a');
    becomes('/a/..', '/');
    becomes('/a/%2e%2e/b', '/b');
    becomes('/a/%2E./b', '/b');
    becomes('/%2e/a', '/a');
  });

  it('goes up over a segment whose name only ends in it, and over parameters', () => {
    becomes('/a/bb/..', '/a');
    becomes('/a/b..;x/../c', '/a/c');
    becomes('/a/..;x/b', '/b');
    becomes('/a/.;x/b', '/a/b');
    becomes('/a/..;/..;/b', '/b');
    becomes('/a/%2e%2e;/b', '/b');
  });

  it('merges slashes before it goes up, and never goes above the root', () => {
    becomes('/a//../b', '/b');
    becomes('/a/b//..', '/a');
    becomes('/..', '/');
    becomes('/../', '/');
    becomes('/../../a', '/a');
    becomes('/a/../../../b', '/b');
  });

  it('drops the slash at the end', () => {
    becomes('/login/', '/login');
    becomes('/login//', '/login');
    becomes('/login/./', '/login');
    becomes('/login/;x', '/login');
    becomes('/a/b/', '/a/b');
  });

  it('copies a target that does not begin with a slash', () => {
    const targets = ['', '*', '*/', 'a/../b', '%2flogin', '\\login', 'http://x/%61', '.', '..'];
    for (let i = 0; i < targets.length; i++) {
      expect(normal(targets[i])).toBe(targets[i]);
      expect(quick(targets[i])).toBe(true, targets[i]);
    }
  });

  it('sees bytes above ASCII as they are', () => {
    const bytes = layHex('2f ff fe 2f c3 28 2f 80');
    expect(isNormalPath(bytes.ptr, bytes.size)).toBe(true);
    expect(readHex(out, normalizePath(bytes.ptr, bytes.size, out))).toBe('2ffffe2fc3282f80');
  });

  it('takes linear time for the worst that there is', () => {
    const size: u32 = 1 << 16;
    const slashes = layMany(0x2f, size);
    expect(normalizePath(slashes.ptr, size, out)).toBe(1);
    // Down and up by turns: `/a/../a/../…`, and all the way down before all the way up.
    for (let i: u32 = 0; i + 5 <= size; i += 5) store<u32>(slashes.ptr + i, 0x2e2f612f);
    for (let i: u32 = 4; i < size; i += 5) store<u8>(slashes.ptr + i, 0x2e);
    expect(normalizePath(slashes.ptr, size - (size % 5), out)).toBe(1);
    for (let i: u32 = 0; i < size / 5; i++) {
      store<u16>(slashes.ptr + (i << 1), 0x612f);
      store<u8>(slashes.ptr + (size / 5) * 2 + i * 3, 0x2f);
      store<u16>(slashes.ptr + (size / 5) * 2 + i * 3 + 1, 0x2e2e);
    }
    expect(normalizePath(slashes.ptr, (size / 5) * 5, out)).toBe(1);
  });
});
