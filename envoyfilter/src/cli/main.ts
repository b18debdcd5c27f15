// main: the command `tagalong`: reads the command line, runs one command, says how it ended.

import { Command, CommanderError } from 'commander';
import { COMMANDS } from './commands/index.js';
import { DONE, FINDINGS, InputError, OURS, USAGE, UsageError } from './exit.js';
import { paint, type Terminal } from './terminal.js';

const ABOUT = `One policy file for a mesh: tags for canary routing, trace propagation, rate limits.

Exit codes: 0 done, 1 findings (the input is wrong, a proxy is unhealthy, policies differ), 2 wrong usage, 70 a fault of ours.`;

/** @param argv without node and script @returns the exit code */
export async function main(
  argv: readonly string[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  let code = DONE;
  const program = new Command('tagalong')
    .description(ABOUT)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      getOutHasColors: () => terminal.colour.out,
      getErrHasColors: () => terminal.colour.err,
    })
    // `up --version NAME=HOST:PORT` is the command's option, not ours.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError('--help tells what there is.')
    .exitOverride();
  const cli = {
    program,
    terminal,
    ended: (ended: number) => {
      code = ended;
    },
  };
  for (const describe of COMMANDS) describe(cli);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    return ending(error, terminal);
  }
}

function ending(error: unknown, { err, colour, signal }: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
  // Ended by the user, who knows.
  if (signal.aborted) return 130;
  const title = paint(colour.err, 'red', 'error');
  if (error instanceof UsageError || error instanceof InputError) {
    err(`${title}: ${error.message}\n`);
    return error instanceof UsageError ? USAGE : FINDINGS;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  err(
    `${title}: this is a fault of tagalong. Please report it with the policy and this:\n${text}\n`,
  );
  return OURS;
}
