import { collect, type Describe, examples, integer, oneOf } from '../command.js';

export const up: Describe = ({ program, terminal, ended }) => {
  program
    .command('up')
    .description('run a local Envoy with a policy in front of your services')
    .requiredOption('-f, --file <FILE>', 'the policy; repeatable, - is stdin', collect)
    .requiredOption(
      '--version <NAME=HOST:PORT>',
      'where a version of the routes is; NAME or ROUTE/NAME; repeatable',
      collect,
    )
    .option('--port <N>', 'where it listens; 0: any that is free', integer(0, 65535), 8080)
    .option('--admin-port <N>', "where Envoy's admin interface is; 0: any", integer(0, 65535), 0)
    .option('--watch', 'read the policy again whenever its file changes')
    .option(
      '--format <text|json>',
      'a line of text for each request, or a line of JSON',
      oneOf(['text', 'json']),
      'text',
    )
    .option('--explain', 'say for each request what the filter did, rule by rule')
    .addHelpText(
      'after',
      examples(
        [
          'tagalong up -f policy.yaml --version stable=127.0.0.1:3001 --version canary=127.0.0.1:3002',
          'two versions of a service',
        ],
        [
          'tagalong up … --watch --explain',
          'while you edit the policy; with what the filter did, rule by rule',
        ],
        [
          "curl -H 'x-user-group: internal' http://127.0.0.1:8080/",
          'a request, in another terminal',
        ],
      ),
    )
    .action(async (options) => {
      const { runUp } = await import('../run/up.js');
      ended(await runUp(options, terminal));
    });
};
