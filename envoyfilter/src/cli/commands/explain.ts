import type { Describe } from '../command.js';

export const explain: Describe = ({ program }) => {
  program
    .command('explain')
    .description('run the real filter on requests and say what it does, and why');
};
