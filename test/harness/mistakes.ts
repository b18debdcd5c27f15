// mistakes: configurations that the filter must refuse, and what it must say of each.
// A line of the log reads `… refused at PATH: found FOUND, wanted WANTED`; `wanted` may be cut.

import { limitBounds, limitMistakes } from './limit-mistakes.js';
import { type Bound, collected, HEADER_NAME, type Json, type Mistake, top } from './mistake.js';

export type { Mistake };

/** Bytes of the largest configuration that the filter reads. */
export const CONFIGURATION_SIZE_MAX = 256 << 10;

const DEPTH = 100_000;
const TAG = '$.tags[0]';
const RULE = `${TAG}.rules[0]`;
const WHEN = `${RULE}.when`;

const VALUE = 'a value for the tag: visible text, no blank at its ends';
const NETWORK = 'an address or network such as 10.0.0.0/8 or 2001:db8::/32';
const STRINGS = 'an array of strings, at least one';

function tags(...list: Json[]): string {
  return top({ tags: list });
}
function tag(fields: object): string {
  return tags({ header: 'x-traffic-tag', ...fields });
}
function rules(...list: Json[]): string {
  return tag({ rules: list });
}
function rule(fields: object): string {
  return rules({ value: 'canary', ...fields });
}
function when(condition: Json): string {
  return rule({ when: condition });
}
function header(operator: object): string {
  return when({ header: 'x-user', ...operator });
}
/** Text around the JSON of a string, which JSON.stringify would not write. */
function rawDefault(json: string): string {
  return tag({ default: '@' }).replace('"@"', json);
}
function bytesAt(text: string, bytes: readonly number[]): Uint8Array {
  const [before = '', after = ''] = text.split('@');
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
}

const { list, add } = collected();

// No JSON at all, or none that the whole may be.
add('no text', '', '$', 'no configuration', 'a JSON object');
add('nothing but blanks', ' \n\t', '$', 'no text at all', 'a JSON object');
add(
  'an array',
  '[]',
  '$',
  'an empty array',
  'an object with the keys id direction mode client paths tags',
);
add('a number', '12', '$', '12', 'an object with the keys ');
add('null', 'null', '$', 'null', 'an object with the keys ');
add('a word that is none', 'nul', '$', 'the bytes "nul"', 'a JSON value');
add('cut off in a key', '{"id', '$', 'the end of the text', 'a string that ends in a double quote');
add('cut off behind a colon', '{"id":', '$.id', 'the end of the text', 'a JSON value');
add(
  'cut off in a list',
  '{"tags":[{',
  '$.tags[0]',
  'the end of the text',
  'a key in double quotes',
);
add('text behind the end', `${top({})} {}`, '$', 'the bytes "{}"', 'the end of the text');
add('a comma too many', '{"id":"a",}', '$', 'the bytes "}"', 'a key in double quotes');
add('a comment', '{/**/}', '$', 'the bytes "/**/}"', 'a key in double quotes');
add('YAML', 'id: a\n', '$', 'the bytes "id: a\\x0a"', 'a JSON value');
add('a leading zero', '{"mode":01}', '$.mode', 'the bytes "1}"', 'a number without leading zeros');
add(
  'a byte order mark',
  `\ufeff${top({})}`,
  '$',
  'the bytes "\\xef\\xbb\\xbf{\\"id\\":\\"mistak"',
  'a JSON value',
);
add(
  'a hundred thousand arrays deep',
  '['.repeat(DEPTH) + ']'.repeat(DEPTH),
  `$${'[0]'.repeat(32)}`,
  'a value nested too deep',
  'at most 32 levels',
);
add(
  'a hundred thousand objects deep, cut off',
  '{"all":'.repeat(30_000),
  `$${'.all'.repeat(32)}`,
  'a value nested too deep',
  'at most 32 levels',
);
add(
  'over 256 KiB',
  top({}).padEnd(CONFIGURATION_SIZE_MAX + 1),
  '$',
  'a configuration over 256 KiB',
  'a smaller one',
);
add(
  'more values than the scratch memory holds',
  `[${'0,'.repeat(100_000)}0]`,
  '$',
  'more values than there is room for',
  'a smaller configuration',
);
add(
  'more than an area holds, once compiled',
  areaTooSmall(),
  '$',
  'more than fits into 1 MiB once compiled',
  'a smaller configuration',
);
add(
  'more headers than a policy may read',
  when({ all: Array.from({ length: 256 }, (_, i) => ({ header: `h${i}`, present: true })) }),
  '$',
  'more than 256 different headers',
  'fewer of them',
);

// Strings.
add(
  'invalid UTF-8',
  bytesAt(tag({ default: '@' }), [0xff, 0xfe]),
  `${TAG}.default`,
  'the bytes "\\xff\\xfe\\"}]}"',
  'valid UTF-8',
);
add(
  'an overlong form in UTF-8',
  bytesAt(tag({ default: '@' }), [0xc0, 0xaf]),
  `${TAG}.default`,
  'the bytes "\\xc0\\xaf\\"}]}"',
  'valid UTF-8',
);
add(
  'a surrogate in UTF-8',
  bytesAt(tag({ default: '@' }), [0xed, 0xa0, 0x80]),
  `${TAG}.default`,
  'the bytes "\\xed\\xa0\\x80\\"}]}"',
  'valid UTF-8',
);
add(
  'invalid UTF-8 in a key',
  bytesAt('{"@":1}', [0x80]),
  '$',
  'the bytes "\\x80\\":1}"',
  'valid UTF-8',
);
add(
  'a lone surrogate',
  rawDefault('"\\ud800x"'),
  `${TAG}.default`,
  'the bytes "\\\\ud800x\\"}]}"',
  'a valid escape',
);
add(
  'a low surrogate alone',
  rawDefault('"\\udc00"'),
  `${TAG}.default`,
  'the bytes "\\\\udc00\\"}]}"',
  'a valid escape',
);
add(
  'an escape that is none',
  rawDefault('"\\x41"'),
  `${TAG}.default`,
  'the bytes "\\\\x41\\"}]}"',
  'a valid escape',
);
add(
  'a control character in a string',
  rawDefault('"a\nb"'),
  `${TAG}.default`,
  'the bytes "\\x0ab\\"}]}"',
  'no control characters in a string',
);

