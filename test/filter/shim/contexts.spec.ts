import {
  GROUPS_MAX,
  groupOfRoot,
  NO_NOTE,
  NO_ROOT,
  noteOfRoot,
  ROOTS_MAX,
  rememberRoot,
  rememberStream,
  rootOfStream,
  STREAMS_MAX,
} from '../../../filter/assembly/shim/contexts';

// The tables are the module's own: each case takes ids that no case before it took.
describe('contexts', () => {
  it('knows no stream and no root at first', () => {
    expect(rootOfStream(1)).toBe(NO_ROOT);
    expect(rootOfStream(0)).toBe(NO_ROOT);
    expect(noteOfRoot(1)).toBe(NO_NOTE);
    expect(noteOfRoot(NO_ROOT)).toBe(NO_NOTE);
  });

  it('remembers the root of a stream', () => {
    rememberStream(10, 1);
    rememberStream(11, 2);
    expect(rootOfStream(10)).toBe(1);
    expect(rootOfStream(11)).toBe(2);
    expect(rootOfStream(12)).toBe(NO_ROOT);
  });

  it('remembers the newest STREAMS_MAX streams', () => {
    const first: u32 = 100_000;
    for (let i: u32 = 0; i < STREAMS_MAX; i++) rememberStream(first + i, i + 1);
    let known: u32 = 0;
    for (let i: u32 = 0; i < STREAMS_MAX; i++) if (rootOfStream(first + i) == i + 1) known++;
    expect(known).toBe(STREAMS_MAX);
  });

  it('forgets the oldest for one more, and never takes one for the other', () => {
    const first: u32 = 200_000;
    for (let i: u32 = 0; i <= STREAMS_MAX; i++) rememberStream(first + i, i + 1);
    expect(rootOfStream(first)).toBe(NO_ROOT);
    expect(rootOfStream(first + 1)).toBe(2);
    expect(rootOfStream(first + STREAMS_MAX)).toBe(STREAMS_MAX + 1);
    expect(rootOfStream(first + STREAMS_MAX + 1)).toBe(NO_ROOT);
  });

  it('takes the largest id', () => {
    rememberStream(u32.MAX_VALUE, 3);
    expect(rootOfStream(u32.MAX_VALUE)).toBe(3);
  });

  it('notes something of a root, and something else when told so', () => {
    rememberRoot(0, 7, 0);
    expect(noteOfRoot(7)).toBe(0);
    rememberRoot(0, 7, 5);
    expect(noteOfRoot(7)).toBe(5);
    expect(noteOfRoot(8)).toBe(NO_NOTE);
  });

  it('remembers ROOTS_MAX roots, and forgets the oldest for one more', () => {
    const first: u32 = 1000;
    for (let i: u32 = 0; i < ROOTS_MAX; i++) rememberRoot(0, first + i, i);
    for (let i: u32 = 0; i < ROOTS_MAX; i++) expect(noteOfRoot(first + i)).toBe(i);
    rememberRoot(0, first + ROOTS_MAX, 9);
    expect(noteOfRoot(first)).toBe(NO_NOTE);
    expect(noteOfRoot(first + 1)).toBe(1);
    expect(noteOfRoot(first + ROOTS_MAX - 1)).toBe(ROOTS_MAX - 1);
    expect(noteOfRoot(first + ROOTS_MAX)).toBe(9);
  });

  it('does not let a root that is told again push others out', () => {
    const first: u32 = 2000;
    for (let i: u32 = 0; i < ROOTS_MAX; i++) rememberRoot(0, first + i, i);
    for (let i: u32 = 0; i < 10; i++) rememberRoot(0, first + 3, 1);
    expect(noteOfRoot(first)).toBe(0);
    expect(noteOfRoot(first + 3)).toBe(1);
    // And the next one pushes out the oldest, as if nothing had been told again.
    rememberRoot(0, first + ROOTS_MAX, 9);
    expect(noteOfRoot(first)).toBe(NO_NOTE);
    for (let i: u32 = 1; i <= ROOTS_MAX; i++) expect(noteOfRoot(first + i)).not.toBe(NO_NOTE);
  });

  it('never lets the roots of one group push out those of another', () => {
    const last = GROUPS_MAX - 1;
    rememberRoot(1, 5000, 11);
    rememberRoot(last, 5001, 12);
    for (let i: u32 = 0; i < 4 * ROOTS_MAX; i++) {
      rememberRoot(0, 6000 + i, 0);
      rememberRoot(2, 7000 + i, 0);
    }
    expect(noteOfRoot(5000)).toBe(11);
    expect(groupOfRoot()).toBe(1);
    expect(noteOfRoot(5001)).toBe(12);
    expect(groupOfRoot()).toBe(last);
  });
});
