// completion: prints the completion script of a shell, made from the commands as they are.

import type { Command } from 'commander';
import { bashScript } from '../completion/bash.js';
import { fishScript } from '../completion/fish.js';
import { type Tree, treeOf } from '../completion/tree.js';
import { zshScript } from '../completion/zsh.js';
import { DONE } from '../exit.js';
import type { Terminal } from '../terminal.js';

const SCRIPTS: Readonly<Record<'bash' | 'zsh' | 'fish', (tree: Tree) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @returns the exit code */
export function runCompletion(
  shell: keyof typeof SCRIPTS,
  format: 'text' | 'json',
  program: Command,
  terminal: Terminal,
): number {
  const script = SCRIPTS[shell](treeOf(program));
  terminal.out(format === 'json' ? `${JSON.stringify({ shell, script }, null, 2)}\n` : script);
  return DONE;
}