// The configuration.
add(
  'an unknown key',
  top({ tag: [] }),
  '$',
  'the key "tag"',
  'one of: id direction mode client paths',
);
add('a key in capitals', top({ Tags: [] }), '$', 'the key "Tags"', 'one of: ');
add('an empty key', top({ '': 1 }), '$', 'the key ""', 'one of: ');
add(
  'a key that would forge a line of the log',
  top({ 'a\nerror\u0000é': 1 }),
  '$',
  'the key "a\\x0aerror\\x00\\xc3\\xa9"',
  'one of: ',
);

// Whom `ip` stands for.
function client(section: Json): string {
  return top({ client: section });
}
function forwarded(trustedHops: Json): string {
  return client({ address: 'forwarded', trustedHops });
}
add('a client that is a text', client('envoy'), '$.client', '"envoy"', 'an object with the keys ');
add(
  'an unknown key of client',
  client({ adress: 'envoy' }),
  '$.client',
  'the key "adress"',
  'one of: address trustedHops prefix',
);
for (const address of ['x-forwarded-for', '', true, null]) {
  const found = JSON.stringify(address);
  add(
    `the address ${found}`,
    client({ address }),
    '$.client.address',
    found,
    '"envoy" or "forwarded"',
  );
}
for (const section of [{ trustedHops: 1 }, { address: 'envoy', trustedHops: 0 }]) {
  add(
    `trustedHops in ${JSON.stringify(section)}`,
    client(section),
    '$.client',
    '"trustedHops" without forwarded',
    '"address": "forwarded" beside it',
  );
}
for (const hops of [-1, 256, 1.5, '1', null]) {
  const found = JSON.stringify(hops);
  add(
    `trustedHops of ${found}`,
    forwarded(hops),
    '$.client.trustedHops',
    found,
    'a whole number from 0 to 255',
  );
}
add(
  'a prefix that is a number',
  client({ prefix: 64 }),
  '$.client.prefix',
  '64',
  'an object with the keys v4 v6',
);
add(
  'a prefix of version 5',
  client({ prefix: { v5: 1 } }),
  '$.client.prefix',
  'the key "v5"',
  'one of: v4 v6',
);
for (const [version, most, bits] of [
  ['v4', 32, 33],
  ['v4', 32, -1],
  ['v6', 128, 129],
  ['v6', 128, '/64'],
] as const) {
  add(
    `a prefix ${version} of ${JSON.stringify(bits)}`,
    client({ prefix: { [version]: bits } }),
    `$.client.prefix.${version}`,
    JSON.stringify(bits),
    `a whole number from 0 to ${most}`,
  );
}

// What a path is compared with.
add('paths that are true', top({ paths: true }), '$.paths', 'true', 'an object with the keys ');
add(
  'an unknown key of paths',
  top({ paths: { normalise: true } }),
  '$.paths',
  'the key "normalise"',
  'one of: normalize ignoreCase',
);
for (const key of ['normalize', 'ignoreCase']) {
  const configuration = top({ paths: { [key]: 'yes' } });
  add(`${key} that is a text`, configuration, `$.paths.${key}`, '"yes"', 'true or false');
}
add('no id', '{"direction":"gateway"}', '$', 'no such key there', 'id: NAMESPACE/POLICY/ENTRY');
add('an id that is a number', top({ id: 7 }), '$.id', '7', 'an id such as shop/checkout/0');
add('an empty id', top({ id: '' }), '$.id', '""', 'an id such as shop/checkout/0');
add('an id too long', top({ id: 'i'.repeat(257) }), '$.id', 'a longer text', 'at most 256 bytes');
add('no direction', '{"id":"a/b/0"}', '$', 'no such key there', 'direction: "gateway", "inb');
add(
  'a direction that is none',
  top({ direction: 'sidecar' }),
  '$.direction',
  '"sidecar"',
  '"gateway", "inbound" or "outbound"',
);
add('a direction that is an array', top({ direction: [1] }), '$.direction', 'an array', '"gatew');
add(
  'a mode that is none',
  top({ mode: 'Enforce' }),
  '$.mode',
  '"Enforce"',
  '"enforce", "dryRun" or "disabled"',
);
add('a mode that is false', top({ mode: false }), '$.mode', 'false', '"enforce", "dryRun" or');
add('a key twice', '{"id":"a","id":"a"}', '$', 'twice the key "id"', 'it once');

