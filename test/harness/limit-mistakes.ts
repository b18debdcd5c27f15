// limit-mistakes: limits that the filter must refuse, and what it must say of each (mistakes.ts).

import { type Bound, collected, HEADER_NAME, type Json, type Mistake, top } from './mistake.js';

const { list, add } = collected();

const LIMIT = '$.limits[0]';
function limits(...list: Json[]): string {
  return top({ limits: list });
}
function limit(fields: object): string {
  return limits({ name: 'login', rate: '10/s', ...fields });
}
function per(...parts: Json[]): string {
  return limit({ per: parts });
}
function rejected(fields: object): string {
  return limit({ reject: fields });
}
/** Headers of a reply. */
function named(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, 'v']));
}
function numbered(count: number, fields: object = {}): Json[] {
  return Array.from({ length: count }, (_, i) => ({ name: `l${i}`, rate: '1/s', ...fields }));
}
add(
  'limits that are an object',
  top({ limits: {} }),
  '$.limits',
  'an empty object',
  'an array of limits',
);
add('too many limits', limits(...numbered(17)), '$.limits', 'more limits', 'at most 16');
add(
  'too many buckets',
  limits(...numbered(1), { name: 'users', rate: '1/s', per: [{ ip: true }], maxKeys: 65536 }),
  '$.limits',
  'limits with more buckets',
  'a smaller "maxKeys": 65536 in all',
);
add('a limit that is a rate', limits('10/s'), LIMIT, '"10/s"', 'an object with the keys name when');
add(
  'an unknown key in a limit',
  limit({ key: [] }),
  LIMIT,
  'the key "key"',
  'one of: name when per rate burst scope dryRun reject reply maxKeys overflow onServiceFailure',
);
const LIMIT_NAME = 'a name: visible ASCII without " and \\, at most 64 bytes';
add(
  'a limit without name',
  limits({ rate: '10/s' }),
  LIMIT,
  'no such key there',
  'name: what counters and answers call the limit',
);
for (const [name, found] of [
  [7, '7'],
  ['', '""'],
  [' login', '" login"'],
  ['login ', '"login "'],
  ['a"b', '"a\\"b"'],
  ['a\\b', '"a\\\\b"'],
  ['a\tb', '"a\\x09b"'],
  ['a\u007f', '"a\\x7f"'],
  ['é', '"\\xc3\\xa9"'],
  ['n'.repeat(65), `"${'n'.repeat(64)}..."`],
] as const) {
  add(`a limit named ${found}`, limit({ name }), `${LIMIT}.name`, found, LIMIT_NAME);
}
add(
  "a limit's name that holds ;.;",
  limit({ name: 'a;.;b' }),
  `${LIMIT}.name`,
  '"a;.;b"',
  'a text without ;.; and =.=',
);
add(
  "a limit's name that ends in ;.",
  limit({ name: 'a;.' }),
  `${LIMIT}.name`,
  '"a;."',
  'a text that does not end in ;.',
);
add(
  'a limit that is named twice',
  limits(...numbered(2), { name: 'l0', rate: '2/s' }),
  '$.limits[2].name',
  '"l0"',
  'a name that no other limit of this entry has',
);
add(
  'global limits whose names are one header',
  limits(...numbered(1, { scope: 'global' }), { name: 'L0', rate: '2/s', scope: 'global' }),
  '$.limits[1].name',
  '"L0"',
  'a name that no other limit of this entry has',
);
add(
  'a global limit whose name no header can have',
  limit({ name: 'log in', scope: 'global' }),
  `${LIMIT}.name`,
  '"log in"',
  'a name of letters, digits, - _ and . which becomes part of a header',
);
add(
  'a global limit whose name means something to others',
  limit({ name: 'a*', scope: 'global' }),
  `${LIMIT}.name`,
  '"a*"',
  'a name of letters, digits, - _ and . which becomes part of a header',
);
add(
  'a global limit that tells what is left',
  limit({ scope: 'global', reply: { onSuccess: true } }),
  LIMIT,
  '"onSuccess" with "scope": "global"',
  'none: there every answer says what is left',
);
for (const scope of ['cluster', 'Proxy', '', true]) {
  const found = JSON.stringify(scope);
  const wanted = '"worker", "proxy" or "global"';
  add(`the scope ${found}`, limit({ scope }), `${LIMIT}.scope`, found, wanted);
}
add(
  'a limit with an empty when',
  limit({ when: {} }),
  `${LIMIT}.when`,
  'an empty object',
  'at least one condition; leave "when" out',
);
add(
  'a limit for a tag that nobody decides',
  limit({ when: { tag: { 'x-tag': 'a' } } }),
  `${LIMIT}.when.tag`,
  'the tag "x-tag"',
  'a tag header that stands in "tags"',
);

