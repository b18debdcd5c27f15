// validate: what the command is called with; what it does is in run/validate.ts.

import { collect, type Describe, examples, oneOf } from '../command.js';

const FORMATS = ['text', 'json', 'github', 'junit', 'sarif'] as const;

export const validate: Describe = ({ program, terminal, ended }) => {
  program
    .command('validate')
    .description('say what is wrong with policies')
    .argument('[FILE...]', 'policies: files or folders; - is the standard input')
    .option('-f, --file <FILE>', 'a policy, as an argument would be; repeatable', collect)
    .option('--format <FORMAT>', FORMATS.join(', '), oneOf(FORMATS), 'text')
    .option('--strict', 'warnings are faults too')
    .option('--quiet', 'print faults only')
    .option('--no-module', 'do not try the policy on the filter itself')
    .addHelpText(
      'after',
      examples(
        ['tagalong validate policy.yaml', 'one file'],
        ['tagalong validate policies/ --strict', 'a folder; warnings fail too'],
        ['helm template . | tagalong validate -', 'what another tool makes'],
        ['tagalong validate policies/ --format github', 'beside the lines of a pull request'],
      ),
    )
    .action(async (files: string[], options) => {
      const { runValidate } = await import('../run/validate.js');
      ended(await runValidate([...files, ...(options.file ?? [])], options, terminal));
    });
};