// Tags.
add(
  'tags that are an object',
  top({ tags: {} }),
  '$.tags',
  'an empty object',
  'an array of tag he',
);
add('a tag that is a string', tags('x-tag'), TAG, '"x-tag"', 'an object with the keys header inc');
add(
  'too many tags',
  tags(...Array.from({ length: 17 }, (_, i) => ({ header: `t-${i}` }))),
  '$.tags',
  'more tag headers',
  'at most 16',
);
add('an unknown key in a tag', tag({ value: 'a' }), TAG, 'the key "value"', 'one of: header incom');
for (const [what, carry, found] of [
  ['a word', 'baggage', '"baggage"'],
  ['two', ['baggage', 'baggage'], 'an array'],
] as const) {
  add(`carry that is ${what}`, tag({ carry }), `${TAG}.carry`, found, '["baggage"]');
}
add(
  'carry in something else',
  tag({ carry: ['tracestate'] }),
  `${TAG}.carry[0]`,
  '"tracestate"',
  '"baggage"',
);
add('a tag without header', tags({}), TAG, 'no such key there', 'header: the name of the tag head');
add('a header that is a list', tags({ header: ['a'] }), `${TAG}.header`, 'an array', HEADER_NAME);
add('an empty header', tags({ header: '' }), `${TAG}.header`, '""', HEADER_NAME);
add('a header with a blank', tags({ header: 'x tag' }), `${TAG}.header`, '"x tag"', HEADER_NAME);
add('a header with a colon', tags({ header: 'x-tag:' }), `${TAG}.header`, '"x-tag:"', HEADER_NAME);
add('a pseudo-header', tags({ header: ':path' }), `${TAG}.header`, '":path"', HEADER_NAME);
add('a header beyond ASCII', tags({ header: 'é' }), `${TAG}.header`, '"\\xc3\\xa9"', HEADER_NAME);
add(
  'a header too long',
  tags({ header: 'h'.repeat(257) }),
  `${TAG}.header`,
  `"${'h'.repeat(64)}..."`,
  HEADER_NAME,
);
for (const name of [
  'Host',
  'connection',
  'Content-Length',
  'transfer-encoding',
  'te',
  'upgrade',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'expect',
  'content-type',
  'Cookie',
  'authorization',
  'x-forwarded-for',
  'x-request-id',
]) {
  const found = JSON.stringify(name.toLowerCase());
  const wanted = 'a header of its own, one that means nothing else';
  add(`the reserved header ${name}`, tags({ header: name }), `${TAG}.header`, found, wanted);
}
add(
  'a tag header twice, in another case',
  tags({ header: 'x-tag' }, { header: 'x-stage' }, { header: 'X-Tag' }),
  '$.tags[2].header',
  '"x-tag"',
  'a tag header that does not stand in "tags" already',
);
const INCOMING = '"strip", "trust" or {"allow": [values]}';
add('incoming that is none', tag({ incoming: 'keep' }), `${TAG}.incoming`, '"keep"', INCOMING);
add('incoming that is true', tag({ incoming: true }), `${TAG}.incoming`, 'true', INCOMING);
add(
  'an unknown key in incoming',
  tag({ incoming: { deny: ['a'] } }),
  `${TAG}.incoming`,
  'the key "deny"',
  'one of: allow',
);
add(
  'incoming without allow',
  tag({ incoming: {} }),
  `${TAG}.incoming`,
  'no such key there',
  'allow: the values that may come in',
);
add(
  'an empty allow',
  tag({ incoming: { allow: [] } }),
  `${TAG}.incoming.allow`,
  'an empty array',
  'an array of values, at least one',
);
add(
  'a number in allow',
  tag({ incoming: { allow: ['a', 1] } }),
  `${TAG}.incoming.allow[1]`,
  '1',
  VALUE,
);
add('rules that are an object', tag({ rules: { a: 1 } }), `${TAG}.rules`, 'an object', 'an array');
add('a default that is a number', tag({ default: 1 }), `${TAG}.default`, '1', VALUE);
add('an empty default', tag({ default: '' }), `${TAG}.default`, '""', VALUE);
add('echo that is a string', tag({ echo: 'yes' }), `${TAG}.echo`, '"yes"', 'true or false');

// Rules.
add('a rule that is null', rules(null), RULE, 'null', 'an object with the keys name when');
add('an empty rule', rules({}), RULE, 'no such key there', 'value: what the tag becomes');
add('a rule without value', rules({ name: 'a' }), RULE, 'no such key there', 'value: what the tag');
add('an unknown key in a rule', rule({ match: {} }), RULE, 'the key "match"', 'one of: name when');
add('dryRun that is a word', rule({ dryRun: 'no' }), `${RULE}.dryRun`, '"no"', 'true or false');
add('a value of nothing', rule({ value: {} }), `${RULE}.value`, 'no such key there', 'header: the');
add(
  'a value of something else',
  rule({ value: { cookie: 'a' } }),
  `${RULE}.value`,
  'the key "cookie"',
  'one of: header',
);
add(
  'a value that is a secret',
  rule({ value: { header: 'Authorization' } }),
  `${RULE}.value.header`,
  '"authorization"',
  'a header that holds no secret',
);
add(
  'a value of the host',
  rule({ value: { header: 'host' } }),
  `${RULE}.value.header`,
  '"host"',
  'another header: Envoy keeps this one as :authority',
);

