// Properties: which paths are found in which callback, and what a guest may set.

import type { Probe } from '../probe.js';
import { Guest, word } from '../wat.js';

/** Read like this in all callbacks; parts are joined with slashes here. */
const PATHS = [
  'plugin_name',
  'plugin_name/',
  'plugin_name/x',
  'plugin_root_id',
  'plugin_vm_id',
  'request/path',
  'request/path/',
  'request.path',
  'request/url_path',
  'request/query',
  'request/host',
  'request/method',
  'request/scheme',
  'request/useragent',
  'request/referer',
  'request/headers/x-a',
  'request/headers/X-A',
  'request/headers/x-no',
  'request/nothing',
  'response/headers/x-up',
  'nothing',
  '/',
];

function property(g: Guest, path: string): string {
  const get = g.call('get_property', g.text(path.replaceAll('/', '\0')), word(0), word(1));
  return `(if (i32.eqz (local.tee $s ${get}))
    (then ${g.noteBytes(path)}) (else ${g.note(`${path}?`, '(local.get $s)')}))\n`;
}

function reading(): Probe {
  const g = new Guest('props');
  const all = PATHS.map((path) => property(g, path)).join('');
  g.on('proxy_on_vm_start', property(g, 'plugin_name') + property(g, 'plugin_root_id'));
  g.on(
    'proxy_on_configure',
    all + ['source/address', 'xds/listener_direction'].map((path) => property(g, path)).join(''),
  );
  g.on('proxy_on_request_headers', all);
  g.on('proxy_on_response_headers', all);
  g.on('proxy_on_log', all);
  const headers = [
    ['x-a', '1'],
    ['x-a', '2'],
    ['user-agent', 'me'],
  ] as const;
  return {
    guest: g,
    requests: [{ path: '/p/a?q=1', headers }],
  };
}

function setting(): Probe {
  const g = new Guest('props-set');
  const set = (path: string, value: string) =>
    g.try(`set ${path}`, 'set_property', g.text(path.replaceAll('/', '\0')), g.text(value));
  const beyond = '(i32.const 65530) (i32.const 7)';
  g.on('proxy_on_configure', set('mine', 'v'));
  g.on(
    'proxy_on_request_headers',
    set('mine', 'v1') +
      property(g, 'mine') +
      property(g, 'mine/') +
      property(g, 'mine/x') +
      set('two/parts', 'v2') +
      property(g, 'two/parts') +
      property(g, 'two') +
      property(g, 'two.parts') +
      set('a.b', 'v3') +
      property(g, 'a.b') +
      property(g, 'a/b') +
      set('end/', 'v4') +
      property(g, 'end') +
      set('plugin_name', 'v5') +
      property(g, 'plugin_name') +
      set('mine', 'v6') +
      property(g, 'mine') +
      set('mine', '') +
      property(g, 'mine') +
      g.try('empty', 'get_property', 0, 0, word(0), word(1)) +
      g.try('path', 'get_property', beyond, word(0), word(1)) +
      g.try('out', 'get_property', g.text('mine'), 65_533, word(1)) +
      g.try('value', 'set_property', g.text('x'), beyond),
  );
  g.on('proxy_on_response_headers', set('late', 'v') + property(g, 'late') + property(g, 'a.b'));
  return { guest: g };
}

export const propertyProbes: readonly Probe[] = [reading(), setting()];
