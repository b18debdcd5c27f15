import type { Describe } from '../command.js';

export const diff: Describe = ({ program }) => {
  program.command('diff').description('say which requests two policies treat differently');
};
