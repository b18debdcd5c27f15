import { describe, expect, it } from 'vitest';
import { Host } from '../../../envoyfilter/src/host/index.js';
import { load, logged } from './load.js';
import { Guest } from './wat.js';

describe('a root that a VM has refused', () => {
  it('is tried again for the next plugin of its key, whatever it says at its start', async () => {
    const host = new Host();
    const g = new Guest('again');
    const first = g.call('set_shared_data', g.text('k'), g.text('v'), 77);
    g.raw('(global $starts (mut i32) (i32.const 0))');
    const started = '(i32.eq (global.get $starts) (i32.const 1))';
    g.on(
      'proxy_on_vm_start',
      `(global.set $starts (i32.add (global.get $starts) (i32.const 1)))
       ${g.note('start', '(local.get $0)')}`,
      started,
    );
    // Yes from the canary, which is the first of all, and from whoever starts a second time.
    g.on(
      'proxy_on_configure',
      g.note('configure', '(local.get $0)'),
      `(i32.or (i32.eqz ${first}) (i32.eqz ${started}))`,
    );
    const options = { vmId: 'v', configuration: 'same' };
    const refused = await load(host, g, options);
    expect(refused.rejected).toBe('main: configuration refused');
    const accepted = await load(host, g, options);
    expect(accepted.accepted).toBe(true);
    expect(logged(host, g, true).slice(6)).toEqual([
      ...['main: start=1', 'main: configure=1'],
      ...['worker 0: start=1', 'worker 0: configure=1'],
    ]);
  });
});
