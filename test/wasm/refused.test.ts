// What becomes of a configuration that the filter refuses: nothing breaks, and somebody is told.

import { describe, expect, it } from 'vitest';
import { Host, type Plugin, Status } from '../../envoyfilter/src/host/index.js';
import {
  entryFor,
  errorsOf,
  loadFilter,
  loadShared,
  metricOf,
  requestOf,
  statesOf,
  tagAfter,
  textOf,
} from '../harness/host.js';
import { bounds, mistakes, refusal } from '../harness/mistakes.js';

const TAG = 'x-traffic-tag';
const ID = 'refused/policy/0';
const FORGED: [string, string][] = [[TAG, 'forged']];
const BAD = '{"id":';

function good(value: string, sections: object = {}) {
  return entryFor({ tags: [{ header: TAG, default: value }], ...sections }, ID);
}

function decides(plugin: Plugin, value: string): void {
  expect(tagAfter(plugin, TAG, FORGED)).toEqual([value]);
}

describe('a refused configuration, none before it', () => {
  it.each(
    mistakes.map((mistake) => [mistake.name, mistake] as const),
  )('lets requests pass unchanged: %s', (_name, mistake) => {
    const host = new Host({ workers: 2 });
    const { configuration } = mistake;
    const plugin = loadFilter(host, good('canary'), { configuration });
    expect(plugin.accepted).toBe(true);
    expect(statesOf(host, ID)).toEqual({ active: 0, rejected: 1 });
    // One line for each VM: the canary, the main thread, two workers.
    expect(errorsOf(host)).toHaveLength(4);
    for (const line of errorsOf(host)) {
      expect(line).toContain(`tagalong ${ID} gateway: ${refusal(mistake)}`);
      expect(line).toMatch(/; none is in force, requests pass$/);
    }
    const request = requestOf([...FORGED, ['x-other', 'kept'], [TAG, 'twice']]);
    const stream = plugin.open();
    const { headers, action } = stream.requestHeaders(request);
    expect(action).toBe('continue');
    expect(headers.toPairs()).toEqual(request);
    expect(stream.calls.size).toBe(0);
    stream.done();
  });

  it.each(
    mistakes.map((mistake) => [mistake.name, mistake] as const),
  )('is refused by the host too where the VM is strict: %s', (_name, mistake) => {
    const host = new Host({ workers: 2 });
    const { configuration } = mistake;
    const plugin = loadFilter(host, good('canary'), { configuration, strict: true });
    expect(plugin.accepted).toBe(false);
    expect(statesOf(host, ID)).toEqual({ active: 0, rejected: 1 });
    // The canary alone is asked.
    expect(errorsOf(host)).toHaveLength(1);
    expect(errorsOf(host)[0]).toContain(`tagalong ${ID} gateway: ${refusal(mistake)}`);
  });

  it('gives way to a good one', () => {
    const host = new Host();
    const plugin = loadFilter(host, good('canary'), { configuration: BAD });
    expect(plugin.configure(textOf(good('canary')))).toBe(true);
    expect(statesOf(host, ID)).toEqual({ active: 1, rejected: 0 });
    decides(plugin, 'canary');
  });

  it.each(
    bounds.map((bound) => [bound.name, bound] as const),
  )('is one step beyond the last that is accepted: %s', (_name, { within, beyond }) => {
    const host = new Host();
    const strict = true;
    // With the capabilities that it needs, or what it asks for would be logged as an error.
    const entry = { ...good('a'), configuration: JSON.parse(within) };
    expect(loadFilter(host, entry, { configuration: within, strict }).accepted).toBe(true);
    expect(errorsOf(host)).toEqual([]);
    expect(loadFilter(host, good('a'), { configuration: beyond, strict }).accepted).toBe(false);
  });
});

