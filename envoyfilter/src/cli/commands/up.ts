import type { Describe } from '../command.js';

export const up: Describe = ({ program }) => {
  program.command('up').description('run a local Envoy with a policy in front of your services');
};
