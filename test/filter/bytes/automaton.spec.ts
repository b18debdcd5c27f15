import {
  AUTOMATON_ACCEPTS,
  AUTOMATON_CLASSES,
  AUTOMATON_ROWS,
  automatonMatches,
  automatonRowSize,
} from '../../../filter/assembly/bytes/automaton';
import { lay, layMany } from '../support';

const ROW: u32 = 8;
const automaton: usize = heap.alloc(AUTOMATON_ROWS + 4 * ROW);

function row(state: u32, other: u16, a: u16, b: u16, accepts: u16): void {
  const ptr = automaton + AUTOMATON_ROWS + state * ROW;
  store<u16>(ptr, other);
  store<u16>(ptr, a, 2);
  store<u16>(ptr, b, 4);
  store<u16>(ptr, accepts, 6);
}

/** a+b: state 2 has read an a, state 3 the b. */
function makeAutomaton(): void {
  memory.fill(automaton, 0, AUTOMATON_ROWS);
  store<u32>(automaton, ROW);
  store<u32>(automaton, 6, AUTOMATON_ACCEPTS);
  store<u8>(automaton + AUTOMATON_CLASSES + 0x61, 1);
  store<u8>(automaton + AUTOMATON_CLASSES + 0x62, 2);
  row(0, 0, 0, 0, 0);
  row(1, 0, 2, 0, 0);
  row(2, 0, 2, 3, 0);
  row(3, 0, 0, 0, 1);
}

function matches(text: string): bool {
  const slice = lay(text);
  return automatonMatches(automaton, slice.ptr, slice.size);
}

describe('automaton', () => {
  beforeAll(() => {
    makeAutomaton();
  });

  it('matches whole texts only', () => {
    expect(matches('ab')).toBe(true);
    expect(matches('aaaab')).toBe(true);
    expect(matches('a')).toBe(false);
    expect(matches('b')).toBe(false);
    expect(matches('abb')).toBe(false);
    expect(matches('aba')).toBe(false);
    expect(matches('xab')).toBe(false);
    expect(matches('abx')).toBe(false);
    expect(matches('é')).toBe(false);
  });

  it('looks at its start for an empty text', () => {
    expect(matches('')).toBe(false);
    row(1, 0, 2, 0, 1);
    expect(matches('')).toBe(true);
    expect(matches('a')).toBe(false);
    row(1, 0, 2, 0, 0);
  });

  it('reads no further where nothing can match any more', () => {
    // The rest of this text would lie behind the end of memory.
    const slice = layMany(0x62, 1);
    expect(automatonMatches(automaton, slice.ptr, <u32>-1)).toBe(false);
  });

  it('has room in a row for all classes and whether it matches, in steps of eight', () => {
    expect(automatonRowSize(1)).toBe(8);
    expect(automatonRowSize(3)).toBe(8);
    expect(automatonRowSize(4)).toBe(16);
    expect(automatonRowSize(256)).toBe(520);
  });
});
