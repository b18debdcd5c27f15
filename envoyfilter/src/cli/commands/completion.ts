import type { Describe } from '../command.js';

export const completion: Describe = ({ program }) => {
  program.command('completion').description('print the completion script of a shell');
};
