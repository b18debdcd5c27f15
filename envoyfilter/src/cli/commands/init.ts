import type { Describe } from '../command.js';

export const init: Describe = ({ program }) => {
  program.command('init').description('write a commented policy that validates');
};
