// Header maps: reading, writing, what is there in which callback, and lists from the guest.

import { encodePairs } from '../../../../envoyfilter/src/host/wire.js';
import type { Probe } from '../probe.js';
import { Guest, load, store, word } from '../wat.js';

const REQUEST = 0;
const RESPONSE = 2;
/** Ends beyond the memory of one page by one byte. */
const BEYOND = '(i32.const 65530) (i32.const 7)';

function reading(): Probe {
  const g = new Guest('reading');
  g.on(
    'proxy_on_request_headers',
    g.note('end', '(local.get $2)') +
      g.header('absent', REQUEST, 'x-no') +
      g.header('first', REQUEST, 'x-two') +
      g.header('case', REQUEST, 'X-TWO') +
      g.header('cookie', REQUEST, 'cookie') +
      g.header('joined', REQUEST, 'accept') +
      g.header('empty', REQUEST, 'x-empty') +
      g.header('host', REQUEST, 'host') +
      g.header('authority', REQUEST, ':authority') +
      g.try('no-name', 'get_header_map_value', REQUEST, 0, 0, word(0), word(1)),
  );
  return {
    guest: g,
    requests: [
      {
        headers: [
          ['x-two', 'a'],
          ['X-Two', 'b'],
          ['cookie', 'a=1'],
          ['cookie', 'b=2'],
          ['accept', 'x'],
          ['accept', 'y'],
          ['x-empty', ''],
        ],
      },
    ],
  };
}

function writing(): Probe {
  const g = new Guest('writing');
  const add = (name: string, value: string) =>
    g.try(`add ${name}`, 'add_header_map_value', REQUEST, g.text(name), g.text(value));
  const replace = (name: string, value: string) =>
    g.try(`replace ${name}`, 'replace_header_map_value', REQUEST, g.text(name), g.text(value));
  const remove = (name: string) =>
    g.try(`remove ${name}`, 'remove_header_map_value', REQUEST, g.text(name));
  g.on(
    'proxy_on_request_headers',
    replace('x-two', 'one') +
      replace('x-new', 'v') +
      add('x-last', '2') +
      add('X-Case', 'v') +
      add('cookie', 'c=3') +
      add('user-agent', 'more') +
      add('user-agent', '') +
      add('referer', '') +
      add('referer', 'r') +
      add('x-empty', '') +
      remove('x-no') +
      remove('x-gone') +
      replace('host', 'other') +
      add(':authority', 'more') +
      g.header('authority', REQUEST, 'host') +
      replace(':authority', '127.0.0.1') +
      g.try('size', 'get_header_map_size', REQUEST, word(0)),
  );
  return {
    guest: g,
    requests: [
      {
        headers: [
          ['x-two', 'a'],
          ['x-two', 'b'],
          ['cookie', 'a=1'],
          ['x-gone', '1'],
          ['x-gone', '2'],
          ['user-agent', 'me'],
          ['x-last', '1'],
        ],
      },
    ],
  };
}

/** Where pseudo-headers and replaced ones stand, as a list shows it. */
function order(): Probe {
  const g = new Guest('order');
  const at = (name: string) =>
    g.try(name, 'add_header_map_value', RESPONSE, g.text(name), g.text('v'));
  g.on(
    'proxy_on_response_headers',
    g.try('clear', 'set_header_map_pairs', RESPONSE, g.text(encodePairs([[':status', '201']]))) +
      at('b') +
      at(':x') +
      at('a') +
      at('b') +
      g.try('replace', 'replace_header_map_value', RESPONSE, g.text('b'), g.text('w')) +
      g.try('again', 'replace_header_map_value', RESPONSE, g.text(':status'), g.text('202')) +
      g.try('list', 'get_header_map_pairs', RESPONSE, word(4), word(5)) +
      // Names and values only: the sizes before them are four entries of eight bytes.
      `${store(word(4), `(i32.add ${load(word(4))} (i32.const 36))`)}
       ${store(word(5), `(i32.sub ${load(word(5))} (i32.const 36))`)}` +
      g.noteBytes('text', 4, 5) +
      g.try('remove', 'remove_header_map_value', RESPONSE, g.text(':x')),
  );
  return { guest: g };
}