// What a limit is rated by.
const RATE = 'a rate such as 10/s, 600/m or 5000/h, at most 1000000 a second';
add(
  'a limit without rate',
  limits({ name: 'a' }),
  LIMIT,
  'no such key there',
  'rate: such as 10/s',
);
for (const rate of [
  10,
  null,
  '',
  '/s',
  '10',
  '10/d',
  '10/S',
  '10 /s',
  ' 10/s',
  '10/s ',
  '-1/s',
  '1.5/s',
  '1e3/s',
  '0/s',
  '000/h',
  '1000001/s',
  '60000001/m',
  '1000000001/h',
  '00000000001/s',
]) {
  const found = JSON.stringify(rate);
  add(`the rate ${found}`, limit({ rate }), `${LIMIT}.rate`, found, RATE);
}
for (const burst of [0, -1, 1.5, 1000000001, 9999999999, '20', null]) {
  add(
    `a burst of ${JSON.stringify(burst)}`,
    limit({ burst }),
    `${LIMIT}.burst`,
    JSON.stringify(burst),
    'a whole number from 1 to 1000000000',
  );
}
add(
  'a burst with an exponent',
  limit({ burst: '@' }).replace('"@"', '1e1'),
  `${LIMIT}.burst`,
  '1e1',
  'a whole number from 1 to 1000000000',
);
add(
  'a limit with a dryRun that is a word',
  limit({ dryRun: 'yes' }),
  `${LIMIT}.dryRun`,
  '"yes"',
  'true or false',
);

