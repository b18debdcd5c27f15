import { collect, type Describe, examples, oneOf } from '../command.js';

export const bucket: Describe = ({ program, terminal, ended }) => {
  program
    .command('bucket')
    .description('print the percentage bucket of an identity')
    .argument('[salt]', "a rule's salt; its default is NAMESPACE/POLICY/HEADER")
    .argument('[identity]', 'the value of a cookie, a header, an address')
    .option('-f, --file <file>', 'policy whose rules are asked; several times', collect)
    .option('--rule <name>', 'of the policy, this rule only')
    .option('--identity <identity>', 'whom the rules of the policy are asked about')
    .option('--format <format>', 'text or json', oneOf(['text', 'json'] as const), 'text')
    .addHelpText(
      'after',
      examples(
        ['tagalong bucket checkout-2026-11 nora', 'where nora stands, 0 to 9999'],
        ['tagalong bucket -f policy.yaml --identity nora', 'which rules take her'],
        ['tagalong bucket -f policy.yaml --rule ten-percent --identity 2001:db8::7', 'an address'],
      ),
    )
    .action(async (salt: string | undefined, identity: string | undefined, options) => {
      const { runBucket } = await import('../run/bucket.js');
      ended(await runBucket(salt, identity, options, terminal));
    });
};