// Shares.
const identity = [{ cookie: 'uid' }];
function share(fields: object): string {
  return rule({ percent: 10, identity, ...fields });
}
for (const percent of [-1, 100.01, 1000, 0.001, 33.333, '10', null, [10]]) {
  add(
    `a percent of ${JSON.stringify(percent)}`,
    share({ percent }),
    `${RULE}.percent`,
    Array.isArray(percent) ? 'an array' : JSON.stringify(percent),
    'a number from 0 to 100 with at most two decimals',
  );
}
add(
  'a percent with an exponent',
  share({ percent: '@' }).replace('"@"', '1e1'),
  `${RULE}.percent`,
  '1e1',
  'a number from 0 to 100',
);
add(
  'a percent of nobody',
  rule({ percent: 10 }),
  RULE,
  '"percent" without an identity',
  '"identity" or "mint" beside it',
);
for (const [key, value] of [
  ['identity', identity],
  ['salt', 'a'],
  ['mint', { cookie: 'id' }],
] as const) {
  const found = `"${key}" without "percent"`;
  add(`${key} alone`, rule({ [key]: value }), RULE, found, 'both or neither');
}
add(
  'no identity',
  share({ identity: [] }),
  `${RULE}.identity`,
  'an empty array',
  'an array of sou',
);
add(
  'an identity that is no array',
  share({ identity: { cookie: 'uid' } }),
  `${RULE}.identity`,
  'an object',
  'an array of sources',
);
add(
  'too many identities',
  share({ identity: Array.from({ length: 9 }, (_, i) => ({ cookie: `c${i}` })) }),
  `${RULE}.identity`,
  'more sources',
  'at most 8',
);
add(
  'an identity of nothing',
  share({ identity: [{}] }),
  `${RULE}.identity[0]`,
  'an empty object',
  'one of header, cookie, query and ip',
);
add(
  'an identity of two',
  share({ identity: [{ cookie: 'a', header: 'b' }] }),
  `${RULE}.identity[0]`,
  'a second of header, cookie, query and ip',
  'one of them',
);
add(
  'an identity of something else',
  share({ identity: [{ path: true }] }),
  `${RULE}.identity[0]`,
  'the key "path"',
  'one of: header cookie query ip',
);
add(
  'an identity of no address',
  share({ identity: [{ ip: false }] }),
  `${RULE}.identity[0].ip`,
  'false',
  'true',
);
add('an empty salt', share({ salt: '' }), `${RULE}.salt`, '""', 'a salt: visible text');

// Minted cookies.
function mint(fields: object): string {
  return rule({ percent: 10, mint: { cookie: 'id', ...fields } });
}
const MINT = `${RULE}.mint`;
add(
  'a mint that is a name',
  rule({ percent: 1, mint: 'id' }),
  MINT,
  '"id"',
  'an object with the k',
);
add('a mint without cookie', rule({ percent: 1, mint: {} }), MINT, 'no such key there', 'cookie: ');
add('a cookie with a blank', mint({ cookie: 'a b' }), `${MINT}.cookie`, '"a b"', 'the name of a c');
for (const maxAge of ['0s', '401d', '1w', '30', 'd', '-1d', '1.5h', 30, '9999999999s']) {
  add(
    `a maxAge of ${JSON.stringify(maxAge)}`,
    mint({ maxAge }),
    `${MINT}.maxAge`,
    JSON.stringify(maxAge),
    'a time such as 12h or 30d, at most 400d',
  );
}
for (const path of ['', 'a', '/a;b', '/a b', '/é']) {
  const found = path === '/é' ? '"/\\xc3\\xa9"' : JSON.stringify(path);
  add(`a cookie's path ${found}`, mint({ path }), `${MINT}.path`, found, 'a path such as /');
}
for (const domain of ['', 'a b', 'a;b', 'a,b']) {
  const found = JSON.stringify(domain);
  add(`a cookie's domain ${found}`, mint({ domain }), `${MINT}.domain`, found, 'a domain such as');
}
add('a sameSite in capitals', mint({ sameSite: 'LAX' }), `${MINT}.sameSite`, '"LAX"', '"Lax", "St');
add(
  'a cookie for other sites that is not secure',
  mint({ sameSite: 'None', secure: false }),
  MINT,
  '"sameSite: None" without "secure"',
  'a secure cookie',
);
add(
  'a __Secure- cookie that is not secure',
  mint({ cookie: '__Secure-id', secure: false }),
  MINT,
  'a prefixed cookie without "secure"',
  'a secure cookie',
);
add(
  'a __Host- cookie with a domain',
  mint({ cookie: '__host-id', domain: 'example.com' }),
  MINT,
  'a __Host- cookie with a domain or path',
  'path / and no domain',
);
add(
  'a __Host- cookie with a path',
  mint({ cookie: '__Host-id', path: '/a' }),
  MINT,
  'a __Host- cookie with a domain or path',
  'path / and no domain',
);
add(
  'a cookie that is too long',
  mint({ path: `/${'p'.repeat(300)}` }),
  MINT,
  'a longer cookie',
  'name, path and domain of at most 256 bytes in all',
);
add(
  'a cookie twice with other attributes',
  rules(
    { value: 'a', percent: 1, mint: { cookie: 'id' } },
    { value: 'b', percent: 1, mint: { cookie: 'id', maxAge: '1d' } },
  ),
  `${TAG}.rules[1].mint.cookie`,
  '"id"',
  'the attributes that another rule gives this cookie',
);
add(
  'too many cookies',
  rules(
    ...Array.from({ length: 5 }, (_, i) => ({ value: 'a', percent: 1, mint: { cookie: `c${i}` } })),
  ),
  `${TAG}.rules[4].mint`,
  'more cookies',
  'at most 4 different ones',
);

