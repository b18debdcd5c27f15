import { BufferType, Status } from '../../../filter/assembly/abi/enums';
import { CONFIG_SIZE_MAX } from '../../../filter/assembly/config/config';
import { SLOTS_MAX, slotsInUse } from '../../../filter/assembly/config/store';
import { proxy_on_configure, proxy_on_vm_start } from '../../../filter/assembly/main';
import {
  hostBuffer,
  hostCalls,
  hostLog,
  hostLogLevel,
  hostMetric,
  hostMetrics,
  hostProperty,
  hostRefuse,
  hostReset,
  hostShare,
  hostShared,
} from '../host';
import { lay, layMany } from '../support';
import { policy, push, request, start } from './vm';

const BROKEN = '{"id":"p","direction":"inbound","mode":"off"}';
const WHY = '$.mode: found "off", wanted "enforce", "dryRun" or "disabled"';

function state(policyId: string, which: string): i64 {
  return hostMetric(
    'tagalong_config.policy=.=' + policyId + ';.;direction=.=any;.;state=.=' + which + ';.;',
  );
}

/** The plugin that the next configuration is for. */
function plugin(name: string): void {
  hostProperty('plugin_name', name);
}

// One module is one VM, which forgets no plugin: each case takes one of its own by name, and the
// cases on a VM that serves one plugin alone come first.
describe('configure, one plugin', () => {
  beforeEach(() => {
    hostReset();
  });

  it('serves nobody before a configuration came', () => {
    expect(start('')).toBe(true);
    expect(hostCalls('proxy_get_buffer_bytes')).toBe(0);
    expect(hostLog()).toBe('');
    expect(request(1)).toBe('');
  });

  it('lets requests pass, and says so, where the first one is refused', () => {
    plugin('p');
    expect(push(1, BROKEN)).toBe(true);
    expect(hostLog()).toBe(
      '4 tagalong p any: configuration refused at ' + WHY + '; none is in force, requests pass',
    );
    expect(state('p', 'active')).toBe(0);
    expect(state('p', 'rejected')).toBe(1);
    expect(request(1)).toBe('');
  });

  it('takes the last good one from shared data instead', () => {
    plugin('p');
    hostShare('tagalong/1/good/p/any', policy('p', 'kept'));
    expect(push(1, BROKEN)).toBe(true);
    expect(hostLog()).toBe(
      '4 tagalong p any: configuration refused at ' +
        WHY +
        '; none is in force, requests pass\n' +
        '3 tagalong p any: the last good configuration is in force again',
    );
    expect(state('p', 'active')).toBe(1);
    expect(state('p', 'rejected')).toBe(1);
    expect(request(1)).toBe('add 0 x-t=kept');
  });

  it('puts a configuration in force, says so and keeps it as the last good one', () => {
    plugin('p');
    const text = policy('p', 'one');
    expect(push(1, text)).toBe(true);
    expect(hostLog()).toBe('2 tagalong p any: configuration in force');
    expect(state('p', 'active')).toBe(1);
    expect(state('p', 'rejected')).toBe(0);
    expect(hostMetric('tagalong_heap_bytes.policy=.=p;.;direction=.=any;.;') > 0).toBe(true);
    expect(hostShared('tagalong/1/good/p/any')).toBe(text);
    expect(request(1)).toBe('add 0 x-t=one');
  });

  it('changes nothing for the bytes that are in force already', () => {
    plugin('p');
    expect(push(2, policy('p', 'one'))).toBe(true);
    expect(hostLog()).toBe('');
    expect(hostShared('tagalong/1/good/p/any')).toBe('(absent)');
    expect(request(2)).toBe('add 0 x-t=one');
  });

  it('keeps what is in force where the next one is refused', () => {
    plugin('p');
    expect(push(1, BROKEN)).toBe(true);
    expect(hostLog()).toBe(
      '4 tagalong p any: configuration refused at ' + WHY + '; the one before stays in force',
    );
    expect(state('p', 'active')).toBe(1);
    expect(state('p', 'rejected')).toBe(1);
    expect(request(1)).toBe('add 0 x-t=one');
    expect(hostCalls('proxy_get_shared_data')).toBe(0);
    push(1, policy('p', 'one'));
    expect(state('p', 'rejected')).toBe(0);
  });

  it('serves with the newest, whatever root it came to', () => {
    plugin('p');
    push(1, policy('p', 'one'));
    push(7, policy('p', 'two'));
    expect(request(99)).toBe('add 0 x-t=two');
    expect(slotsInUse()).toBe(1);
  });

  it('leaves memory and metrics as they were after a thousand pushes', () => {
    plugin('p');
    const one = lay(policy('p', 'one'));
    const two = lay(policy('p', 'two'));
    push(1, policy('p', 'one'));
    push(1, policy('p', 'two'));
    const metrics = hostMetrics();
    const mark = heap.alloc(64);
    heap.free(mark);
    const pages = memory.size();
    for (let i = 0; i < 1000; i++) {
      const slice = (i & 1) == 0 ? one : two;
      hostBuffer(BufferType.PluginConfiguration, slice.ptr, slice.size);
      proxy_on_configure(<u32>i + 10, slice.size);
    }
    const after = heap.alloc(64);
    heap.free(after);
    expect(after).toBe(mark);
    expect(memory.size()).toBe(pages);
    expect(hostMetrics()).toBe(metrics);
    expect(request(1)).toBe('add 0 x-t=two');
  });

  it('takes a configuration of CONFIG_SIZE_MAX bytes, and refuses one more unread', () => {
    plugin('p');
    const text = policy('p', 'large');
    const padded = text + ' '.repeat(CONFIG_SIZE_MAX - text.length);
    expect(push(1, padded)).toBe(true);
    expect(request(1)).toBe('add 0 x-t=large');
    hostLog();
    const reads = hostCalls('proxy_get_buffer_bytes');
    push(1, padded + ' ');
    expect(hostCalls('proxy_get_buffer_bytes')).toBe(reads);
    expect(hostLog()).toBe(
      '4 tagalong p any: configuration refused at $: found a configuration over 256 KiB, wanted ' +
        'a smaller one; the one before stays in force',
    );
  });

  it('refuses a configuration that is empty or that the host does not show', () => {
    plugin('p');
    push(1, '');
    expect(hostLog()).toBe(
      '4 tagalong p any: configuration refused at $: found no configuration, wanted a JSON ' +
        'object; the one before stays in force',
    );
    const hidden =
      '4 tagalong p any: configuration refused at $: found a configuration that the host does ' +
      'not show, wanted proxy_get_buffer_bytes allowed; the one before stays in force';
    hostRefuse('proxy_get_buffer_bytes', Status.InternalFailure);
    push(1, policy('p', 'x'));
    expect(hostLog()).toBe(hidden);
    hostRefuse('proxy_get_buffer_bytes', 0);
    const slice = lay(policy('p', 'x'));
    hostBuffer(BufferType.PluginConfiguration, slice.ptr, slice.size - 1);
    proxy_on_configure(1, slice.size);
    expect(hostLog()).toBe(hidden);
    expect(request(1)).toBe('add 0 x-t=large');
  });

  it('writes no line of information where nobody reads it, and every refusal', () => {
    hostLogLevel(4);
    start('');
    plugin('p');
    push(1, policy('p', 'quiet'));
    expect(hostLog()).toBe('');
    push(1, BROKEN);
    expect(hostLog().length > 0).toBe(true);
    hostLogLevel(2);
    start('');
  });

  it('goes on where the host counts, keeps and logs nothing', () => {
    plugin('p');
    hostRefuse('proxy_define_metric', Status.InternalFailure);
    hostRefuse('proxy_record_metric', Status.InternalFailure);
    hostRefuse('proxy_set_shared_data', Status.InternalFailure);
    hostRefuse('proxy_log', Status.InternalFailure);
    expect(push(1, policy('p', 'alone'))).toBe(true);
    expect(request(1)).toBe('add 0 x-t=alone');
  });
});

