import { LIMITS_MAX, limitAt } from '../../../filter/assembly/config/layout';
import { BUCKETS_MAX } from '../../../filter/assembly/config/limits';
import { read } from '../support';
import { compiled, fault, withLimits } from './compile';

/** So many limits, each with these members. */
function many(count: u32, members: string): string {
  let list = '';
  for (let i: u32 = 0; i < count; i++) {
    if (i > 0) list += ',';
    list += '{"name":"l' + i.toString() + '","rate":"1/s"' + members + '}';
  }
  return '[' + list + ']';
}

describe('limits', () => {
  it('are none where nothing is said of them', () => {
    expect(compiled('{"id":"a/b/0","direction":"inbound"}').limitCount).toBe(0);
    expect(compiled(withLimits('[]')).limitCount).toBe(0);
  });

  it('stand in their order', () => {
    const config = compiled(withLimits(many(3, '')));
    expect(config.limitCount).toBe(3);
    for (let i: u32 = 0; i < 3; i++) {
      const limit = limitAt(config, i);
      expect(read(limit.namePtr, limit.nameSize)).toBe('l' + i.toString());
    }
  });

  it('are an array of at most 16', () => {
    expect(LIMITS_MAX).toBe(16);
    expect(fault(withLimits('{}'))).toBe(
      '$.limits: found an empty object, wanted an array of limits',
    );
    expect(fault(withLimits('null'))).toBe('$.limits: found null, wanted an array of limits');
    expect(fault(withLimits(many(16, '')))).toBe('');
    expect(fault(withLimits(many(17, '')))).toBe('$.limits: found more limits, wanted at most 16');
  });

  it('say which of them is wrong', () => {
    const wrong = '[{"name":"a","rate":"1/s"},{"name":"b","rate":"1/d"}]';
    expect(fault(withLimits(wrong)).startsWith('$.limits[1].rate: found "1/d"')).toBe(true);
  });

  it('have 65536 buckets in all, whatever their scope', () => {
    expect(BUCKETS_MAX).toBe(65536);
    const per = ',"per":[{"ip":true}]';
    const wanted =
      '$.limits: found limits with more buckets, wanted a smaller "maxKeys": 65536 in all';
    expect(fault(withLimits(many(16, per)))).toBe('');
    expect(fault(withLimits(many(2, per + ',"maxKeys":32768')))).toBe('');
    expect(fault(withLimits(many(2, per + ',"maxKeys":32769')))).toBe(wanted);
    const one = '[{"name":"all","rate":"1/s"},{"name":"users","rate":"1/s"' + per + ',"maxKeys":';
    expect(fault(withLimits(one + '65535}]'))).toBe('');
    expect(fault(withLimits(one + '65536}]'))).toBe(wanted);
    expect(fault(withLimits(many(3, per + ',"maxKeys":32768,"scope":"worker"')))).toBe(wanted);
  });

  it('have something for the response where one of them tells what is left', () => {
    expect(compiled(withLimits(many(2, ''))).responds).toBe(false);
    expect(compiled(withLimits(many(2, ',"reply":{"onSuccess":false}'))).responds).toBe(false);
    expect(compiled(withLimits(many(2, ',"reply":{"onSuccess":true}'))).responds).toBe(true);
  });
});
