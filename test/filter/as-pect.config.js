// as-pect: how the specs of the filter are found, compiled and run.
//   npx asp --config test/filter/as-pect.config.js        from the top folder

import { createRequire } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeHost } from './host.js';

const here = (file) => relative('.', fileURLToPath(new URL(file, import.meta.url)));

// as-pect reads the compiler's options from its own folder unless a second flag says where they
// are. They stand beside this file, so that one flag is enough: its parsed options are at hand.
const { program } = createRequire(import.meta.resolve('@as-pect/cli'))('commander');
if (program.getOptionValueSource('asConfig') === 'default') {
  program.setOptionValue('asConfig', here('as-pect.asconfig.json'));
}

export default {
  entries: [here('**/*.spec.ts')],
  include: [here('memory.include.ts')],
  disclude: [/node_modules/],
  async instantiate(memory, createImports, instantiate, binary) {
    const host = makeHost();
    const { env, ...others } = host.imports;
    const module = await instantiate(binary, createImports({ env: { ...env, memory }, ...others }));
    host.attach(module);
    return module;
  },
};
