import type { Describe } from '../command.js';

export const doctor: Describe = ({ program }) => {
  program.command('doctor').description('say what is wrong with the filter in a live proxy');
};
