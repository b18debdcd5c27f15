import type { Describe } from '../command.js';

export const render: Describe = ({ program }) => {
  program
    .command('render')
    .description('write what Istio, Envoy, Helm, Prometheus and Grafana load');
};
