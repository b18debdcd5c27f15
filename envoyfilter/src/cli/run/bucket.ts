// bucket: the command `tagalong bucket`: where an identity stands, of a salt or of a policy's rules.

import { bucketFunction, percentFor } from '../../explain/bucket.js';
import { type Share, sharesOf } from '../../explain/shares.js';
import { DONE, InputError, UsageError } from '../exit.js';
import { policiesOf } from '../policies.js';
import { paint, type Terminal } from '../terminal.js';

export interface BucketOptions {
  readonly file?: readonly string[];
  readonly rule?: string;
  readonly identity?: string;
  readonly format: 'text' | 'json';
}

export async function runBucket(
  salt: string | undefined,
  identity: string | undefined,
  options: BucketOptions,
  terminal: Terminal,
): Promise<number> {
  const bucketOf = await bucketFunction();
  const write = (value: object, text: string) =>
    terminal.out(options.format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : text);
  if (options.file === undefined) {
    if (salt === undefined || identity === undefined || options.rule !== undefined) {
      throw new UsageError('wanted SALT and IDENTITY, or --file with --identity');
    }
    const bucket = bucketOf(salt, identity);
    const takenFrom = percentFor(bucket);
    write(
      { salt, identity, bucket, takenFrom },
      `${bucket}: taken by every share from ${takenFrom} % on\n`,
    );
    return DONE;
  }
  const wanted = options.identity;
  if (salt !== undefined || wanted === undefined) {
    throw new UsageError('wanted --identity beside --file, and no SALT: the rules have theirs');
  }
  if (wanted === '') {
    throw new UsageError('--identity: found nothing; who has no identity is in no share');
  }
  const policies = await policiesOf(terminal, options.file);
  const shares = sharesOf(policies, wanted, bucketOf, options.rule);
  if (shares.length === 0) {
    const which = options.rule === undefined ? '' : ` ${JSON.stringify(options.rule)}`;
    throw new InputError(`found no rule${which} with a percent, wanted one that takes a share`);
  }
  write(shares, shares.map((share) => shareLine(share, terminal)).join(''));
  return DONE;
}

function shareLine(share: Share, { colour }: Terminal): string {
  const { entry, tag, rule, percent, salt, hashed, bucket, taken, takenFrom } = share;
  const verdict = taken ? paint(colour.out, 'green', 'in ') : paint(colour.out, 'dim', 'out');
  return (
    `${verdict}  rule ${rule} of ${tag} (${entry}): bucket ${bucket} of ` +
    `${JSON.stringify(hashed)}, salt ${salt}; the rule takes ${percent} %, ` +
    `and this identity from ${takenFrom} % on\n`
  );
}
