// prometheus-istio-alerts: alerts on how filters get into Istio's proxies, by the metrics of istiod and
// of the agent beside each proxy: the proxies' own on that are dropped unless told to be kept.
// They are of all wasm filters of the mesh, since neither metric names one.

import type { Alert } from './prometheus-alert.js';
import { AT, POD, PROXY, seriesOf } from './prometheus-series.js';

const REJECTS = 'pilot_total_xds_rejects';
const FETCHES = 'istio_agent_wasm_remote_fetch_count';

export function deliveryAlerts(): Alert[] {
  const rejects = seriesOf(REJECTS, { type: 'ecds' });
  const fetches = (result: string) => seriesOf(FETCHES, { result, ...POD });
  return [
    {
      name: 'TagalongIstioUpdateRefused',
      expr: `sum(increase(${REJECTS}{type="ecds"}[10m])) > 0`,
      for: '0m',
      severity: 'warning',
      summary: "Proxies refuse a filter's configuration that istiod sends",
      description:
        'A module that does not load, or a configuration that is refused: the one before stays in ' +
        'force. Of any filter that is delivered by EnvoyFilter or WasmPlugin.',
      runbook:
        '1. The log of istiod names the proxies and the filter: look for `ACK ERROR`. ' +
        '2. `tagalong doctor -f POLICY --admin URL` on one of them says why.',
      fires: { series: { [rejects]: '0x34 1x25' }, labels: {} },
      quiet: { [rejects]: '1x60' },
    },
    {
      name: 'TagalongModuleFetchFailed',
      expr: `sum by (${PROXY}) (increase(${FETCHES}{result!="success"}[10m])) > 0`,
      for: '0m',
      severity: 'warning',
      summary: `A wasm module cannot be fetched (${AT})`,
      description:
        'Where there was none before, requests pass untouched, or are answered 403 if the plugin ' +
        'fails closed.',
      runbook:
        '1. The log of istio-proxy says why: the address, its certificate, or another checksum. ' +
        '2. `delivery: {code: inline}` needs no fetching.',
      fires: { series: { [fetches('download_failure')]: '0x34 1x25' }, labels: POD },
      quiet: { [fetches('success')]: '0x34 1x25' },
    },
  ];
}
