// handled: one request through the filter, in the words of a spec.

import { MapType } from '../../../filter/assembly/abi/enums';
import { Config } from '../../../filter/assembly/config/layout';
import { handleRequest } from '../../../filter/assembly/features/handle';
import {
  responseInit,
  responseWrite,
  WAITING_SIZE,
} from '../../../filter/assembly/features/response';
import {
  decideTags,
  defineTagMetrics,
  writeTags,
} from '../../../filter/assembly/features/tagging/tagging';
import { arenaReset } from '../../../filter/assembly/shim/arena';
import { compiled } from '../config/compile';
import { hostClearHeaders, hostHeader, hostMetric, hostWrites } from '../host';

/** A configuration as if it had been pushed. It lives until the next one is compiled. */
export function configured(text: string): Config {
  const config = compiled(text);
  arenaReset();
  defineTagMetrics(config);
  responseInit(WAITING_SIZE);
  return config;
}

/** Decides the tags of a request that was read, and writes them, as `handleRequest` does. */
export function tagRequest(config: Config, contextId: u32, readable: bool): void {
  decideTags(config, readable);
  if (readable) writeTags(config, contextId);
}

/** What is written into a request with these headers, `name: value` divided by line feeds. */
export function handled(config: Config, headers: string, contextId: u32 = 1): string {
  hostClearHeaders();
  const lines = headers.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const colon = lines[i].indexOf(': ', 1);
    if (colon < 0) continue;
    hostHeader(MapType.RequestHeaders, lines[i].substring(0, colon), lines[i].substring(colon + 2));
  }
  hostWrites();
  handleRequest(config, contextId);
  return hostWrites();
}

/** What is written into the response of a stream. */
export function answered(contextId: u32 = 1): string {
  hostWrites();
  responseWrite(contextId);
  return hostWrites();
}

/** tagalong_errors_total of a kind, of the policy a/b/0. */
export function errors(kind: string): i64 {
  return hostMetric(
    'tagalong_errors_total.policy=.=a/b/0;.;direction=.=inbound;.;kind=.=' + kind + ';.;',
  );
}

/** tagalong_tag_total of a rule of x-t, of the policy a/b/0. */
export function decided(rule: string, value: string, mode: string = 'enforce'): i64 {
  return hostMetric(
    'tagalong_tag_total.policy=.=a/b/0;.;direction=.=inbound;.;tag=.=x-t;.;rule=.=' +
      rule +
      ';.;value=.=' +
      value +
      ';.;mode=.=' +
      mode +
      ';.;',
  );
}
