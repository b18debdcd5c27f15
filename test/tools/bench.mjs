// bench: the price list.

import { launch } from './launch.mjs';

await launch('bench/src/cli/main.ts');
