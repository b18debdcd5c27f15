// marks: what is wanted at places of the filter's schema, in words for people, and which rule of
// `validate` a fault there breaks, where it is not the general one. The policy's own schema says
// what it wants itself, as `errorMessage`.

export interface Mark {
  readonly wanted?: string;
  readonly rule?: string;
}

const VISIBLE = 'visible text of at most 256 characters, no blank at its ends';
const TOKEN = "letters, digits and any of !#$%&'*+-.^_`|~";
const TIME = 'a number and its unit: s, m, h or d';
const OWN_HEADER = 'a header of its own, one that means nothing else';

/** By place below `$defs`. */
export const MARKS: Readonly<Record<string, Mark>> = {
  label: { wanted: VISIBLE },
  text: { wanted: 'text of at most 4096 characters' },
  someText: { wanted: 'text of 1 to 4096 characters' },
  headerName: { wanted: 'the name of a header: letters, digits and -', rule: 'header-name' },
  token: { wanted: TOKEN },
  duration: { wanted: TIME },
  rate: { wanted: 'a rate such as 10/s, 600/m or 5000/h, at most 1000000/s' },
  'tag/properties/header': { wanted: OWN_HEADER, rule: 'reserved-header' },
  'tag/properties/incoming': { wanted: '"strip", "trust" or {allow: [VALUE, …]}' },
  'tag/properties/carry': { wanted: '[baggage]' },
  'rule/properties/name': { wanted: `another name than "default", ${VISIBLE}` },
  'rule/properties/percent': { wanted: 'a number from 0 to 100' },
  'rule/properties/value': { wanted: `a text or {header: NAME}` },
  'rule/properties/value/oneOf/1/properties/header': {
    wanted: 'a header that holds no secret',
    rule: 'reserved-header',
  },
  'rule/dependentSchemas/percent': {
    wanted: '"identity" or "mint" beside "percent"',
    rule: 'percent-needs-identity',
  },
  'limit/properties/name': {
    wanted: 'a name of at most 64 visible ASCII characters, without " and \\, no blank at its ends',
  },
  'limit/properties/burst': { wanted: 'a whole number from 1 to 1000000000' },
  'limit/properties/maxKeys': { wanted: 'a whole number from 1 to 65536' },
  'limit/dependentSchemas/onServiceFailure/properties/scope': {
    wanted: '"global" beside "onServiceFailure"',
  },
  'limit/dependentSchemas/onServiceFailure': {
    wanted: '"scope: global" beside "onServiceFailure"',
  },
  'limit/then/properties/name': {
    wanted: 'letters, digits and - . _ in the name of a global limit: it is part of a header',
  },
  'limit/then/properties/reply/properties/onSuccess': {
    wanted: 'no "onSuccess" with scope global, where every answer has the headers',
  },
  'reject/properties/status': { wanted: 'a status from 400 to 599' },
  'reject/properties/headers/propertyNames': {
    wanted: "a header that is neither the filter's own nor one of a single hop",
    rule: 'reserved-header',
  },
  readableHeader: {
    wanted: 'another header: Envoy keeps host as :authority; see the condition "host"',
    rule: 'reserved-header',
  },
  'when/properties/header': {
    wanted: 'another header: Envoy keeps host as :authority; see the condition "host"',
    rule: 'reserved-header',
  },
  'propagate/properties/headers/items': {
    wanted: 'a header that is not of the trace set, no secret, and not of one hop',
    rule: 'reserved-header',
  },
  'propagate/properties/capacity': { wanted: 'a whole number from 64 to 65536' },
  'client/dependentSchemas/trustedHops': { wanted: '"address: forwarded" beside "trustedHops"' },
  'client/dependentSchemas/trustedHops/properties/address': {
    wanted: '"forwarded" beside "trustedHops"',
  },
  'mint/properties/path': { wanted: 'a path such as /, without blanks and any of ;,' },
  'mint/properties/domain': { wanted: 'a domain such as example.com' },
  mint: { wanted: '"secure: true" beside "sameSite: None": browsers drop the cookie else' },
  keyPart: { wanted: 'one of header, cookie, query, ip, host, method, path and tag' },
  'keyPart/properties/ip': { wanted: 'true or {v4: BITS, v6: BITS}' },
  'keyPart/properties/path/properties/template': {
    wanted: 'a path with {variables}, such as /users/{id}/orders',
  },
  source: { wanted: 'one of header, cookie, query and ip' },
  'path/properties/template': { wanted: 'a path with {variables}, such as /users/{id}/orders' },
  'path/properties/exact': { wanted: 'a path without ? and #' },
  'path/properties/prefix': { wanted: 'a path without ? and #' },
  'path/properties/suffix': { wanted: 'a path without ? and #' },
  'path/properties/contains': { wanted: 'a part of a path, without ? and #' },
  'path/properties/in/items': { wanted: 'a path without ? and #' },
};
