// start: the demo mesh.

import { launch } from './launch.mjs';

await launch('test/demo/main.ts');
