// policies: what every command but `validate` reads policies by: all of them sound, or none.

import type { Policy } from '../policy/policy.js';
import { isFault } from '../validate/fault.js';
import { block } from '../validate/reporters/text.js';
import { type ValidateOptions, validate } from '../validate/validate.js';
import { counted } from '../validate/words.js';
import { InputError, UsageError } from './exit.js';
import { inputsOf } from './inputs.js';
import { paint, type Terminal } from './terminal.js';

/**
 * The policies of files, folders and `-`, the standard input; in the order of their files. What the
 * schema or a rule refuses is printed on stderr, and with `options.module` what the filter does.
 * @throws InputError where something is refused, UsageError where nothing is named
 */
export async function policiesOf(
  terminal: Terminal,
  names: readonly string[],
  options: ValidateOptions = {},
): Promise<readonly Policy[]> {
  if (names.length === 0) {
    throw new UsageError('found no policy to read, wanted --file FILE; - is the standard input');
  }
  const { inputs, findings: unread } = await inputsOf(terminal, names);
  const { findings, policies } = await validate(inputs, options);
  const faults = [...unread, ...findings].filter((finding) => isFault(finding));
  const texts = new Map(inputs.map(({ name, text }) => [name, text]));
  for (const fault of faults) {
    const text = texts.get(fault.place.file);
    terminal.err(block(fault, text, (style, part) => paint(terminal.colour.err, style, part)));
  }
  if (faults.length > 0) {
    throw new InputError(`${counted(faults.length, 'fault')} in what was to be a policy`);
  }
  if (policies.length === 0) {
    throw new InputError(`found no policy in ${names.join(', ')}, wanted "kind: Policy"`);
  }
  return policies;
}
