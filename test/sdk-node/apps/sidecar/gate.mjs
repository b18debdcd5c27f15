// gate: an application that awaits its sidecar before all else, with nothing that keeps it alive.

import { sidecar } from '@tagalong/node';
import { say } from './lib.mjs';

const code = await sidecar.wait({ timeoutMs: 500 }).catch((error) => error.code);
say('over', { code });