// Propagation.
function propagate(fields: Json): string {
  return top({ direction: 'inbound', propagate: fields });
}
const PROPAGATE = '$.propagate';
add(
  'propagate that is true',
  propagate(true),
  PROPAGATE,
  'true',
  'an object with the keys key hea',
);
add(
  'propagate at a gateway',
  top({ propagate: {} }),
  PROPAGATE,
  '"propagate" at a gateway',
  'a sidecar: there is no application to get through',
);
add('an unknown key in propagate', propagate({ keys: [] }), PROPAGATE, 'the key "keys"', 'one of:');
for (const [key, list] of [
  ['key', 'x-request-id traceparent b3'],
  ['formats.read', 'b3 b3multi w3c'],
  ['formats.write', 'b3 b3multi w3c'],
] as const) {
  const of = (value: Json) => {
    const [outer = '', inner] = key.split('.');
    return propagate({ [outer]: inner === undefined ? value : { [inner]: value } });
  };
  const path = `${PROPAGATE}.${key}`;
  add(`${key} that is a word`, of('b3'), path, '"b3"', `an array of: ${list}`);
  add(`${key} that is none`, of(['x-id']), `${path}[0]`, '"x-id"', `one of: ${list}`);
  add(`${key} that is a number`, of([1]), `${path}[0]`, '1', `one of: ${list}`);
  add(`${key} twice`, of(['b3', 'b3']), `${path}[1]`, '"b3"', 'each once');
}
add(
  'an unknown format',
  propagate({ formats: { as: [] } }),
  `${PROPAGATE}.formats`,
  'the key "as',
  '',
);
add(
  'headers that are a word',
  propagate({ headers: 'a' }),
  `${PROPAGATE}.headers`,
  '"a"',
  'an arr',
);
add(
  'too many headers to carry',
  propagate({ headers: Array.from({ length: 17 }, (_, i) => `h-${i}`) }),
  `${PROPAGATE}.headers`,
  'more headers',
  'at most 16',
);
for (const name of ['Authorization', 'cookie', 'x-forwarded-for', 'traceparent', 'x-request-id']) {
  add(
    `${name} among the headers to carry`,
    propagate({ headers: [name] }),
    `${PROPAGATE}.headers[0]`,
    `"${name.toLowerCase()}"`,
    'a header that is not of the trace set, no secret, and not of one hop',
  );
}
add(
  'a header to carry twice',
  propagate({ headers: ['x-a', 'X-A'] }),
  `${PROPAGATE}.headers[1]`,
  '"x-a"',
  'each header once',
);
for (const capacity of [0, 63, 65537, 1000000, 64.5, '64', -64]) {
  add(
    `a capacity of ${JSON.stringify(capacity)}`,
    propagate({ capacity }),
    `${PROPAGATE}.capacity`,
    JSON.stringify(capacity),
    'a whole number from 64 to 65536',
  );
}
for (const ttl of ['0s', '61m', '2h', '1d', '60', 60]) {
  const found = JSON.stringify(ttl);
  const wanted = 'a time such as 60s, at most 1h';
  add(`a ttl of ${found}`, propagate({ ttl }), `${PROPAGATE}.ttl`, found, wanted);
}
add(
  'makeRequestId that is a word',
  propagate({ makeRequestId: 'yes' }),
  `${PROPAGATE}.makeRequestId`,
  '"yes"',
  'true or false',
);
add('a value that is a number', rule({ value: 1.5e3 }), `${RULE}.value`, '1500', VALUE);
add('an empty value', rule({ value: '' }), `${RULE}.value`, '""', VALUE);
add(
  'a value with a line break',
  rule({ value: 'a\r\nb' }),
  `${RULE}.value`,
  '"a\\x0d\\x0ab"',
  VALUE,
);
add('a value with a DEL', rule({ value: 'a\u007f' }), `${RULE}.value`, '"a\\x7f"', VALUE);
add('a value that ends in a blank', rule({ value: 'a ' }), `${RULE}.value`, '"a "', VALUE);
add('a value that starts with a blank', rule({ value: ' a' }), `${RULE}.value`, '" a"', VALUE);
add(
  'a value too long',
  rule({ value: 'v'.repeat(257) }),
  `${RULE}.value`,
  'a longer text',
  'at most 256 bytes',
);
for (const mark of [';.;', '=.=']) {
  const value = `a${mark}b`;
  add(
    `a value that holds ${mark}`,
    rule({ value }),
    `${RULE}.value`,
    `"${value}"`,
    'a text without ;.; and =.=',
  );
}
add(
  'a rule named default',
  rule({ name: 'default' }),
  `${RULE}.name`,
  '"default"',
  'another name: "default" labels the counter of the default',
);
add(
  'a rule that is named twice',
  rules({ name: 'a', value: 'b' }, { value: 'c' }, { name: 'a', value: 'd' }),
  `${TAG}.rules[2].name`,
  '"a"',
  'a name that no other rule of this tag has',
);
add(
  'a key twice in a rule',
  rule({ name: 'a' }).replace('name', 'value'),
  RULE,
  'twice the key "v',
  '',
);