describe('a refused configuration, a good one before it', () => {
  it.each([true, false])('changes nothing for requests, strict: %s', (strict) => {
    const host = new Host({ workers: 2 });
    const plugin = loadFilter(host, good('first'), { strict });
    for (const mistake of mistakes) {
      const before = errorsOf(host).length;
      expect(plugin.configure(mistake.configuration), mistake.name).toBe(!strict);
      expect(statesOf(host, ID), mistake.name).toEqual({ active: 1, rejected: 1 });
      const lines = errorsOf(host).slice(before);
      expect(lines).toHaveLength(strict ? 1 : 4);
      for (const line of lines) expect(line).toContain(refusal(mistake));
      for (const worker of [0, 1]) {
        const stream = plugin.open({ worker });
        const { headers } = stream.requestHeaders(requestOf(FORGED));
        expect(headers.getAll(TAG), mistake.name).toEqual(['first']);
        stream.done();
      }
    }
    expect(plugin.configure(textOf(good('second')))).toBe(true);
    expect(statesOf(host, ID)).toEqual({ active: 1, rejected: 0 });
    decides(plugin, 'second');
  });

  it('is said to leave the one before in force, by the VMs that hold it', () => {
    const host = new Host();
    const plugin = loadFilter(host, good('first'));
    plugin.configure(BAD);
    const inForce = host.logs.filter(({ message }) =>
      message.endsWith('; the one before stays in force'),
    );
    expect(inForce.map(({ vm }) => vm)).toEqual(['main', 'worker 0']);
    // The canary, which is new, takes it from shared data; the others have no need to.
    const restored = host.logs.filter(({ level }) => level === 'warn');
    expect(restored.map(({ vm }) => vm)).toEqual(['canary']);
  });

  it('is not taken for absent where the good one comes back', () => {
    const host = new Host();
    const plugin = loadFilter(host, good('first'));
    plugin.configure(BAD);
    expect(plugin.configure(textOf(good('first')))).toBe(true);
    expect(statesOf(host, ID)).toEqual({ active: 1, rejected: 0 });
    decides(plugin, 'first');
  });
});

describe('the bytes that are in force already', () => {
  it.each([true, false])('change nothing, strict: %s', (strict) => {
    const calls: string[] = [];
    const spy = (call: string) => {
      calls.push(call);
      return undefined;
    };
    const host = new Host({ fault: spy });
    const plugin = loadFilter(host, good('first'), { strict });
    calls.length = 0;
    expect(plugin.configure(textOf(good('first')))).toBe(true);
    // Each VM begins with the level of the log; the first is the canary, which is new.
    const perVm = calls
      .join(' ')
      .split('proxy_get_log_level ')
      .slice(1)
      .map((one) => one.trim().split(' '));
    expect(perVm).toHaveLength(3);
    const nothing = [
      'proxy_get_buffer_bytes',
      'proxy_get_buffer_bytes',
      'proxy_record_metric',
      'proxy_record_metric',
      'proxy_record_metric',
    ];
    expect(perVm.slice(1)).toEqual([nothing, nothing]);
    decides(plugin, 'first');
  });
});

