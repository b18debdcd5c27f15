// rule: what the command is called with; what it does is in run/rule.ts.

import { type Describe, examples, oneOf } from '../command.js';

export const rule: Describe = ({ program, terminal, ended }) => {
  program
    .command('rule')
    .description('explain a rule of validate, or list them all')
    .argument('[ID]', 'as findings have it in brackets')
    .option('--format <FORMAT>', 'text or json', oneOf(['text', 'json'] as const), 'text')
    .addHelpText(
      'after',
      examples(
        ['tagalong rule', 'all rules'],
        ['tagalong rule percent-needs-identity', 'why it exists, how to mend it'],
      ),
    )
    .action(async (id: string | undefined, options) => {
      const { runRule } = await import('../run/rule.js');
      ended(runRule(id, options, terminal));
    });
};
