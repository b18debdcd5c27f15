// validate: reads policies, checks them, and prints what is to be said as the user wants it.

import { createRequire } from 'node:module';
import { releaseModule } from '../../host/module.js';
import { isFault } from '../../validate/fault.js';
import { githubReport } from '../../validate/reporters/github.js';
import { jsonReport } from '../../validate/reporters/json.js';
import { junitReport } from '../../validate/reporters/junit.js';
import type { ReportInput } from '../../validate/reporters/report.js';
import { sarifReport } from '../../validate/reporters/sarif.js';
import { textReport } from '../../validate/reporters/text.js';
import { validate } from '../../validate/validate.js';
import { DONE, FINDINGS, InputError, UsageError } from '../exit.js';
import { inputsOf } from '../inputs.js';
import { paint, type Terminal } from '../terminal.js';

export interface ValidateCommandOptions {
  readonly format: 'text' | 'json' | 'github' | 'junit' | 'sarif';
  readonly strict?: boolean;
  readonly quiet?: boolean;
  /** Try each entry on the filter itself. */
  readonly module: boolean;
}

/** @returns the exit code, the same for every format */
export async function runValidate(
  names: readonly string[],
  options: ValidateCommandOptions,
  terminal: Terminal,
): Promise<number> {
  if (names.length === 0) {
    throw new UsageError('found no file to validate, wanted one; - is the standard input');
  }
  const { strict = false, quiet = false } = options;
  const { inputs, findings: unread } = await inputsOf(terminal, names);
  const module = options.module ? moduleBytes() : undefined;
  const { findings, count } = await validate(inputs, module === undefined ? {} : { module });
  const all = [...unread, ...findings];
  const told = quiet ? all.filter((finding) => isFault(finding, strict)) : all;
  const { version } = createRequire(import.meta.url)('../../../package.json') as {
    version: string;
  };
  const input = { findings: told, files: inputs, policies: count, strict, version };
  terminal.out(reportOf(options.format, input, quiet, terminal));
  return all.some((finding) => isFault(finding, strict)) ? FINDINGS : DONE;
}

function reportOf(
  format: ValidateCommandOptions['format'],
  input: ReportInput,
  quiet: boolean,
  terminal: Terminal,
): string {
  switch (format) {
    case 'json':
      return jsonReport(input);
    case 'github':
      return githubReport(input);
    case 'junit':
      return junitReport(input);
    case 'sarif':
      return sarifReport(input);
    default:
      return textReport(input, {
        quiet,
        paint: (style, text) => paint(terminal.colour.out, style, text),
      });
  }
}

/** @throws InputError where it is not there */
function moduleBytes(): Uint8Array {
  try {
    return releaseModule();
  } catch (error) {
    const reason = (error as Error).message;
    throw new InputError(
      `found no filter to try policies on (${reason}), wanted it, or --no-module`,
    );
  }
}
