// fetch-nodes: gets the other Node versions before the tests, where no test's deadline runs.

import { nodeBinaries } from '../harness/nodes.js';

const nodes = await nodeBinaries();
console.log(`Node ${nodes.map(({ version }) => version).join(', ')}`);
