// diff: the command `tagalong diff`: two policies, one corpus, what differs.

import { differenceOf } from '../../explain/difference.js';
import { differenceReport } from '../../explain/difference-report.js';
import { differenceText } from '../../explain/difference-text.js';
import { EntryRefusedError } from '../../explain/simulator.js';
import type { Direction } from '../../policy/policy.js';
import { DONE, FINDINGS, InputError } from '../exit.js';
import { policiesOf } from '../policies.js';
import { requestsOf } from '../requests.js';
import { paint, type Terminal } from '../terminal.js';

export interface DiffOptions {
  readonly requests?: string;
  readonly at?: Direction;
  readonly identities: number;
  readonly format: 'text' | 'json' | 'github' | 'junit' | 'sarif';
}

export async function runDiff(
  before: string,
  after: string,
  { requests, at, identities, format }: DiffOptions,
  terminal: Terminal,
): Promise<number> {
  const old = await policiesOf(terminal, [before]);
  const now = await policiesOf(terminal, [after]);
  const sent = requests === undefined ? undefined : await requestsOf(terminal, requests);
  try {
    const difference = await differenceOf(old, now, {
      identities,
      ...(sent === undefined ? {} : { sent }),
      ...(at === undefined ? {} : { at }),
    });
    for (const note of difference.notes) terminal.err(`note: ${note}\n`);
    terminal.out(
      format === 'text'
        ? differenceText(difference, (style, text) => paint(terminal.colour.out, style, text))
        : differenceReport(format, difference, after),
    );
    return difference.classes.length === 0 ? DONE : FINDINGS;
  } catch (error) {
    if (!(error instanceof EntryRefusedError)) throw error;
    throw new InputError(`the filter refuses ${error.entry}: ${error.message}`);
  }
}
