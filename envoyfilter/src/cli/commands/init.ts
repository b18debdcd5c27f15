// init: what the command is called with; what it does is in run/init.ts.

import { type Describe, examples, oneOf } from '../command.js';

export const init: Describe = ({ program, terminal, ended }) => {
  program
    .command('init')
    .description('write a commented policy that validates')
    .argument('[FILE]', 'where to; - prints it', 'policy.yaml')
    .option('--force', 'overwrite FILE')
    .option('--format <FORMAT>', 'text or json', oneOf(['text', 'json'] as const), 'text')
    .addHelpText(
      'after',
      examples(
        ['tagalong init', 'writes policy.yaml'],
        ['tagalong init - | less', 'prints it'],
        ['tagalong init && tagalong validate policy.yaml', 'and then?'],
      ),
    )
    .action(async (file: string, options) => {
      const { runInit } = await import('../run/init.js');
      ended(await runInit(file, options, terminal));
    });
};
