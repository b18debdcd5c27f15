// render: what the command is called with; what it does is in run/render.ts.

import { collect, type Describe, examples, oneOf } from '../command.js';

const AS = [
  'envoyfilter',
  'wasmplugin',
  'trafficextension',
  'envoy',
  'helm',
  'ratelimit',
  'prometheus',
  'grafana',
  'env',
] as const;

const PARTS = ['routes', 'filters'] as const;
const FORMATS = ['text', 'json'] as const;

export const render: Describe = ({ program, terminal, ended }) => {
  program
    .command('render')
    .description('write what Istio, Envoy, Helm, Prometheus and Grafana load')
    .argument('[FILE...]', 'policies: files or folders; - is the standard input')
    .option('-f, --file <FILE>', 'a policy, as an argument would be; repeatable', collect)
    .requiredOption('--as <KIND>', `what: ${AS.join(', ')}`, oneOf(AS))
    .option('--istio <VERSION>', 'for this Istio, 1.28 to 1.31 (default 1.31)')
    .option('--envoy <VERSION>', 'for this Envoy, 1.36 to 1.40 (default: that of Istio)')
    .option('--only <PART>', 'routes or filters: a part of what Istio is given', oneOf(PARTS))
    .option('-o, --out <DIR>', 'write files there (default: print them)')
    .option('--check', 'write nothing; exit 1 where DIR is not what would be written')
    .option('--module <FILE>', 'the filter (default: the one of @tagalong/filter)')
    .option('--format <FORMAT>', 'text or json: of what is printed', oneOf(FORMATS), 'text')
    .addHelpText(
      'after',
      examples(
        ['tagalong render policy.yaml --as envoyfilter | kubectl apply -f -', 'into a mesh'],
        ['tagalong render policies/ --as envoyfilter --istio 1.29 -o deploy', 'into a repository'],
        [
          'tagalong render policies/ --as envoyfilter -o deploy --check',
          'in CI: is it up to date?',
        ],
        [
          'tagalong render policy.yaml --as envoy -o edge && cd edge && envoy -c envoy.yaml',
          'without Istio',
        ],
      ),
    )
    .action(async (files: string[], options) => {
      const { run } = await import('../run/render.js');
      ended(await run({ ...options, files }, terminal));
    });
};
