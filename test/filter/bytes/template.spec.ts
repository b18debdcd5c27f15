import { isTemplate, matchesTemplate } from '../../../filter/assembly/bytes/template';
import { lay } from '../support';

function valid(template: string): bool {
  const slice = lay(template);
  return isTemplate(slice.ptr, slice.size);
}

function matches(template: string, path: string, fold: bool = false): bool {
  const wanted = lay(template);
  const found = lay(path);
  return matchesTemplate(wanted.ptr, wanted.size, found.ptr, found.size, fold);
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
});
