// propagated: a policy that propagates, in the words of a spec. Each spec is a VM of its own.

import { Config, Propagate } from '../../../../filter/assembly/config/layout';
import { propagationInit } from '../../../../filter/assembly/features/propagation/outcomes';
import { hostMetric, hostTime } from '../../host';
import { configured, handled } from '../handled';

const SECOND: u64 = 1_000_000_000;

/** A configuration of one direction that trusts the tag x-t. */
export function policy(
  direction: string,
  propagate: string = '{}',
  mode: string = 'enforce',
): string {
  return (
    '{"id":"a/b/0","direction":"' +
    direction +
    '","mode":"' +
    mode +
    '","tags":[{"header":"x-t","incoming":"trust"}],"propagate":' +
    propagate +
    '}'
  );
}

/** As if it had been pushed. It lives until the next one is compiled. */
export function propagating(text: string): Config {
  const config = configured(text);
  propagationInit(config);
  return config;
}

export function sectionOf(config: Config): Propagate {
  return changetype<Propagate>(config.propagate);
}

/** What is written into a request of one direction, at a second. */
export function passed(text: string, headers: string, second: u64 = 100): string {
  hostTime(0, second * SECOND);
  return handled(propagating(text), headers);
}

/** tagalong_propagate_total of an outcome, of the policy a/b/0. */
export function counted(direction: string, outcome: string, mode: string = 'enforce'): i64 {
  return hostMetric(
    'tagalong_propagate_total.policy=.=a/b/0;.;direction=.=' +
      direction +
      ';.;outcome=.=' +
      outcome +
      ';.;mode=.=' +
      mode +
      ';.;',
  );
}
