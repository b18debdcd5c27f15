import { collect, type Describe, examples, integer, oneOf } from '../command.js';

const DIRECTIONS = ['gateway', 'inbound', 'outbound'] as const;

export const doctor: Describe = ({ program, terminal, ended }) => {
  program
    .command('doctor')
    .description('say what is wrong with the filter in a live proxy')
    .option('--admin <URL>', "the proxy's admin interface", 'http://127.0.0.1:15000')
    .option('-f, --file <FILE>', 'the policy that it should run; repeatable, - is stdin', collect)
    .option(
      `--at <${DIRECTIONS.join('|')}>`,
      'what of the policy it should run; default: what the proxy is says so',
      oneOf(DIRECTIONS),
    )
    .option(
      '--wait <SECONDS>',
      'read the counters twice, so far apart, to see whether they move',
      integer(0, 3600),
      0,
    )
    .option('--format <text|json>', 'how to say it', oneOf(['text', 'json']), 'text')
    .addHelpText(
      'after',
      examples(
        ['kubectl port-forward POD 15000', "in another terminal: makes a pod's proxy reachable"],
        ['tagalong doctor', 'is the filter there, and at work?'],
        ['tagalong doctor -f policy.yaml', 'and is it this policy?'],
        ['tagalong doctor --wait 5 --format json', 'do its counters move? For programs'],
      ),
    )
    .action(async (options) => {
      const { runDoctor } = await import('../run/doctor.js');
      ended(await runDoctor(options, terminal));
    });
};
