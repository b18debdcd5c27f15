import { describe, expect, it } from 'vitest';
import { LINE_CHARS_MAX, LINES_MAX, LogLines } from '../../../envoyfilter/src/envoy/log-lines.js';

const NEVER = new AbortController().signal;

describe('log-lines', () => {
  it('joins pieces into lines, and takes the rest at the end', () => {
    const log = new LogLines();
    log.write('a');
    log.write('b\r\nc\n\nd');
    expect(log.lines).toEqual(['ab', 'c', '']);
    log.end();
    log.end();
    expect(log.lines).toEqual(['ab', 'c', '', 'd']);
    expect(log.count).toBe(4);
  });

  it('keeps the last lines, and counts all', () => {
    const log = new LogLines();
    for (let index = 0; index <= LINES_MAX; index++) log.write(`${index}\n`);
    expect(log.lines).toHaveLength(LINES_MAX);
    expect(log.lines[0]).toBe('1');
    expect(log.count).toBe(LINES_MAX + 1);
  });

  it('cuts a line at its bound, in one piece or in many', () => {
    const log = new LogLines();
    log.write(`${'x'.repeat(LINE_CHARS_MAX)}\n${'y'.repeat(LINE_CHARS_MAX + 1)}\n`);
    for (let index = 0; index <= LINE_CHARS_MAX / 1024; index++) log.write('z'.repeat(1024));
    log.write('\n');
    expect(log.lines.map((line) => line.length)).toEqual(Array(3).fill(LINE_CHARS_MAX));
  });

  it('tells of each line once, whole', () => {
    const told: string[] = [];
    const log = new LogLines((line) => told.push(line));
    log.write('a');
    expect(told).toEqual([]);
    log.write('b\nc');
    log.end();
    expect(told).toEqual(['ab', 'c']);
  });

  it('finds a line that came already, also by a pattern with the g flag', async () => {
    const log = new LogLines();
    log.write('one\ntwo\n');
    const pattern = /o/g;
    expect(await log.waitFor(pattern, 0, NEVER)).toBe('one');
    expect(await log.waitFor(pattern, 0, NEVER)).toBe('one');
    expect(await log.waitFor(pattern, 1, NEVER)).toBe('two');
  });

  it('waits for a line after those that are known', async () => {
    const log = new LogLines();
    log.write('tick 1\n');
    const found = log.waitFor(/tick/, log.count, NEVER);
    log.write('tock\ntick 2\ntick 3\n');
    expect(await found).toBe('tick 2');
  });

  it('gives up by the reason of the signal', async () => {
    const log = new LogLines();
    const controller = new AbortController();
    const found = log.waitFor(/never/, 0, controller.signal);
    controller.abort(new Error('late'));
    await expect(found).rejects.toThrow('late');
    await expect(log.waitFor(/never/, 0, controller.signal)).rejects.toThrow('late');
  });
});