// What tells the buckets of a limit apart.
const PART = `${LIMIT}.per[0]`;
const PER = 'an array of sources such as {"ip": true}, at least one';
add('per that is a word', limit({ per: 'ip' }), `${LIMIT}.per`, '"ip"', PER);
add('per that is an object', limit({ per: { ip: true } }), `${LIMIT}.per`, 'an object', PER);
add('an empty per', per(), `${LIMIT}.per`, 'an empty array', PER);
add(
  'per of too many sources',
  per(...Array.from({ length: 9 }, (_, i) => ({ header: `h${i}` }))),
  `${LIMIT}.per`,
  'more sources',
  'at most 8',
);
add(
  'per of a word',
  per('ip'),
  PART,
  '"ip"',
  'an object with the keys header cookie query ip host',
);
add(
  'per of nothing',
  per({}),
  PART,
  'an empty object',
  'one of header, cookie, query, ip, host, method, path and tag',
);
add(
  'per of two in one object',
  per({ ip: true }, { ip: true, method: true }),
  `${LIMIT}.per[1]`,
  'a second source',
  'each in an object of its own',
);
add(
  'per of something else',
  per({ user: 'a' }),
  PART,
  'the key "user"',
  'one of: header cookie query ip host method path tag',
);
for (const [name, found] of [
  ['', '""'],
  [':path', '":path"'],
  ['a b', '"a b"'],
  [true, 'true'],
] as const) {
  add(`per of the header ${found}`, per({ header: name }), `${PART}.header`, found, HEADER_NAME);
}
add(
  'per of the header Host',
  per({ header: 'Host' }),
  `${PART}.header`,
  '"host"',
  'another header: Envoy keeps this one as :authority',
);
add(
  'per of a cookie with a blank',
  per({ cookie: 'a b' }),
  `${PART}.cookie`,
  '"a b"',
  'the name of a cookie',
);
add(
  'per of no field of the query',
  per({ query: '' }),
  `${PART}.query`,
  '""',
  'the name of a field of the query',
);
for (const key of ['host', 'method']) {
  add(`per of ${key}, a word`, per({ [key]: 'a' }), `${PART}.${key}`, '"a"', 'true');
  add(`per of ${key}, false`, per({ [key]: false }), `${PART}.${key}`, 'false', 'true');
}
add('per of ip, false', per({ ip: false }), `${PART}.ip`, 'false', 'true or {"v4": 24, "v6": 48}');
add(
  'per of bits of ip',
  per({ ip: { bits: 24 } }),
  `${PART}.ip`,
  'the key "bits"',
  'one of: v4 v6',
);
for (const [key, bits, most] of [
  ['v4', 33, 32],
  ['v4', -1, 32],
  ['v4', '24', 32],
  ['v6', 129, 128],
  ['v6', 64.5, 128],
] as const) {
  const found = JSON.stringify(bits);
  const wanted = `a whole number from 0 to ${most}`;
  add(
    `per of ${found} bits, ${key}`,
    per({ ip: { [key]: bits } }),
    `${PART}.ip.${key}`,
    found,
    wanted,
  );
}
add(
  'per of a path as a template',
  per({ path: '/users/{id}' }),
  `${PART}.path`,
  '"/users/{id}"',
  'an object with the keys template variable',
);
add(
  'per of a path without template',
  per({ path: { variable: 'id' } }),
  `${PART}.path`,
  'no such key there',
  'template: such as /users/{id}/orders',
);
add(
  'per of a path without variable',
  per({ path: { template: '/users/{id}' } }),
  `${PART}.path`,
  'no such key there',
  'variable: the part of the template that counts',
);
for (const template of ['users/{id}', '/users/{id}x', '', 7]) {
  const found = JSON.stringify(template);
  add(
    `per of a path's template ${found}`,
    per({ path: { template, variable: 'id' } }),
    `${PART}.path.template`,
    found,
    'a template such as /users/{id}/orders',
  );
}
add(
  'per of a path with a query',
  per({ path: { template: '/users/{id}?a', variable: 'id' } }),
  `${PART}.path.template`,
  '"/users/{id}?a"',
  'a template such as /users/{id}/orders',
);
add(
  'per of a path with a fragment',
  per({ path: { template: '/users/{id}/#a', variable: 'id' } }),
  `${PART}.path.template`,
  '"/users/{id}/#a"',
  'a path without ? and #',
);
add(
  'per of a variable that normalising takes away',
  per({ path: { template: '/users/{id}/..', variable: 'id' } }),
  `${PART}.path.variable`,
  '"id"',
  'the name of a variable of the template',
);
for (const variable of ['user', 'ID', 'i', '{id}', '', 7]) {
  const found = JSON.stringify(variable);
  add(
    `per of a path's variable ${found}`,
    per({ path: { template: '/users/{id}', variable } }),
    `${PART}.path.variable`,
    found,
    'the name of a variable of the template',
  );
}
add(
  'per of a tag that nobody decides',
  per({ tag: 'X-Tag' }),
  `${PART}.tag`,
  '"x-tag"',
  'a tag header that stands in "tags"',
);
add('per of a tag without name', per({ tag: '' }), `${PART}.tag`, '""', 'the name of a tag header');

// How many buckets a limit has.
const ONE_BUCKET = 'none without "per": one bucket';
for (const maxKeys of [0, 65537, 1.5, '4', true]) {
  add(
    `maxKeys of ${JSON.stringify(maxKeys)}`,
    limit({ per: [{ ip: true }], maxKeys }),
    `${LIMIT}.maxKeys`,
    JSON.stringify(maxKeys),
    'a whole number from 1 to 65536',
  );
}
add('maxKeys of one bucket', limit({ maxKeys: 4 }), `${LIMIT}.maxKeys`, '4', ONE_BUCKET);
for (const overflow of ['drop', '', true]) {
  const found = JSON.stringify(overflow);
  add(
    `the overflow ${found}`,
    limit({ per: [{ ip: true }], overflow }),
    `${LIMIT}.overflow`,
    found,
    '"shared", "reject" or "admit"',
  );
}
add(
  'overflow of one bucket',
  limit({ overflow: 'reject' }),
  `${LIMIT}.overflow`,
  '"reject"',
  ONE_BUCKET,
);
add(
  'onServiceFailure that is none',
  limit({ scope: 'global', onServiceFailure: 'open' }),
  `${LIMIT}.onServiceFailure`,
  '"open"',
  '"admit" or "reject"',
);
for (const scope of [undefined, 'worker', 'proxy']) {
  add(
    `onServiceFailure of scope ${scope}`,
    limit({ scope, onServiceFailure: 'admit' }),
    `${LIMIT}.onServiceFailure`,
    '"admit"',
    'none but with "scope": "global": no other asks a service',
  );
}

