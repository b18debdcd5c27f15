import type { Describe } from '../command.js';

export const validate: Describe = ({ program }) => {
  program.command('validate').description('say what is wrong with policies');
};
