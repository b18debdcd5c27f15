import { MetricType, Status } from '../../../filter/assembly/abi/enums';
import {
  defineMetric,
  increment,
  METRICS_MAX,
  record,
} from '../../../filter/assembly/shim/metrics';
import { hostCalls, hostMetric, hostMetrics, hostRefuse } from '../host';
import { lay } from '../support';

function counter(name: string): u32 {
  const slice = lay(name);
  return defineMetric(MetricType.Counter, slice.ptr, slice.size);
}

// The table is the module's own and forgets nothing; the last case fills it.
describe('metrics', () => {
  it('defines a name once, however often it is asked for', () => {
    const first = counter('a.b=.=c;.;');
    expect(first).not.toBe(0);
    expect(counter('a.b=.=c;.;')).toBe(first);
    expect(counter('a.b=.=d;.;')).not.toBe(first);
    expect(hostMetrics()).toBe(2);
  });

  it('adds to a counter and sets a gauge', () => {
    const id = counter('added');
    increment(id, 1);
    increment(id, 41);
    expect(hostMetric('added')).toBe(42);
    increment(id, -2);
    expect(hostMetric('added')).toBe(40);
    record(id, u64.MAX_VALUE >> 1);
    expect(hostMetric('added')).toBe(i64.MAX_VALUE);
    record(id, 7);
    expect(hostMetric('added')).toBe(7);
  });

  it('counts nothing under id 0', () => {
    const before = hostCalls('proxy_increment_metric') + hostCalls('proxy_record_metric');
    increment(0, 1);
    record(0, 1);
    expect(hostCalls('proxy_increment_metric') + hostCalls('proxy_record_metric')).toBe(before);
  });

  it('answers 0 where the host refuses, and asks again the next time', () => {
    hostRefuse('proxy_define_metric', Status.InternalFailure);
    expect(counter('refused')).toBe(0);
    hostRefuse('proxy_define_metric', 0);
    expect(counter('refused')).not.toBe(0);
    expect(hostMetric('refused')).toBe(0);
  });

  it('goes on where the host refuses to count', () => {
    const id = counter('uncounted');
    hostRefuse('proxy_increment_metric', Status.InternalFailure);
    hostRefuse('proxy_record_metric', Status.InternalFailure);
    increment(id, 1);
    record(id, 1);
    expect(hostMetric('uncounted')).toBe(0);
  });

  it('remembers METRICS_MAX names, and answers 0 for one more', () => {
    const known = hostMetrics();
    let ids: u32 = 0;
    let last: u32 = 0;
    for (let i = known; i < METRICS_MAX; i++) {
      last = counter('filler ' + i.toString());
      if (last != 0) ids++;
    }
    expect(ids).toBe(METRICS_MAX - known);
    expect(hostMetrics()).toBe(METRICS_MAX);
    const calls = hostCalls('proxy_define_metric');
    expect(counter('one more')).toBe(0);
    expect(hostCalls('proxy_define_metric')).toBe(calls);
    expect(counter('filler ' + (METRICS_MAX - 1).toString())).toBe(last);
    expect(counter('a.b=.=c;.;')).toBe(1);
  });
});
