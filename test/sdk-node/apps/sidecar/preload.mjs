// preload: what `register` is to be, tuned servers included.

import '@tagalong/node/register';
import { createRequire } from 'node:module';

createRequire(import.meta.url)('../../../../sdk-node/dist/patch/tune.js').installTune();