describe('configure, the VM configuration', () => {
  beforeEach(() => {
    hostReset();
  });

  it('names the plugin and its direction', () => {
    expect(start('{"id":"shop/a/0","direction":"inbound"}')).toBe(true);
    expect(hostLog()).toBe('');
    plugin('another');
    expect(push(1, policy('shop/a/0', 'v'))).toBe(true);
    expect(hostLog()).toBe('2 tagalong shop/a/0 inbound: configuration in force');
    expect(hostShared('tagalong/1/good/shop/a/0/inbound').length > 0).toBe(true);
    expect(
      hostMetric('tagalong_config.policy=.=shop/a/0;.;direction=.=inbound;.;state=.=active;.;'),
    ).toBe(1);
  });

  it('makes a refusal strict: the host is told, and nothing is put in its place', () => {
    start('{"id":"strict","direction":"inbound","strict":true}');
    hostShare('tagalong/1/good/strict/inbound', policy('strict', 'kept'));
    expect(push(1, BROKEN)).toBe(false);
    expect(hostLog()).toBe(
      '4 tagalong strict inbound: configuration refused at ' +
        WHY +
        '; Envoy keeps the one before, and without one requests pass',
    );
    expect(hostCalls('proxy_get_shared_data')).toBe(0);
    // Of what is in force elsewhere this VM knows nothing: two gauges, and none of that.
    expect(hostCalls('proxy_record_metric')).toBe(2);
    expect(push(1, policy('strict', 'v'))).toBe(true);
    expect(hostCalls('proxy_set_shared_data')).toBe(0);
    expect(push(1, BROKEN)).toBe(false);
    expect(
      hostMetric('tagalong_config.policy=.=strict;.;direction=.=inbound;.;state=.=active;.;'),
    ).toBe(1);
    expect(
      hostMetric('tagalong_config.policy=.=strict;.;direction=.=inbound;.;state=.=rejected;.;'),
    ).toBe(1);
    expect(push(1, policy('strict', 'v'))).toBe(true);
  });

  it('is as none where it is not understood, and that is said', () => {
    expect(start('{"id":"x","strict":true,"direction":"y"}')).toBe(true);
    expect(hostLog()).toBe(
      '4 tagalong: VM configuration not understood, going on without one: $.direction: found ' +
        '"y", wanted "gateway", "inbound" or "outbound"',
    );
    plugin('p');
    expect(push(1, BROKEN)).toBe(true);
    expect(hostLog().startsWith('4 tagalong p any: configuration refused at ')).toBe(true);
  });

  it('is as none where it cannot be read', () => {
    const unread =
      '4 tagalong: VM configuration not understood, going on without one: it cannot be read';
    hostRefuse('proxy_get_buffer_bytes', Status.InternalFailure);
    expect(start('{"id":"x"}')).toBe(true);
    expect(hostLog()).toBe(unread);
    hostRefuse('proxy_get_buffer_bytes', 0);
    const large = layMany(0x20, CONFIG_SIZE_MAX + 1);
    hostBuffer(BufferType.VmConfiguration, large.ptr, large.size);
    expect(proxy_on_vm_start(1, large.size)).toBe(true);
    expect(hostLog()).toBe(unread);
    expect(proxy_on_vm_start(1, large.size - 1)).toBe(true);
    expect(hostLog().endsWith('$: found no text at all, wanted a JSON object')).toBe(true);
    start('');
  });
});