// Conditions.
add('an empty when', when({}), WHEN, 'an empty object', 'at least one condition; leave "when" out');
add(
  'when that is a list',
  when([{ ip: ['::1'] }]),
  WHEN,
  'an array',
  'an object with the keys head',
);
add(
  'an unknown key in when',
  when({ headers: 'a' }),
  WHEN,
  'the key "headers"',
  'one of: header coo',
);
add(
  'an unknown key in a nested condition',
  when({ all: [{ ip: ['::1'] }, { not: { any: [{ user: 'a' }] } }] }),
  `${WHEN}.all[1].not.any[0]`,
  'the key "user"',
  'one of: header cookie query',
);
add(
  'an unknown key in path',
  when({ path: { equals: '/' } }),
  `${WHEN}.path`,
  'the key "equals"',
  '',
);
add(
  'a template on a host',
  when({ host: { template: '/{a}' } }),
  `${WHEN}.host`,
  'the key "template"',
  'one of: exact prefix suffix contains in present regex ignoreCase',
);
add('an empty regex', header({ regex: '' }), `${WHEN}.regex`, '""', 'a string that is not empty');
add(
  'a regex that is a list',
  when({ path: { regex: ['a'] } }),
  `${WHEN}.path.regex`,
  'an array',
  'a string that is not empty',
);
add(
  'a regex without a field',
  when({ regex: 'a' }),
  WHEN,
  'the operator "regex"',
  'header, cookie',
);
for (const [what, regex, found, wanted] of [
  ['an open group', 'a(b', 'the open group "(b"', 'a ) that closes it'],
  ['a bracket too many', 'a)b', 'the lone bracket ")"', 'a ( before it'],
  ['an open class', '[a-', 'the open class "[a-"', 'a ] that closes it'],
  ['nothing to repeat', '*.example', 'nothing to repeat before "*"', 'a part before it'],
  ['two quantifiers', 'a**', 'a repetition of a repetition "a**"', 'a group around the first'],
  ['a possessive quantifier', 'a*+', 'the possessive "a*+"', 'no + behind a quantifier'],
  ['a back-reference', '(a)\\1', 'the back-reference "\\\\1"', 'none: RE2 cannot'],
  ['look-ahead', '(?=a)', 'the look-around "(?="', 'another expression: RE2 cannot'],
  ['look-behind', '(?<!a)', 'the look-around "(?<!"', 'another expression: RE2 cannot'],
  ['an atomic group', '(?>a)', 'the atomic group "(?>"', 'another expression: RE2 cannot'],
  ['a word boundary', '\\bcanary', 'the word boundary "\\\\b"', 'the characters that may'],
  ['a Unicode class', '\\pL+', 'the Unicode class "\\\\p"', 'a class of ASCII'],
  ['an unknown escape', '\\y', 'the escape "\\\\y"', 'one that RE2 knows'],
  ['a backslash at its end', 'a\\', 'a lone backslash "\\\\"', 'a character behind it'],
  ['an unknown flag', '(?m)a', 'the group "(?m"', '( (?: (?P<name> (?i or (?s'],
  ['a range backwards', '[z-a]', 'the range "z-a"', 'its lower end first'],
  ['é in a class', '[é]', 'beyond ASCII in a class "\\xc3\\xa9"', '(?:x|y) in place of [xy]'],
  ['an unknown class', '[[:word :]]', 'the class "[:word"', '[:alpha:] or another class'],
  ['a name twice', '(?P<a>.)(?P<a>.)', 'a second group of the name "(?P<a>"', 'each name once'],
  ['1001 repetitions', 'a{1001}', 'the repetition "{1001}"', 'at most 1000'],
  ['2000 steps', 'a{1000}b{999}', 'a regular expression of 2000 steps', 'at most 1024'],
  ['1025 states', '(a|b)*a(a|b){9}', 'a regular expression of more than 1024 states', 'a simpler'],
  [
    'nested groups',
    `${'('.repeat(65)}${')'.repeat(65)}`,
    'more than 64 groups inside one another "("',
    'less',
  ],
] as const) {
  add(`a regex with ${what}`, header({ regex }), `${WHEN}.regex`, found, wanted);
}
add(
  'a bad regex on the path',
  when({ path: { regex: '/(a' } }),
  `${WHEN}.path.regex`,
  'the open group "(a"',
  'a ) that closes it',
);
add(
  'a bad regex on the host',
  when({ host: { regex: 'a{2}{3}' } }),
  `${WHEN}.host.regex`,
  'a repetition of a repetition "a{2}{3}"',
  'a group around the first',
);
add(
  'a header without operator',
  header({}),
  WHEN,
  'no operator',
  'one of: exact prefix suffix con',
);
add('ignoreCase alone', header({ ignoreCase: true }), WHEN, 'no operator', 'one of: exact prefix');
add(
  'an empty path',
  when({ path: {} }),
  `${WHEN}.path`,
  'no operator',
  'one of: exact prefix suff',
);
add(
  'an operator that is none',
  header({ equals: 'a' }),
  WHEN,
  'the key "equals"',
  'one of: header',
);
add(
  'two operators',
  header({ exact: 'a', prefix: 'b' }),
  WHEN,
  'a second operator "prefix"',
  'one',
);
add(
  'an operator without subject',
  when({ exact: 'a', method: ['GET'] }),
  WHEN,
  'the operator "exact"',
  'header, cookie or query beside it',
);
add(
  'two subjects',
  when({ header: 'a', cookie: 'b', exact: 'c' }),
  WHEN,
  'a second of header, cookie and query',
  'one; put the other under "all"',
);
add(
  'a header condition on Host',
  when({ header: 'Host', exact: 'shop.test' }),
  `${WHEN}.header`,
  '"host"',
  'the condition "host": Envoy keeps this header as :authority',
);
add(
  'a value that ends in ;.',
  rule({ value: 'a;.' }),
  `${RULE}.value`,
  '"a;."',
  'a text that does not end in ;.',
);
add(
  'a header condition on :path',
  when({ header: ':path', exact: '/' }),
  `${WHEN}.header`,
  '":path"',
  HEADER_NAME,
);
add(
  'a cookie with a blank',
  when({ cookie: 'a b', present: true }),
  `${WHEN}.cookie`,
  '"a b"',
  'the n',
);
add(
  'an empty query name',
  when({ query: '', present: true }),
  `${WHEN}.query`,
  '""',
  'the name of a',
);
add('exact that is a number', header({ exact: 1 }), `${WHEN}.exact`, '1', 'a string');
add(
  'an empty prefix',
  header({ prefix: '' }),
  `${WHEN}.prefix`,
  '""',
  'a string that is not empty',
);
add(
  'an operand too long',
  header({ contains: 'c'.repeat(4097) }),
  `${WHEN}.contains`,
  'a longer text',
  'at most 4096 bytes',
);
add(
  'present that is a string',
  header({ present: 'yes' }),
  `${WHEN}.present`,
  '"yes"',
  'true or fa',
);
add(
  'ignoreCase with present',
  header({ present: true, ignoreCase: true }),
  WHEN,
  '"ignoreCase" with "present"',
  'one of the two',
);
add(
  'ignoreCase that is 1',
  header({ exact: 'a', ignoreCase: 1 }),
  `${WHEN}.ignoreCase`,
  '1',
  'true',
);
add('an empty in', header({ in: [] }), `${WHEN}.in`, 'an empty array', STRINGS);
add('in that is a string', header({ in: 'a' }), `${WHEN}.in`, '"a"', STRINGS);
add('a null in in', header({ in: ['a', null] }), `${WHEN}.in[1]`, 'null', 'a string');
for (const template of ['users/{id}', '/users/{id}x', '/{}', '/a}b', '']) {
  add(
    `the template ${JSON.stringify(template)}`,
    when({ path: { template } }),
    `${WHEN}.path.template`,
    JSON.stringify(template),
    'a template such as /users/{id}/orders',
  );
}
for (const operator of ['exact', 'prefix', 'suffix', 'contains', 'template']) {
  for (const path of ['/a?b=c', '/a#b']) {
    add(
      `the path ${path}, ${operator}`,
      when({ path: { [operator]: path } }),
      `${WHEN}.path.${operator}`,
      JSON.stringify(path),
      'a path without ? and #: the query has a condition of its own',
    );
  }
}
add(
  'a query in a list of paths, compared as they came',
  top({
    paths: { normalize: false },
    tags: [{ header: 'x-traffic-tag', rules: [{ value: 'v', when: { path: { in: ['/?'] } } }] }],
  }),
  `${WHEN}.path.in[0]`,
  '"/?"',
  'a path without ? and #: the query has a condition of its own',
);
for (const [operator, path] of [
  ['prefix', '//'],
  ['prefix', '%2f'],
  ['suffix', '/'],
  ['suffix', '%2F/'],
  ['contains', '//'],
  ['contains', '\\'],
] as const) {
  add(
    `a path that is a slash, ${operator} ${path}`,
    when({ path: { [operator]: path } }),
    `${WHEN}.path.${operator}`,
    JSON.stringify(path),
    'more than a slash, which every normalised path has',
  );
}
for (const [operator, path] of [
  ['prefix', '/login;v='],
  ['prefix', '/a/../b'],
  ['suffix', '/a/.'],
  ['suffix', '/..'],
  ['contains', ';jsessionid'],
  ['contains', '/../'],
  ['contains', '%2f%2e/'],
] as const) {
  add(
    `a path that no request has, ${operator} ${path}`,
    when({ path: { [operator]: path } }),
    `${WHEN}.path.${operator}`,
    JSON.stringify(path),
    'a part of a normalised path, which holds no ; and no segment . or ..',
  );
}
for (const template of ['/%7bid%7D', '/{i%64}', '/{i;d}', '/{i\\d}']) {
  add(
    `a template that decodes to another, ${template}`,
    when({ path: { template } }),
    `${WHEN}.path.template`,
    JSON.stringify(template),
    'a template with braces as they are, and no % ; \\ between them',
  );
}
for (const operator of ['exact', 'suffix']) {
  add(
    `a host that is a dot, ${operator}`,
    when({ host: { [operator]: '.' } }),
    `${WHEN}.host.${operator}`,
    '"."',
    'more than a dot',
  );
}
add(
  'a host that is a dot, in a list',
  when({ host: { in: ['a', '.'] } }),
  `${WHEN}.host.in[1]`,
  '"."',
  'more than a dot',
);
add('an empty method', when({ method: [] }), `${WHEN}.method`, 'an empty array', STRINGS);
add(
  'a method with a blank',
  when({ method: ['GET '] }),
  `${WHEN}.method[0]`,
  '"GET "',
  'a method s',
);
add(
  'an empty ip',
  when({ ip: [] }),
  `${WHEN}.ip`,
  'an empty array',
  'an array of addresses or networks, at least one',
);
for (const network of [
  '10.0.0.0/33',
  '10.0.0/8',
  '10.0.0.256',
  '010.0.0.1',
  '::/129',
  '1::2::3',
  '10.0.0.0/',
  'localhost',
  '',
]) {
  add(
    `the network ${JSON.stringify(network)}`,
    when({ ip: ['::1', network] }),
    `${WHEN}.ip[1]`,
    JSON.stringify(network),
    NETWORK,
  );
}
for (const network of ['::ffff:10.0.0.0/8', '::ffff:0:0/95']) {
  add(
    `the mapped network ${network}`,
    when({ ip: [network] }),
    `${WHEN}.ip[0]`,
    JSON.stringify(network),
    'such as 10.0.0.0/8: bits of ::ffff:10.0.0.0 are counted from 96',
  );
}
add('a number for a network', when({ ip: [10] }), `${WHEN}.ip[0]`, '10', NETWORK);
add(
  'an empty tag condition',
  when({ tag: {} }),
  `${WHEN}.tag`,
  'an empty object',
  'an object of tag',
);
add(
  'an unknown tag',
  when({ tag: { 'x-stage': 'pre' } }),
  `${WHEN}.tag`,
  'the tag "x-stage"',
  'a tag header that stands before this one in "tags"',
);
add(
  'the tag itself',
  when({ tag: { 'X-Traffic-Tag': 'a' } }),
  `${WHEN}.tag`,
  'the tag "x-traffic-tag"',
  'a tag header that stands before this one in "tags"',
);
add(
  'the same tag twice',
  tags(
    { header: 'a' },
    { header: 'b', rules: [{ value: 'c', when: { tag: { a: 'd', A: 'e' } } }] },
  ),
  '$.tags[1].rules[0].when.tag',
  'twice the key "a"',
  'it once',
);
add(
  'a tag condition with a number',
  tags({ header: 'a' }, { header: 'b', rules: [{ value: 'c', when: { tag: { a: 1 } } }] }),
  '$.tags[1].rules[0].when.tag.a',
  '1',
  'the value of a tag',
);
for (const key of ['all', 'any']) {
  add(
    `an empty ${key}`,
    when({ [key]: [] }),
    `${WHEN}.${key}`,
    'an empty array',
    'at least one cond',
  );
  add(
    `${key} that is an object`,
    when({ [key]: {} }),
    `${WHEN}.${key}`,
    'an empty object',
    'an array',
  );
  add(
    `an empty condition in ${key}`,
    when({ [key]: [{}] }),
    `${WHEN}.${key}[0]`,
    'an empty object',
    'at',
  );
}
add('an empty not', when({ not: {} }), `${WHEN}.not`, 'an empty object', 'at least one condition');
add('not that is a list', when({ not: [] }), `${WHEN}.not`, 'an empty array', 'an object with the');

