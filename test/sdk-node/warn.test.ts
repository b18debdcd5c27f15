// What is said to the operator is said once, and not without end.

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { state } from '../../sdk-node/src/core/state.js';
import { warnOnce } from '../../sdk-node/src/core/warn.js';

const MAX = 1024;
const said = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});

beforeEach(() => {
  said.mockClear();
  state.said.clear();
});

afterEach(() => state.said.clear());

it('says each thing once', () => {
  for (const about of ['a', 'b', 'a', 'b']) warnOnce(about, `of ${about}`);
  expect(said.mock.calls.map(([message]) => message)).toEqual(['of a', 'of b']);
});

it('says no more after so many things, and that', () => {
  for (let i = 0; i < 2 * MAX; i++) warnOnce(`host ${i}`, `of ${i}`);
  warnOnce('host 0', 'of 0');
  expect(said).toHaveBeenCalledTimes(MAX + 1);
  expect(said.mock.calls[MAX - 1]?.[0]).toBe(`of ${MAX - 1}`);
  expect(said.mock.calls[MAX]?.[0]).toBe(`${MAX} warnings were given: there are no more.`);
  expect(state.said.size).toBe(MAX + 1);
});
