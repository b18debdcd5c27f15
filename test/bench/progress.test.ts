// How far a run is: one line on a terminal, few lines elsewhere.

import { describe, expect, it } from 'vitest';
import { Progress } from '../../bench/src/run/progress.js';

function told(isTTY: boolean, columns = 80) {
  const clock = { ms: 0 };
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const progress = new Progress({ isTTY, columns, write }, () => clock.ms);
  return { clock, written, progress };
}

describe('progress', () => {
  it('says what is left once a fiftieth is done', () => {
    const { clock, written, progress } = told(true);
    clock.ms = 1_000;
    progress.tell(0.019, 'cpu');
    clock.ms = 100_000;
    progress.tell(0.25, 'cpu: tag write');
    expect(written.map((text) => text.replace('\r', '').replace('\u001b[K', ''))).toEqual([
      '  1 % time left: unknown  cpu',
      ' 25 % 5 min 0 s left  cpu: tag write',
    ]);
  });

  it('fits the line of a terminal, and leaves it', () => {
    const { written, progress } = told(true, 20);
    progress.tell(0.5, 'something long');
    progress.done();
    expect(written).toEqual(['\r 50 % 0 s left  som\u001b[K', '\r\u001b[K']);
  });

  it('writes a line each ten seconds elsewhere', () => {
    const { clock, written, progress } = told(false);
    for (clock.ms = 0; clock.ms <= 20_000; clock.ms += 2_500) progress.tell(0.5, 'cpu');
    progress.done();
    expect(written).toHaveLength(3);
    expect(written.every((text) => text.endsWith('\n') && !text.includes('\u001b'))).toBe(true);
  });
});