// What a limit answers.
const REJECT = `${LIMIT}.reject`;
add('reject that is a status', limit({ reject: 429 }), REJECT, '429', 'an object with the keys st');
add(
  'an unknown key in reject',
  rejected({ code: 429 }),
  REJECT,
  'the key "code"',
  'one of: status body headers',
);
for (const status of [200, 399, 600, '429', 429.5]) {
  const found = JSON.stringify(status);
  const wanted = 'a status from 400 to 599';
  add(`the status ${found}`, rejected({ status }), `${REJECT}.status`, found, wanted);
}
add(
  'a body that is no text',
  rejected({ body: {} }),
  `${REJECT}.body`,
  'an empty object',
  'a text',
);
add(
  'a body that is too long',
  rejected({ body: 'b'.repeat(4097) }),
  `${REJECT}.body`,
  'a longer text',
  'at most 4096 bytes',
);
add(
  'headers of a reply that are a list',
  rejected({ headers: ['a'] }),
  `${REJECT}.headers`,
  'an array',
  'an object of headers and their values',
);
add(
  'too many headers of a reply',
  rejected({ headers: named(17) }),
  `${REJECT}.headers`,
  'more headers',
  'at most 16',
);
for (const name of [
  '',
  ':status',
  'a b',
  'Retry-After',
  'ratelimit',
  'RateLimit-Policy',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'Content-Length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'upgrade',
  'proxy-connection',
  'date',
  'Server',
  'grpc-status',
  'grpc-message',
]) {
  add(
    `the header ${JSON.stringify(name)} of a reply`,
    rejected({ headers: { 'content-type': 'text/plain', [name]: 'v' } }),
    `${REJECT}.headers`,
    `the header ${JSON.stringify(name.toLowerCase())}`,
    "headers (letters, digits and -) that are neither the filter's nor the hop's",
  );
}
add(
  'a header of a reply twice, in another case',
  rejected({ headers: { 'X-A': 'a', 'x-b': 'b', 'x-a': 'c' } }),
  `${REJECT}.headers.x-a`,
  '"c"',
  'each header once',
);
for (const [value, found] of [
  [1, '1'],
  ['', '""'],
  [' a', '" a"'],
  ['a ', '"a "'],
  ['a\r\nb: c', '"a\\x0d\\x0ab: c"'],
  ['a\tb', '"a\\x09b"'],
  ['\u007f', '"\\x7f"'],
] as const) {
  add(
    `a header of a reply that is ${found}`,
    rejected({ headers: { 'x-a': value } }),
    `${REJECT}.headers.x-a`,
    found,
    'a value for the header: visible text, no blank at its ends',
  );
}
add(
  'a header of a reply that is too long',
  rejected({ headers: { 'x-a': 'v'.repeat(4097) } }),
  `${REJECT}.headers.x-a`,
  'a longer text',
  'at most 4096 bytes',
);
const REPLY = `${LIMIT}.reply`;
add(
  'reply that is true',
  limit({ reply: true }),
  REPLY,
  'true',
  'an object with the keys jitter on',
);
add(
  'an unknown key in reply',
  limit({ reply: { status: 429 } }),
  REPLY,
  'the key "status"',
  'one of: jitter onSuccess',
);
for (const jitter of ['3601s', '61m', '2h', '1d', '5', '', '-1s', 5]) {
  const found = JSON.stringify(jitter);
  const wanted = 'a time such as 5s, at most 1h';
  add(`a jitter of ${found}`, limit({ reply: { jitter } }), `${REPLY}.jitter`, found, wanted);
}
add(
  'onSuccess that is a word',
  limit({ reply: { onSuccess: 'yes' } }),
  `${REPLY}.onSuccess`,
  '"yes"',
  'true or false',
);

export const limitMistakes: readonly Mistake[] = list;

