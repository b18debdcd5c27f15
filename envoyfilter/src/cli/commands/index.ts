// index: the commands, as `--help` lists them.

import type { Describe } from '../command.js';
import { bucket } from './bucket.js';
import { completion } from './completion.js';
import { diff } from './diff.js';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { init } from './init.js';
import { render } from './render.js';
import { rule } from './rule.js';
import { up } from './up.js';
import { validate } from './validate.js';

export const COMMANDS: readonly Describe[] = [
  init,
  validate,
  render,
  explain,
  diff,
  up,
  doctor,
  bucket,
  rule,
  completion,
];
