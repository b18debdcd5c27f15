import { hostCalls, hostMetricNames, hostRefuse, hostReset, hostShared } from '../../host';
import { counted, passed, policy, propagating } from './propagated';

const IN = policy('inbound');
const OUT = policy('outbound');
const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const TRACEPARENT = 'traceparent: 00-' + TRACE + '-' + SPAN + '-01';
const RESTORED =
  'add 0 x-b3-traceid=' +
  TRACE +
  '; add 0 x-b3-spanid=' +
  SPAN +
  '; add 0 x-b3-sampled=1; add 0 traceparent=00-' +
  TRACE +
  '-' +
  SPAN +
  '-01';

// The ids of metrics are the module's own, and the host's must go on from there: counts are
// compared with those before. Each case has keys of its own.
describe('propagation', () => {
  beforeEach(() => {
    hostReset();
  });

  it('defines a counter for each outcome, once', () => {
    propagating(IN);
    const names = hostMetricNames();
    const outcomes = ['stored', 'restored', 'missed', 'evicted', 'conflict', 'malformed', 'made'];
    for (let i = 0; i < outcomes.length; i++) {
      expect(counted('inbound', outcomes[i])).toBe(0, outcomes[i]);
    }
    propagating(IN);
    expect(hostMetricNames()).toBe(names);
  });

  it('writes nothing into a request, and everything into a call that has its id', () => {
    const before = counted('inbound', 'stored');
    expect(passed(IN, 'x-request-id: 1\n' + TRACEPARENT + '\nx-t: canary')).toBe('');
    expect(counted('inbound', 'stored')).toBe(before + 1);
    propagating(OUT);
    const restored = counted('outbound', 'restored');
    expect(passed(OUT, 'x-request-id: 1')).toBe('add 0 x-t=canary; ' + RESTORED);
    expect(counted('outbound', 'restored')).toBe(restored + 1);
  });

  it('writes nothing into a call that has all of it, and one of its own', () => {
    passed(IN, 'x-request-id: 1\nx-t: canary');
    expect(passed(OUT, 'x-request-id: 1\nx-t: canary')).toBe('');
    expect(passed(OUT, 'x-request-id: 1\nx-t: own')).toBe('');
    propagating(OUT);
    const missed = counted('outbound', 'missed');
    expect(passed(OUT, 'x-request-id: 2')).toBe('');
    expect(counted('outbound', 'missed')).toBe(missed + 1);
  });

  it('replaces an id that was made on the way, and adds one that is missing', () => {
    passed(IN, 'x-request-id: 1\nb3: ' + TRACE + '-' + SPAN);
    const ids = 'add 0 x-b3-traceid=' + TRACE + '; add 0 x-b3-spanid=' + SPAN;
    expect(passed(OUT, 'x-request-id: 2\nb3: ' + TRACE + '-' + SPAN)).toBe(
      'replace 0 x-request-id=1; ' + ids,
    );
    expect(passed(OUT, 'b3: ' + TRACE + '-' + SPAN)).toBe('add 0 x-request-id=1; ' + ids);
  });

  it('does not write an id again that is right', () => {
    const byTrace = '{"key":["traceparent"]}';
    passed(policy('inbound', byTrace), 'x-request-id: 1\n' + TRACEPARENT + '\nx-b3-sampled: 1');
    const call = 'x-request-id: 1\n' + TRACEPARENT;
    expect(passed(policy('outbound', byTrace), call).includes('x-request-id')).toBe(false);
  });

  it('forgets in time', () => {
    passed(IN, 'x-request-id: 1\nx-t: canary', 100);
    expect(passed(OUT, 'x-request-id: 1', 159)).toBe('add 0 x-t=canary');
    expect(passed(OUT, 'x-request-id: 1', 160)).toBe('');
  });

  it('forgets what it showed the tags of the request before', () => {
    passed(IN, 'x-request-id: 1\nx-t: canary');
    expect(passed(OUT, 'x-request-id: 1')).toBe('add 0 x-t=canary');
    expect(passed(OUT, 'x-request-id: 2')).toBe('');
  });

  it('makes an id where there is none and the policy wants one', () => {
    const made = '11121314-1516-4718-991a-1b1c1d1e1f20';
    const text = '{"makeRequestId":true}';
    expect(passed(policy('inbound', text), 'x-t: canary').startsWith('add 0 x-request-id=')).toBe(
      true,
    );
    expect(made.length).toBe(36);
    expect(passed(policy('inbound', text), 'x-request-id: 1')).toBe('');
    expect(passed(IN, 'x-t: canary')).toBe('');
  });

  it('in a dry run counts and remembers, and writes nothing', () => {
    const dry = policy('outbound', '{"makeRequestId":true}', 'dryRun');
    expect(passed(policy('inbound', '{}', 'dryRun'), 'x-request-id: 1\nx-t: canary\nb3: x')).toBe(
      '',
    );
    expect(counted('inbound', 'malformed', 'dryRun')).toBe(1);
    expect(passed(dry, 'x-request-id: 1')).toBe('');
    expect(passed(dry, '')).toBe('');
    expect(counted('outbound', 'restored', 'dryRun')).toBe(1);
    expect(counted('outbound', 'made', 'dryRun')).toBe(1);
    expect(passed(OUT, 'x-request-id: 1')).toBe('add 0 x-t=canary');
  });

  it('asks for the time once, and for nothing without a key', () => {
    passed(IN, 'x-t: canary');
    expect(hostCalls('clock_time_get')).toBe(1);
    expect(hostCalls('proxy_get_shared_data')).toBe(0);
    expect(hostCalls('proxy_set_shared_data')).toBe(0);
    passed(OUT, 'x-t: canary');
    expect(hostCalls('clock_time_get')).toBe(2);
    expect(hostCalls('proxy_get_shared_data')).toBe(0);
  });

  it('remembers nothing where the host does not tell the time', () => {
    hostRefuse('clock_time_get', 76);
    expect(passed(IN, 'x-request-id: 1\nx-t: canary')).toBe('');
    expect(passed(OUT, 'x-request-id: 1')).toBe('');
    expect(hostCalls('proxy_set_shared_data')).toBe(0);
    expect(hostShared('tagalong/1/writers/a/b')).toBe('(absent)');
  });
});
