import type { Describe } from '../command.js';

export const rule: Describe = ({ program }) => {
  program.command('rule').description('explain a rule of validate');
};