function lists(): Probe {
  const g = new Guest('lists');
  const set = (label: string, bytes: Uint8Array | string) =>
    g.try(label, 'set_header_map_pairs', RESPONSE, g.text(bytes)) +
    g.try('size', 'get_header_map_size', RESPONSE, word(0)) +
    g.note('is', load(word(0)));
  const good = Buffer.from(encodePairs([['a', 'xyz']]));
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(good);
    copy[at] = value;
    return copy;
  };
  const many = (count: number) =>
    encodePairs(Array.from({ length: count }, () => ['n', ''] as const));
  g.on(
    'proxy_on_response_headers',
    set('good', good) +
      set('nothing', '') +
      set('good', good) +
      set('longer', Buffer.concat([good, Buffer.of(0)])) +
      set('good', good) +
      set('shorter', good.subarray(0, -1)) +
      set('no NUL behind the name', changed(13, 1)) +
      set('no NUL behind the value', changed(17, 1)) +
      set('more pairs than bytes', changed(0, 9)) +
      set('three bytes', good.subarray(0, 3)) +
      set('no pair', encodePairs([])) +
      set('1024', many(1024)) +
      set('1025', many(1025)) +
      set(
        'twice',
        encodePairs([
          ['x-a', '1'],
          ['via', '1'],
          ['X-A', '2'],
          ['Via', '2'],
        ]),
      ) +
      g.header('via', RESPONSE, 'via') +
      g.try('status', 'add_header_map_value', RESPONSE, g.text(':status'), g.text('200')),
  );
  return { guest: g };
}

/** Which maps are there in which callback. */
function phases(): Probe {
  const g = new Guest('phases');
  const all = (types: readonly number[]) =>
    types
      .map(
        (type) =>
          g.try(`get ${type}`, 'get_header_map_value', type, g.text(':path'), word(0), word(1)) +
          store(word(2), 99) +
          g.try(`pairs ${type}`, 'get_header_map_pairs', type, word(2), word(3)) +
          g.note('null', `(i32.eqz ${load(word(2))})`) +
          g.try(`size ${type}`, 'get_header_map_size', type, word(0)) +
          g.try(`add ${type}`, 'add_header_map_value', type, g.text('x-no'), g.text('')) +
          g.try(`replace ${type}`, 'replace_header_map_value', type, g.text('x-no'), g.text('')) +
          g.try(`remove ${type}`, 'remove_header_map_value', type, g.text('x-no')),
      )
      .join('');
  g.on('proxy_on_configure', all([REQUEST]));
  g.on('proxy_on_request_headers', all([0, 1, 2, 3, 4, 5, 6, 7, 8, -1]));
  g.on('proxy_on_response_headers', all([REQUEST, RESPONSE]));
  g.on('proxy_on_log', all([REQUEST, 1, RESPONSE]) + g.header('status', RESPONSE, ':status'));
  return { guest: g };
}

/** Bad pointers: which is seen first. */
function pointers(): Probe {
  const g = new Guest('pointers');
  const name = g.text('x-a');
  g.on(
    'proxy_on_request_headers',
    g.try('name', 'get_header_map_value', REQUEST, BEYOND, word(0), word(1)) +
      g.try('name up to the end', 'get_header_map_value', REQUEST, 65_530, 6, word(0), word(1)) +
      g.try('name at -1', 'get_header_map_value', REQUEST, -1, 1, word(0), word(1)) +
      g.try('name of -1', 'get_header_map_value', REQUEST, 8, -1, word(0), word(1)) +
      g.try('out', 'get_header_map_value', REQUEST, name, 65_533, word(1)) +
      g.try('out size', 'get_header_map_value', REQUEST, name, word(0), -4) +
      g.try('out of absent', 'get_header_map_value', REQUEST, g.text('x-no'), -4, -4) +
      g.try('type', 'add_header_map_value', 8, BEYOND, BEYOND) +
      g.try('list type', 'set_header_map_pairs', 8, BEYOND) +
      g.try('list', 'set_header_map_pairs', RESPONSE, BEYOND) +
      g.try('no map', 'add_header_map_value', RESPONSE, BEYOND, name) +
      g.try('value', 'add_header_map_value', REQUEST, name, BEYOND) +
      g.try('replace', 'replace_header_map_value', REQUEST, name, BEYOND) +
      g.try('remove', 'remove_header_map_value', REQUEST, BEYOND) +
      g.try('pairs', 'get_header_map_pairs', REQUEST, 65_533, word(1)) +
      g.try('no pairs', 'get_header_map_pairs', RESPONSE, 65_533, word(1)) +
      g.try('size', 'get_header_map_size', REQUEST, 65_533),
  );
  return { guest: g, requests: [{ headers: [['x-a', 'v']] }] };
}

export const headerProbes: readonly Probe[] = [
  reading(),
  writing(),
  order(),
  lists(),
  phases(),
  pointers(),
];
