import type { Describe } from '../command.js';

export const bucket: Describe = ({ program }) => {
  program.command('bucket').description('print the percentage bucket of an identity');
};