/**
 * 256 KiB of what takes most room once compiled: patterns of `contains`, three bytes for each one,
 * beside the text itself.
 */
function areaTooSmall(): string {
  const condition = (size: number) => ({ header: 'a', contains: 'c'.repeat(size) });
  const all = Array.from({ length: 63 }, () => condition(4096));
  const rest = CONFIGURATION_SIZE_MAX - when({ all: [...all, condition(0)] }).length;
  return when({ all: [...all, condition(rest)] });
}

export const mistakes: readonly Mistake[] = [...list, ...limitMistakes];

/** What the log must hold of a mistake. */
export function refusal({ path, found, wanted }: Mistake): string {
  return `configuration refused at ${path}: found ${found}${wanted === '' ? '' : `, wanted ${wanted}`}`;
}

function nots(depth: number): Json {
  return depth === 0 ? { method: ['GET'] } : { not: nots(depth - 1) };
}

export const bounds: readonly Bound[] = [
  {
    name: 'bytes of a configuration',
    within: top({}).padEnd(CONFIGURATION_SIZE_MAX),
    beyond: top({}).padEnd(CONFIGURATION_SIZE_MAX + 1),
  },
  // The object of `when` is the sixth level, and `method` holds one more.
  { name: 'levels of nesting', within: when(nots(25)), beyond: when(nots(26)) },
  {
    name: 'tags',
    within: tags(...Array.from({ length: 16 }, (_, i) => ({ header: `t-${i}` }))),
    beyond: tags(...Array.from({ length: 17 }, (_, i) => ({ header: `t-${i}` }))),
  },
  {
    name: 'headers that are read',
    within: when({
      all: Array.from({ length: 255 }, (_, i) => ({ header: `h${i}`, present: true })),
    }),
    beyond: when({
      all: Array.from({ length: 256 }, (_, i) => ({ header: `h${i}`, present: true })),
    }),
  },
  {
    name: 'bytes of an id',
    within: top({ id: 'i'.repeat(256) }),
    beyond: top({ id: 'i'.repeat(257) }),
  },
  {
    name: 'bytes of a header name',
    within: tags({ header: 'h'.repeat(256) }),
    beyond: tags({ header: 'h'.repeat(257) }),
  },
  {
    name: 'bytes of a value, which count, not characters',
    within: rule({ value: 'é'.repeat(128) }),
    beyond: rule({ value: `${'é'.repeat(128)}a` }),
  },
  {
    name: 'bytes of an operand',
    within: header({ contains: 'c'.repeat(4096) }),
    beyond: header({ contains: 'c'.repeat(4097) }),
  },
  {
    name: 'bits of a network of version 4',
    within: when({ ip: ['10.0.0.0/32'] }),
    beyond: when({ ip: ['10.0.0.0/33'] }),
  },
  {
    name: 'bits of a network of version 6',
    within: when({ ip: ['::/128'] }),
    beyond: when({ ip: ['::/129'] }),
  },
  {
    name: 'bits of a mapped network',
    within: when({ ip: ['::ffff:0:0/96'] }),
    beyond: when({ ip: ['::ffff:0:0/95'] }),
  },
  { name: 'trusted hops', within: forwarded(255), beyond: forwarded(256) },
  {
    name: 'bits of a client of version 4',
    within: client({ prefix: { v4: 32 } }),
    beyond: client({ prefix: { v4: 33 } }),
  },
  {
    name: 'bits of a client of version 6',
    within: client({ prefix: { v6: 128 } }),
    beyond: client({ prefix: { v6: 129 } }),
  },
  ...limitBounds,
];
