import { Status } from '../../../filter/assembly/abi/enums';
import { arenaMark, arenaTake } from '../../../filter/assembly/shim/arena';
import { withTags } from '../config/compile';
import { hostCalls, hostRefuse, hostReset } from '../host';
import { answered, configured, errors, handled } from './handled';

describe('handle', () => {
  beforeEach(() => {
    hostReset();
  });

  it('begins with an empty arena', () => {
    const config = configured(withTags('[{"header":"x-t","default":"d"}]'));
    while (arenaTake(1024) != 0) {}
    expect(handled(config, 'x-t: z')).toBe('');
    expect(handled(config, '')).toBe('add 0 x-t=d');
    const mark = arenaMark();
    handled(config, '');
    expect(arenaMark()).toBe(mark);
  });

  it('does nothing where the configuration is disabled', () => {
    const text = withTags('[{"header":"x-t","incoming":"strip","default":"d","echo":true}]');
    const config = configured(text.replace('"direction"', '"mode":"disabled","direction"'));
    expect(handled(config, 'x-t: z')).toBe('');
    expect(answered()).toBe('');
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(0);
    expect(hostCalls('proxy_get_header_map_value')).toBe(0);
    expect(hostCalls('proxy_increment_metric')).toBe(0);
  });

  it('decides, writes and leaves for the response in one pass', () => {
    const config = configured(
      withTags(
        '[{"header":"x-t","echo":true,"carry":["baggage"],"rules":[{"value":"v","percent":100,' +
          '"mint":{"cookie":"id"}}]}]',
      ),
    );
    expect(handled(config, '')).toBe('add 0 x-t=v; add 0 baggage=x-t=v');
    expect(hostCalls('proxy_get_header_map_pairs')).toBe(1);
    expect(answered().endsWith('; replace 2 x-t=v')).toBe(true);
  });

  it('lets a request pass that cannot be read, and propagates nothing for it', () => {
    const config = configured(
      '{"id":"a/b/0","direction":"inbound","tags":[{"header":"x-t","echo":true}],"propagate":{}}',
    );
    const before = errors('headers');
    hostRefuse('proxy_get_header_map_pairs', Status.InternalFailure);
    expect(handled(config, 'x-t: z\nx-request-id: 1')).toBe('');
    expect(errors('headers')).toBe(before + 1);
    expect(hostCalls('proxy_set_shared_data')).toBe(0);
    expect(hostCalls('proxy_get_shared_data')).toBe(0);
    expect(answered()).toBe('');
  });
});
