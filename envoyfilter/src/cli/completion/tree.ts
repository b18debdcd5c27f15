// tree: what a shell must know of the commands to complete them. Pure data, from the descriptions.

import type { Command, Option } from 'commander';

/** What can stand where a value is wanted. */
export type Value =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' }
  | { readonly kind: 'other'; readonly name: string };

export interface OptionWords {
  /** As `-f`. */
  readonly short: string | undefined;
  /** As `--file`. */
  readonly long: string | undefined;
  readonly about: string;
  /** Undefined: a switch. */
  readonly value: Value | undefined;
}

export interface CommandWords {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionWords[];
  /** Of its arguments, in turn; the last one for all that follow. */
  readonly values: readonly Value[];
}

export interface Tree {
  readonly program: string;
  readonly options: readonly OptionWords[];
  readonly commands: readonly CommandWords[];
}

const HELP: OptionWords = {
  short: '-h',
  long: '--help',
  about: 'print this',
  value: undefined,
};

export function treeOf(program: Command): Tree {
  return {
    program: program.name(),
    options: [...program.options.map(optionWords), HELP],
    commands: program.commands.map((command) => ({
      name: command.name(),
      about: command.description(),
      options: [...command.options.map(optionWords), HELP],
      values: command.registeredArguments.map((argument) =>
        valueFor(argument.name(), argument.argChoices),
      ),
    })),
  };
}

function optionWords(option: Option): OptionWords {
  const { short, long, description, flags, argChoices } = option;
  // `<text|json>` or `[FILE]` in the flags.
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  return {
    short,
    long,
    about: description,
    value: placeholder === undefined ? undefined : valueFor(placeholder, argChoices),
  };
}

function valueFor(placeholder: string, choices: readonly string[] | undefined): Value {
  const name = placeholder.replace(/\.\.\.$/, '');
  if (choices !== undefined) return { kind: 'words', words: choices };
  if (name.includes('|')) return { kind: 'words', words: name.split('|') };
  if (/file|dir|path|folder|policy|policies|old|new/i.test(name)) return { kind: 'file' };
  return { kind: 'other', name };
}