describe('the last good configuration', () => {
  /** Loads a good one, and beside it a bad one into a VM that is new because its list is another. */
  function restart(host: Host, strict: boolean): Plugin {
    loadFilter(host, good('kept'), { strict });
    const other = good('unused', { tags: [{ header: TAG, default: 'unused', echo: true }] });
    return loadFilter(host, other, { strict, configuration: BAD });
  }

  it('serves in a VM that starts with a bad one', () => {
    const host = new Host({ workers: 2 });
    const plugin = restart(host, false);
    expect(plugin.accepted).toBe(true);
    decides(plugin, 'kept');
    expect(statesOf(host, ID)).toEqual({ active: 1, rejected: 1 });
    const warnings = host.logs.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ vm }) => vm)).toEqual(['canary', 'main', 'worker 0', 'worker 1']);
    for (const { message } of warnings) {
      expect(message).toBe(`tagalong ${ID} gateway: the last good configuration is in force again`);
    }
  });

  it('is the newest one', () => {
    const host = new Host();
    const plugin = loadFilter(host, good('old'));
    plugin.configure(textOf(good('new')));
    plugin.configure(BAD);
    decides(restartBeside(host), 'new');
  });

  it('is the one that was gone back to', () => {
    const host = new Host();
    const plugin = loadFilter(host, good('old'));
    plugin.configure(textOf(good('new')));
    plugin.configure(textOf(good('old')));
    decides(restartBeside(host), 'old');
  });

  it('belongs to one entry and direction', () => {
    const host = new Host();
    loadFilter(host, good('kept'));
    const otherEntry = entryFor({ tags: [{ header: TAG, default: 'a' }] }, 'refused/policy/1');
    const plugin = loadFilter(host, otherEntry, { configuration: BAD });
    expect(tagAfter(plugin, TAG, FORGED)).toEqual(['forged']);
    const otherSide = entryFor({ tags: [{ header: TAG, default: 'a' }] }, ID, 'inbound');
    const inbound = loadFilter(host, otherSide, { configuration: BAD });
    expect(tagAfter(inbound, TAG, FORGED)).toEqual(['forged']);
  });

  it('is left to Envoy where the VM is strict', () => {
    const host = new Host();
    expect(restart(host, true).accepted).toBe(false);
    expect(host.sharedData.keys('tagalong')).toEqual([]);
  });

  it.each([
    'proxy_set_shared_data',
    'proxy_get_shared_data',
  ])('costs nothing but itself where the host refuses %s', (refused) => {
    const host = new Host({
      fault: (call) => (call === refused ? Status.InternalFailure : undefined),
    });
    const plugin = restart(host, false);
    expect(plugin.accepted).toBe(true);
    expect(tagAfter(plugin, TAG, FORGED)).toEqual(['forged']);
    expect(statesOf(host, ID).rejected).toBe(1);
  });

  it('lets requests pass where what was kept is good no more', () => {
    const host = new Host();
    loadFilter(host, good('kept'));
    const [key] = host.sharedData.keys('tagalong');
    host.sharedData.set('tagalong', key!, Buffer.from('{"id":"x"'));
    const plugin = restartBeside(host);
    expect(tagAfter(plugin, TAG, FORGED)).toEqual(['forged']);
  });

  function restartBeside(host: Host): Plugin {
    const other = good('unused', { tags: [{ header: TAG, echo: true }] });
    return loadFilter(host, other, { configuration: BAD });
  }
});

describe('a thousand pushes', () => {
  it.each([true, false])('leave memory as it was, strict: %s', (strict) => {
    const host = new Host({ onLog: () => {}, logLevel: 'critical' });
    // More than the filter keeps, so that each is compiled anew; every other one echoes.
    const texts = Array.from({ length: 12 }, (_, i) => {
      const tags = [{ header: TAG, default: `value-${i}`, echo: i % 2 === 0 }];
      return [textOf(good('', { tags })), `${BAD}${i}`];
    }).flat();
    const plugin = loadFilter(host, good('zero'), { strict });
    // The gauge is of the VM that told last: a canary, where it refused.
    for (const text of [...texts, texts[0]!]) plugin.configure(text);
    const bytes = plugin.memory().buffer.byteLength;
    const heap = metricOf(host, ID, 'tagalong_heap_bytes');
    const series = host.metrics.series().length;
    expect(heap).toBeGreaterThan(0);
    for (let i = 0; i < 1000; i++) plugin.configure(texts[i % texts.length]!);
    expect(plugin.configure(texts[0]!)).toBe(true);
    expect(plugin.memory().buffer.byteLength).toBe(bytes);
    expect(metricOf(host, ID, 'tagalong_heap_bytes')).toBe(heap);
    expect(host.metrics.series()).toHaveLength(series);
    decides(plugin, 'value-0');
  });
});