/** Both sides of each bound of a limit. */
export const limitBounds: readonly Bound[] = [
  {
    name: 'limits',
    within: limits(...numbered(16)),
    beyond: limits(...numbered(17)),
  },
  {
    name: 'buckets of all limits',
    within: limits(...numbered(16, { per: [{ ip: true }] })),
    beyond: limits(...numbered(15, { per: [{ ip: true }] }), {
      name: 'users',
      rate: '1/s',
      per: [{ ip: true }],
      maxKeys: 4097,
    }),
  },
  {
    name: "bytes of a limit's name",
    within: limit({ name: 'n'.repeat(64) }),
    beyond: limit({ name: 'n'.repeat(65) }),
  },
  {
    name: 'requests a second',
    within: limit({ rate: '1000000/s' }),
    beyond: limit({ rate: '1000001/s' }),
  },
  {
    name: 'requests a minute',
    within: limit({ rate: '60000000/m' }),
    beyond: limit({ rate: '60000001/m' }),
  },
  {
    name: 'requests an hour',
    within: limit({ rate: '1000000000/h' }),
    beyond: limit({ rate: '1000000001/h' }),
  },
  {
    name: 'requests of a rate, the fewest',
    within: limit({ rate: '1/h' }),
    beyond: limit({ rate: '0/h' }),
  },
  {
    name: 'digits of a rate',
    within: limit({ rate: '0000000001/s' }),
    beyond: limit({ rate: '00000000001/s' }),
  },
  {
    name: 'requests of a burst',
    within: limit({ rate: '1/h', burst: 1000000000 }),
    beyond: limit({ rate: '1/h', burst: 1000000001 }),
  },
  {
    name: 'requests of a burst, the fewest',
    within: limit({ burst: 1 }),
    beyond: limit({ burst: 0 }),
  },
  {
    name: 'sources of a key',
    within: per(...Array.from({ length: 8 }, (_, i) => ({ header: `h${i}` }))),
    beyond: per(...Array.from({ length: 9 }, (_, i) => ({ header: `h${i}` }))),
  },
  {
    name: 'bits of an address of version 4 in a key',
    within: per({ ip: { v4: 32 } }),
    beyond: per({ ip: { v4: 33 } }),
  },
  {
    name: 'bits of an address of version 6 in a key',
    within: per({ ip: { v6: 128 } }),
    beyond: per({ ip: { v6: 129 } }),
  },
  {
    name: "bytes of a key's template",
    within: per({ path: { template: `/{id}/${'t'.repeat(4090)}`, variable: 'id' } }),
    beyond: per({ path: { template: `/{id}/${'t'.repeat(4091)}`, variable: 'id' } }),
  },
  {
    name: 'buckets of a limit',
    within: limit({ per: [{ ip: true }], maxKeys: 65536 }),
    beyond: limit({ per: [{ ip: true }], maxKeys: 65537 }),
  },
  {
    name: 'buckets of a limit, the fewest',
    within: limit({ per: [{ ip: true }], maxKeys: 1 }),
    beyond: limit({ per: [{ ip: true }], maxKeys: 0 }),
  },
  {
    name: 'the status of a reply, the least',
    within: rejected({ status: 400 }),
    beyond: rejected({ status: 399 }),
  },
  {
    name: 'the status of a reply',
    within: rejected({ status: 599 }),
    beyond: rejected({ status: 600 }),
  },
  {
    name: 'bytes of a body',
    within: rejected({ body: 'b'.repeat(4096) }),
    beyond: rejected({ body: 'b'.repeat(4097) }),
  },
  {
    name: 'headers of a reply',
    within: rejected({ headers: named(16) }),
    beyond: rejected({ headers: named(17) }),
  },
  {
    name: "bytes of a reply's header",
    within: rejected({ headers: { 'x-a': 'v'.repeat(4096) } }),
    beyond: rejected({ headers: { 'x-a': 'v'.repeat(4097) } }),
  },
  {
    name: "bytes of the name of a reply's header",
    within: rejected({ headers: { ['h'.repeat(256)]: 'v' } }),
    beyond: rejected({ headers: { ['h'.repeat(257)]: 'v' } }),
  },
  {
    name: 'seconds of jitter',
    within: limit({ reply: { jitter: '3600s' } }),
    beyond: limit({ reply: { jitter: '3601s' } }),
  },
];
