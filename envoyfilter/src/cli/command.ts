// command: what the files of commands/ have in common. A file describes its command; what it does is
// imported when it is called, since `tagalong --version` must not pay for it.

import { type Command, InvalidArgumentError } from 'commander';
import type { Terminal } from './terminal.js';

/** What all descriptions are given. */
export interface Cli {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Told how the command ended. */
  ended(code: number): void;
}

/** Adds one command to the program. */
export type Describe = (cli: Cli) => void;

/** Lines below `--help`. */
export function examples(...lines: readonly (readonly [command: string, does: string])[]): string {
  const width = Math.max(...lines.map(([command]) => command.length));
  const text = lines.map(([command, does]) => `  ${command.padEnd(width)}  ${does}`);
  return `\nExamples:\n${text.join('\n')}\n`;
}

/** For an option that is one of a few words; says which it could have been. */
export function oneOf<T extends string>(words: readonly T[]): (value: string) => T {
  return (value) => {
    if ((words as readonly string[]).includes(value)) return value as T;
    throw new InvalidArgumentError(`Wanted one of ${words.join(', ')}.`);
  };
}

/** For an option that is a number from `from` to `to`. */
export function integer(from: number, to: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^-?\d+$/.test(value) && number >= from && number <= to) return number;
    throw new InvalidArgumentError(`Wanted a whole number from ${from} to ${to}.`);
  };
}

/** For an option that may be given several times. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}
