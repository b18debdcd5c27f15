import { describe, expect, it } from 'vitest';
import { LOG_ENTRIES_MAX, Log } from '../../../envoyfilter/src/host/log.js';

describe('the log', () => {
  it('drops what is below its level, and tells of what it keeps', () => {
    const told: string[] = [];
    const log = new Log('warn', ({ message }) => told.push(message));
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const) {
      log.add(level, level, 'main', 'p');
    }
    expect(told).toEqual(['warn', 'error', 'critical']);
    expect(log.entries[0]).toEqual({ level: 'warn', message: 'warn', vm: 'main', plugin: 'p' });
    expect(new Log().level).toBe('info');
  });

  it(`keeps ${LOG_ENTRIES_MAX} lines, and the latest of more`, () => {
    const log = new Log();
    for (let i = 1; i <= LOG_ENTRIES_MAX; i += 1) log.add('info', String(i), '', '');
    expect(log.entries).toHaveLength(LOG_ENTRIES_MAX);
    expect(log.entries[0]?.message).toBe('1');
    log.add('info', 'last', '', '');
    expect(log.entries.length).toBeLessThanOrEqual(LOG_ENTRIES_MAX);
    expect(log.entries[0]?.message).not.toBe('1');
    expect(log.entries.at(-1)?.message).toBe('last');
  });
});
