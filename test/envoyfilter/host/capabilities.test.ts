import { describe, expect, it } from 'vitest';
import { Capabilities } from '../../../envoyfilter/src/host/capabilities.js';

describe('a capability list', () => {
  it('restricts nothing where it is empty', () => {
    expect(new Capabilities().allows('proxy_log')).toBe(true);
    expect(new Capabilities([]).key).toBe('');
  });

  it('allows its names, in full, and no other', () => {
    const list = new Capabilities(['proxy_log', 'random_get']);
    expect(
      ['proxy_log', 'random_get', 'log', 'proxy_done'].map((name) => list.allows(name)),
    ).toEqual([...[true, true, false, false]]);
  });

  it('is the same whatever its order, and however often it names one', () => {
    const key = (...names: string[]) => new Capabilities(names).key;
    expect(key('a', 'b')).toBe(key('b', 'a', 'b'));
    expect(key('a', 'b')).not.toBe(key('a'));
  });
});
