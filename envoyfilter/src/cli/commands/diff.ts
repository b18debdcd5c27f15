import { type Describe, examples, integer, oneOf } from '../command.js';

const FORMATS = ['text', 'json', 'github', 'junit', 'sarif'] as const;
const PLACES = ['gateway', 'inbound', 'outbound'] as const;
const IDENTITIES = 1000;

export const diff: Describe = ({ program, terminal, ended }) => {
  program
    .command('diff')
    .description('say which requests two policies treat differently')
    .argument('<old>', 'policy: a file, a folder or -')
    .argument('<new>', 'policy: a file, a folder or -')
    .option(
      '--requests <file>',
      'lines of curl, or a HAR file; default: made from both policies, to try every rule',
    )
    .option('--at <place>', `${PLACES.join(', ')}; default: all`, oneOf(PLACES))
    .option('--identities <n>', 'tried of each share', integer(1, 10_000), IDENTITIES)
    .option('--format <format>', FORMATS.join(', '), oneOf(FORMATS), 'text')
    .addHelpText(
      'after',
      examples(
        ['tagalong diff policy.yaml new.yaml', 'who moves, and where to'],
        ['git show HEAD:policy.yaml | tagalong diff - policy.yaml', 'since the last commit'],
        ['tagalong diff old.yaml new.yaml --requests traffic.har', 'of real traffic'],
      ),
    )
    .action(async (before: string, after: string, options) => {
      const { runDiff } = await import('../run/diff.js');
      ended(await runDiff(before, after, options, terminal));
    });
};
