// main: `npm run bench`: measures, shows, compares. What it ends with is `exitCode` of the process.

import { accessSync, constants, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import {
  EnvoyFailed,
  EnvoyNotFound,
  findEnvoy,
  reportProgress,
} from '../../../envoyfilter/src/envoy/index.js';
import { findCores } from '../envoy/cores.js';
import { preflight } from '../envoy/preflight.js';
import { LoadError } from '../load/index.js';
import { WrongAnswer } from '../macro/subject.js';
import { RecordError, readRecord } from '../record/read.js';
import type { BenchRecord } from '../record/record.js';
import { recordText, writeRecord } from '../record/write.js';
import { compareRecords } from '../report/compare.js';
import { compareText } from '../report/compare-text.js';
import { htmlReport } from '../report/html.js';
import { textReport } from '../report/text.js';
import { Progress } from '../run/progress.js';
import { runBenchmark } from '../run/run.js';
import { FULL, QUICK, RUNS, type Run } from '../run/settings.js';
import { VARIANTS } from '../variants/variants.js';

const DONE = 0;
const FAILED = 1;
const USAGE = 2;
const INTERRUPTED = 130;
const OUT = 'bench/out';

const EXAMPLES = `
Measures what each part of Tagalong costs, beside Envoy's own filters, Lua and other SDKs, and writes
the figures as text, as a record (JSON) and as a page (HTML).

  npm run bench                                    everything, half an hour; leave the machine alone
  npm run bench -- --quick                         under three minutes; not to be quoted
  npm run bench -- --only cpu,micro                some of: ${RUNS.join(', ')}
  npm run bench -- --only cpu --variant 'tag write' --variant 'lua tag'
  npm run bench -- --compare OLD.json NEW.json     what has changed between two records
  npm run bench -- --report RECORD.json            text and page of a record once more

A variant that does not do its job ends the run. Exit codes: 0 done, 1 failed, 2 wrong usage.`;

class Refused extends Error {}

interface Flags {
  readonly quick: boolean;
  readonly only?: readonly Run[];
  readonly variant?: readonly string[];
  readonly rounds?: number;
  readonly out: string;
  readonly compare?: readonly string[];
  readonly report?: string;
  readonly format: 'text' | 'json';
  readonly force: boolean;
}

/** Whose message says it all. */
const KNOWN = [Refused, RecordError, EnvoyNotFound, EnvoyFailed, LoadError, WrongAnswer];

const program = new Command('npm run bench --')
  .helpOption('-h, --help', 'print this')
  .option('--quick', 'few and short rounds of the most important variants', false)
  .option('--only <parts>', 'separated by commas', parts)
  .option('--variant <name>', 'of cpu, latency, memory; may be given again', names)
  .option('--rounds <n>', 'of cpu, scaling, micro and hops', wholeNumber)
  .option('-o, --out <dir>', 'where record and page are written', OUT)
  .option('--compare <records...>', 'two records; nothing is measured')
  .option('--report <record>', 'a record to show; nothing is measured')
  .option('--format <format>', 'text or json, of what is printed', format, 'text')
  .option('--force', 'measure on a machine, or with an Envoy, that is not fit for it', false)
  .addHelpText('after', EXAMPLES)
  .showSuggestionAfterError()
  .exitOverride();

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interrupted.abort(new Error('interrupted')));
}

process.exitCode = await main();

async function main(): Promise<number> {
  try {
    program.parse();
    await dispatch(program.opts<Flags>());
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : USAGE;
    if (interrupted.signal.aborted) {
      process.stderr.write('\nInterrupted: nothing was written.\n');
      return INTERRUPTED;
    }
    const known = KNOWN.some((kind) => error instanceof kind);
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${known ? (error as Error).message : stack}\n`);
    return FAILED;
  }
}

async function dispatch(flags: Flags): Promise<void> {
  const { compare, report } = flags;
  if (compare !== undefined) compareTwo(compare, flags.format);
  else if (report !== undefined)
    await show(readRecord(report), report.replace(/\.json$/, ''), flags);
  else await measure(flags);
}

function compareTwo(paths: readonly string[], as: Flags['format']): void {
  if (paths.length !== 2) program.error(`--compare: got ${paths.length} records, wanted two`);
  const [before, after] = paths.map((path) => readRecord(path)) as [BenchRecord, BenchRecord];
  print(
    as === 'json'
      ? `${JSON.stringify(compareRecords(before, after), null, 2)}\n`
      : compareText(before, after),
  );
}

async function measure(flags: Flags): Promise<void> {
  const { signal } = interrupted;
  mkdirSync(flags.out, { recursive: true });
  accessSync(flags.out, constants.W_OK);
  const envoy = await findEnvoy({ progress: reportProgress(), signal });
  const findings = await preflight(envoy.path);
  const severe = findings.filter((finding) => finding.severe);
  if (severe.length > 0 && !flags.force) {
    const list = severe.map(({ text }) => `  ${text}`).join('\n');
    throw new Refused(
      `Not measured, the figures would say nothing:\n${list}\n--force does it all the same.`,
    );
  }
  const progress = new Progress(process.stderr);
  try {
    const settings = withRounds(flags.quick ? QUICK : FULL, flags.rounds);
    const record = await runBenchmark({
      ...{ envoy, settings, quick: flags.quick, only: flags.only ?? RUNS, signal },
      ...(flags.variant === undefined ? {} : { variants: flags.variant }),
      remarks: findings.map(({ text }) => text),
      ...{ cores: findCores(), force: flags.force },
      progress: (share, what) => progress.tell(share, what),
    });
    progress.done();
    const path = writeRecord(flags.out, record);
    process.stderr.write(`${path}.json: the record\n`);
    await show(record, path, flags);
  } finally {
    progress.done();
  }
}

/** Prints a record; its text goes to PATH.txt, its page to PATH.html. */
async function show(record: BenchRecord, path: string, { format: as }: Flags): Promise<void> {
  const text = textReport(record);
  await writeFile(`${path}.txt`, text);
  await writeFile(`${path}.html`, await htmlReport(record));
  process.stderr.write(`${path}.txt, ${path}.html: the report\n`);
  print(as === 'json' ? recordText(record) : text);
}

function withRounds(settings: typeof FULL, rounds: number | undefined): typeof FULL {
  if (rounds === undefined) return settings;
  const { cpu, hops, scaling, micro } = settings;
  return {
    ...settings,
    cpu: { ...cpu, rounds },
    hops: { ...hops, turns: { ...hops.turns, rounds } },
    scaling: { ...scaling, rounds },
    micro: { ...micro, rounds },
  };
}

function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

function parts(value: string): Run[] {
  return value.split(',').map((part) => {
    const found = RUNS.find((run) => run === part.trim());
    if (found === undefined) {
      throw new InvalidArgumentError(`"${part}" is none of ${RUNS.join(', ')}`);
    }
    return found;
  });
}

function names(value: string, before: readonly string[] = []): string[] {
  if (VARIANTS.some(({ name }) => name === value)) return [...before, value];
  throw new InvalidArgumentError(`wanted one of: ${VARIANTS.map(({ name }) => name).join('; ')}`);
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('wanted a whole number from 1');
}

function format(value: string): Flags['format'] {
  if (value === 'text' || value === 'json') return value;
  throw new InvalidArgumentError('wanted text or json');
}
