// log: what guests and the host itself logged, oldest first.
// Promise: bounded; the oldest entries go first. Entries below the level are not kept, as Envoy
// would not print them.

import { LogLevel } from './status.js';

/** One line. `vm` names the instance (`main`, `worker 0`, `canary`), `plugin` the plugin or ''. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  readonly vm: string;
  readonly plugin: string;
}

export const LOG_ENTRIES_MAX = 10_000;

export class Log {
  readonly entries: LogEntry[] = [];
  readonly level: LogLevel;
  readonly #levelNumber: number;
  readonly #onLog: ((entry: LogEntry) => void) | undefined;

  constructor(level: LogLevel = 'info', onLog?: (entry: LogEntry) => void) {
    this.level = level;
    this.#levelNumber = LogLevel[level];
    this.#onLog = onLog;
  }

  add(level: LogLevel, message: string, vm: string, plugin: string): void {
    if (LogLevel[level] < this.#levelNumber) return;
    const entry: LogEntry = { level, message, vm, plugin };
    // Dropping a tenth at once keeps the price of the bound away from the single line.
    if (this.entries.length >= LOG_ENTRIES_MAX) this.entries.splice(0, LOG_ENTRIES_MAX / 10);
    this.entries.push(entry);
    this.#onLog?.(entry);
  }
}