describe('configure, several plugins', () => {
  beforeEach(() => {
    hostReset();
    start('');
  });

  it('keeps the last good one apart for each', () => {
    plugin('q');
    push(3, policy('q', 'of q'));
    expect(hostShared('tagalong/1/good/q/any')).toBe(policy('q', 'of q'));
    plugin('r');
    hostShare('tagalong/1/good/r/any', '{"broken":');
    push(4, BROKEN);
    expect(hostLog().endsWith('none is in force, requests pass')).toBe(true);
    expect(state('r', 'active')).toBe(0);
    expect(state('q', 'active')).toBe(1);
  });

  it('refuses what was kept where it is broken, with one line', () => {
    plugin('s');
    hostShare('tagalong/1/good/s/any', BROKEN);
    push(5, '{}');
    expect(hostLog()).toBe(
      '4 tagalong s any: configuration refused at $: found no such key there, wanted id: ' +
        'NAMESPACE/POLICY/ENTRY; none is in force, requests pass',
    );
    expect(state('s', 'active')).toBe(0);
    expect(state('s', 'rejected')).toBe(1);
  });

  it('takes a plugin whose name the host does not tell as one without a name', () => {
    hostRefuse('proxy_get_property', Status.InternalFailure);
    push(6, policy('nameless', 'v'));
    expect(hostLog()).toBe('2 tagalong  any: configuration in force');
    expect(hostShared('tagalong/1/good//any').length > 0).toBe(true);
  });

  it('takes SLOTS_MAX plugins, and lets the requests of one more pass', () => {
    for (let i = slotsInUse(); i < SLOTS_MAX; i++) {
      plugin('filler ' + i.toString());
      expect(push(100 + i, policy('filler', 'v'))).toBe(true);
    }
    hostLog();
    plugin('one more');
    const line =
      '4 tagalong: configuration refused: 16 plugins share this VM already, wanted a VM ' +
      'configuration with an "id" for each';
    expect(push(900, policy('more', 'v'))).toBe(true);
    expect(hostLog()).toBe(line);
    start('{"strict":true}');
    expect(push(901, policy('more', 'v'))).toBe(false);
    expect(hostLog()).toBe(line);
    start('');
    plugin('q');
    expect(push(3, policy('q', 'again'))).toBe(true);
    expect(hostLog()).toBe('2 tagalong q any: configuration in force');
  });
});