describe('plugins that share a VM, as WasmPlugins do', () => {
  const text = (index: number) =>
    textOf(
      entryFor({ tags: [{ header: TAG, default: `tag-${index}` }] }, `shared/policy/${index}`),
    );

  it('each keep their own configuration', () => {
    const host = new Host();
    const plugins = [0, 1, 2].map((index) => loadShared(host, `plugin-${index}`, text(index)));
    expect(plugins[1]?.configure(BAD)).toBe(true);
    plugins.forEach((plugin, index) => {
      expect(tagAfter(plugin, TAG, FORGED)).toEqual([`tag-${index}`]);
    });
    expect(statesOf(host, 'plugin-1')).toEqual({ active: 1, rejected: 1 });
    expect(statesOf(host, 'plugin-2')).toEqual({ active: 1, rejected: 0 });
  });

  it('are sixteen at most; the next one lets requests pass, and says why', () => {
    const host = new Host();
    const plugins = Array.from({ length: 17 }, (_, index) =>
      loadShared(host, `plugin-${index}`, text(index)),
    );
    expect(plugins.map((plugin) => plugin.accepted)).not.toContain(false);
    plugins.slice(0, 16).forEach((plugin, index) => {
      expect(tagAfter(plugin, TAG, FORGED)).toEqual([`tag-${index}`]);
    });
    expect(tagAfter(plugins[16]!, TAG, FORGED)).toEqual(['forged']);
    expect(errorsOf(host)[0]).toBe(
      'tagalong: configuration refused: 16 plugins share this VM already, ' +
        'wanted a VM configuration with an "id" for each',
    );
  });
});

describe('a VM configuration', () => {
  const PREFIX = 'tagalong: VM configuration not understood, going on without one: ';
  const entry = good('canary');

  it.each([
    ['{', '$: found the end of the text, wanted a key in double quotes'],
    ['[]', '$: found an empty array, wanted an object with the keys '],
    ['{"ident":"a"}', '$: found the key "ident", wanted one of: id direction caps strict'],
    ['{"id":1}', '$.id: found 1, wanted an id such as shop/checkout/0'],
    ['{"id":""}', '$.id: found "", wanted an id such as shop/checkout/0'],
    ['{"strict":"yes"}', '$.strict: found "yes", wanted true or false'],
    ['{"direction":"up"}', '$.direction: found "up", wanted "gateway", "inbound" or "outbound"'],
    [
      Buffer.from('{"id":"\xff"}', 'latin1'),
      '$.id: found the bytes "\\xff\\"}", wanted valid UTF-8',
    ],
    [' '.repeat((256 << 10) + 1), 'it cannot be read'],
  ])('that is not understood is as none, and is said: %#', (vmConfiguration, says) => {
    const host = new Host();
    const plugin = loadShared(host, 'plugin', textOf(entry), vmConfiguration);
    expect(plugin.accepted).toBe(true);
    for (const line of errorsOf(host)) expect(line).toContain(PREFIX + says);
    expect(errorsOf(host)).toHaveLength(3);
    expect(tagAfter(plugin, TAG, FORGED)).toEqual(['canary']);
    // Not strict: what is refused is not refused by the host.
    expect(plugin.configure(BAD)).toBe(true);
    expect(tagAfter(plugin, TAG, FORGED)).toEqual(['canary']);
    expect(statesOf(host, 'plugin')).toEqual({ active: 1, rejected: 1 });
  });

  it('names the entry whatever the plugin is called', () => {
    const host = new Host();
    loadShared(host, 'plugin', textOf(entry), '{"id":"a/b/0","direction":"outbound"}');
    const config = host.metrics.series().filter(({ name }) => name === 'tagalong_config');
    for (const { labels } of config) {
      expect(labels).toMatchObject({ policy: 'a/b/0', direction: 'outbound' });
    }
    expect(config).toHaveLength(2);
  });
});
