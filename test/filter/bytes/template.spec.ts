import { Slice } from '../../../filter/assembly/bytes/slice';
import {
  isTemplate,
  matchesTemplate,
  templateHas,
  templateVariable,
} from '../../../filter/assembly/bytes/template';
import { lay, read } from '../support';

const NONE = '(none)';
const out: Slice = changetype<Slice>(memory.data(8, 8));

function valid(template: string): bool {
  const slice = lay(template);
  return isTemplate(slice.ptr, slice.size);
}

function matches(template: string, path: string, fold: bool = false): bool {
  const wanted = lay(template);
  const found = lay(path);
  return matchesTemplate(wanted.ptr, wanted.size, found.ptr, found.size, fold);
}

function has(template: string, name: string): bool {
  const slice = lay(template);
  const wanted = lay(name);
  return templateHas(slice.ptr, slice.size, wanted.ptr, wanted.size);
}

/** What stands for a name in a path. */
function variable(template: string, path: string, name: string, fold: bool = false): string {
  const wanted = lay(template);
  const found = lay(path);
  const slice = lay(name);
  const known = templateVariable(
    wanted.ptr,
    wanted.size,
    found.ptr,
    found.size,
    fold,
    slice.ptr,
    slice.size,
    out,
  );
  return known ? read(out.ptr, out.size) : NONE;
}

describe('template', () => {
  it('starts with a slash', () => {
    expect(valid('/')).toBe(true);
    expect(valid('/users')).toBe(true);
    expect(valid('')).toBe(false);
    expect(valid('users')).toBe(false);
    expect(valid('{id}')).toBe(false);
  });

  it('takes braces that hold a name and fill their segment', () => {
    expect(valid('/{i}')).toBe(true);
    expect(valid('/users/{id}/orders/{order}')).toBe(true);
    expect(valid('/{a}/')).toBe(true);
    expect(valid('//')).toBe(true);
  });

  it('refuses braces that are empty, unpaired, nested or mixed with text', () => {
    expect(valid('/{}')).toBe(false);
    expect(valid('/{id')).toBe(false);
    expect(valid('/id}')).toBe(false);
    expect(valid('/{{id}}')).toBe(false);
    expect(valid('/v{id}')).toBe(false);
    expect(valid('/{id}.json')).toBe(false);
    expect(valid('/{a}{b}')).toBe(false);
    expect(valid('/}{')).toBe(false);
    expect(valid('/}a{')).toBe(false);
    expect(valid('/{a/b}')).toBe(false);
    expect(valid('/ok/{}')).toBe(false);
    expect(valid('/ok/{id')).toBe(false);
  });

  it('matches one whole segment for each pair of braces', () => {
    expect(matches('/users/{id}/orders', '/users/7/orders')).toBe(true);
    expect(matches('/users/{id}/orders', '/users/a-b.c/orders')).toBe(true);
    expect(matches('/users/{id}', '/users/7')).toBe(true);
    expect(matches('/{a}/{b}', '/x/y')).toBe(true);
    expect(matches('/{a}/', '/x/')).toBe(true);
  });

  it('does not match an empty segment, a missing one or one more', () => {
    expect(matches('/users/{id}/orders', '/users//orders')).toBe(false);
    expect(matches('/users/{id}', '/users/')).toBe(false);
    expect(matches('/users/{id}', '/users')).toBe(false);
    expect(matches('/users/{id}', '/users/7/')).toBe(false);
    expect(matches('/users/{id}', '/users/7/8')).toBe(false);
    expect(matches('/users/{id}/orders', '/users/7')).toBe(false);
    expect(matches('/users/{id}/orders', '/users/7/order')).toBe(false);
    expect(matches('/users/{id}/orders', '/users/7/orders/')).toBe(false);
    expect(matches('/', '')).toBe(false);
    expect(matches('/', '/')).toBe(true);
  });

  it('takes the braces of a path as any other text', () => {
    expect(matches('/{id}', '/{id}')).toBe(true);
    expect(matches('/{id}', '/}')).toBe(true);
    expect(matches('/users', '/{id}')).toBe(false);
  });

  it('ignores case only where it is told to, on both sides', () => {
    expect(matches('/Users/{id}', '/uSERS/7', true)).toBe(true);
    expect(matches('/Users/{id}', '/users/7')).toBe(false);
    expect(matches('/users/{id}', '/Users/7')).toBe(false);
    expect(matches('/users', '/userz', true)).toBe(false);
  });

  it('knows its variables', () => {
    expect(has('/users/{id}/orders/{order}', 'id')).toBe(true);
    expect(has('/users/{id}/orders/{order}', 'order')).toBe(true);
    expect(has('/{a}', 'a')).toBe(true);
    expect(has('/users/{id}', 'users')).toBe(false);
    expect(has('/users/{id}', 'i')).toBe(false);
    expect(has('/users/{id}', 'idx')).toBe(false);
    expect(has('/users/{id}', 'Id')).toBe(false);
    expect(has('/users/{id}', '{id}')).toBe(false);
    expect(has('/users/{id}', '')).toBe(false);
    expect(has('/', 'id')).toBe(false);
    expect(has('', 'id')).toBe(false);
  });

  it('gives the segment that stands for a variable', () => {
    expect(variable('/users/{id}/orders/{order}', '/users/7/orders/x-1', 'id')).toBe('7');
    expect(variable('/users/{id}/orders/{order}', '/users/7/orders/x-1', 'order')).toBe('x-1');
    expect(variable('/{a}', '/é', 'a')).toBe('é');
    expect(variable('/{a}/', '/x/', 'a')).toBe('x');
    expect(variable('/{a}', '/{a}', 'a')).toBe('{a}');
    expect(variable('/U/{id}', '/u/Seven', 'id', true)).toBe('Seven');
  });

  it('gives the first of two of one name', () => {
    expect(variable('/{a}/{a}', '/1/2', 'a')).toBe('1');
    expect(variable('/{b}/{a}/{a}', '/0/1/2', 'a')).toBe('1');
  });

  it('gives nothing where the path is no instance, or no variable has the name', () => {
    expect(variable('/users/{id}', '/users/7/8', 'id')).toBe(NONE);
    expect(variable('/users/{id}/orders', '/users/7/order', 'id')).toBe(NONE);
    expect(variable('/users/{id}', '/users/', 'id')).toBe(NONE);
    expect(variable('/users/{id}', '/Users/7', 'id')).toBe(NONE);
    expect(variable('/users/{id}', '/users/7', 'i')).toBe(NONE);
    expect(variable('/users/{id}', '/users/7', 'users')).toBe(NONE);
    expect(variable('/users', '/users', 'id')).toBe(NONE);
    expect(variable('/users/{id}', '/users/7', '')).toBe(NONE);
  });
});
