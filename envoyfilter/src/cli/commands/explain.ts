import { InvalidArgumentError } from 'commander';
import { collect, type Describe, examples, integer, oneOf } from '../command.js';

const PLACES = ['gateway', 'inbound', 'outbound', 'sidecar'] as const;
const REPEAT_MAX = 100_000;

export const explain: Describe = ({ program, terminal, ended }) => {
  program
    .command('explain')
    .description('run the real filter on requests and say what it does, and why')
    .argument('[request]', "'POST /login', a path, a URL, or a command of curl")
    .requiredOption('-f, --file <file>', 'policy: a file, a folder or -; several times', collect)
    .option('--at <place>', `${PLACES.join(', ')}; default: of the first entry`, oneOf(PLACES))
    .option(
      '-H, --header <name: value>',
      "header of the request; several times; 'name;' is an empty one",
      collect,
    )
    .option('--client-ip <address>', 'whom Envoy takes for the client; default 192.0.2.1')
    .option('--requests <file>', 'lines of curl, or a HAR file; - is the standard input')
    .option('--repeat <n>', 'send it so often, and say what came of each', integer(1, REPEAT_MAX))
    .option('--every <time>', 'virtual time between requests, as 100ms; default 0ms', milliseconds)
    .option('--namespace <name>', 'entries of workloads in this namespace only')
    .option('--labels <k=v,...>', 'entries that select workloads with these labels only', labels)
    .option('--tree <services>', "follow the request through workloads app=a, app=b, as 'a > b'")
    .option('--forwards <service: headers>', 'what a service gives on to its calls', collect)
    .option('--format <format>', 'text or json', oneOf(['text', 'json'] as const), 'text')
    .addHelpText(
      'after',
      examples(
        ["tagalong explain -f policy.yaml 'GET /' -H 'x-user-group: internal'", 'why this tag?'],
        ["tagalong explain -f policy.yaml --at gateway 'POST /login' --repeat 30", 'when limited?'],
        ['tagalong explain -f policy.yaml --requests traffic.har --format json', 'of real traffic'],
        [
          "tagalong explain -f policy.yaml / --tree 'frontend > reviews > ratings'",
          'where does the tag get lost?',
        ],
      ),
    )
    .action(async (request: string | undefined, options) => {
      const { runExplain } = await import('../run/explain.js');
      ended(await runExplain(request, options, terminal));
    });
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The longest repetition takes 274 years: a clock of 64 bits counts 292 in nanoseconds. */
const EVERY_MAX_MS = 86_400_000;

function milliseconds(text: string): number {
  const [, count = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  const time = Number(count) * (UNITS[unit] ?? 1);
  if (count !== '' && time <= EVERY_MAX_MS) return time;
  throw new InvalidArgumentError('Wanted a time such as 100ms, 2s or 1m, at most 24h.');
}

function labels(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split('='));
  const wrong = pairs.find((pair) => pair.length !== 2 || pair[0] === '');
  if (wrong !== undefined)
    throw new InvalidArgumentError('Wanted labels such as app=web,tier=front.');
  return Object.fromEntries(pairs as [string, string][]);
}
