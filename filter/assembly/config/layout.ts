// layout: what a compiled configuration looks like in its area. Read-only once it is in force,
// but for the fields marked "pass", which hold the state of the callback that is running.
// A reference of 0 is "none". Arrays stand back to back. An enum takes one byte.

export enum Direction {
  Gateway = 0,
  Inbound = 1,
  Outbound = 2,
}

export enum Mode {
  Enforce = 0,
  DryRun = 1,
  Disabled = 2,
}

/** How the headers of a request are read: at most one host call, whatever the policy. */
export enum ReadPlan {
  /** No header is needed. */
  Nothing = 0,
  /** One header, and its first value tells all: 0.3 µs absent, 1.1 µs present. */
  Single = 1,
  /** The whole map: 2.6 µs for nine headers, and every value of a repeated one. */
  Pairs = 2,
}

/** What becomes of a tag that arrives with the request. */
export enum Incoming {
  Strip = 0,
  Trust = 1,
  Allow = 2,
}

export enum Subject {
  All = 0,
  Any = 1,
  Not = 2,
  Header = 3,
  Cookie = 4,
  Query = 5,
  Path = 6,
  Host = 7,
  Address = 8,
  Tag = 9,
}

export enum Operator {
  Exact = 0,
  Prefix = 1,
  Suffix = 2,
  Contains = 3,
  In = 4,
  Present = 5,
  Template = 6,
  Regex = 7,
}

/**
 * A header whose values the policy needs.
 *   0     4      8             12
 *   +-----+------+-------------+------------+
 *   | ptr | size | first: pass | last: pass |   chain of Value, in the order they came
 *   +-----+------+-------------+------------+ 16
 */
@unmanaged
export class HeaderName {
  ptr: usize;
  size: u32;
  first: usize;
  last: usize;
}
export const HEADER_NAME_SIZE: u32 = 16;

/**
 * Names found by hash, open addressing: `index` holds 1 + position in `names`, 0 = free. `shapes`
 * has the bits of their shapes (shim/pairs.ts).
 *   0       4        8        16 (u16 × NAME_INDEX_COUNT) HEADER_NAMES_SIZE
 *   +-------+--------+--------+---------------------------+
 *   | names | count  | shapes | index                     |
 *   +-------+--------+--------+---------------------------+
 */
@unmanaged
export class HeaderNames {
  names: usize;
  count: u32;
  shapes: u64;
}
/** Different headers that a policy may read. */
export const NAMES_MAX: u32 = 256;
export const NAME_INDEX_COUNT: u32 = NAMES_MAX << 1;
export const NAME_INDEX: usize = 16;
export const HEADER_NAMES_SIZE: u32 = 16 + (NAME_INDEX_COUNT << 1);

/**
 *   0         1          2      3          4       8         12         16           20
 *   +---------+----------+------+----------+-------+---------+----------+------------+
 *   | subject | operator | fold | expected | index | namePtr | nameSize | operandPtr |
 *   +---------+----------+------+----------+-------+---------+----------+------------+
 *   | operandSize | tablePtr | first | next |
 *   +-------------+----------+-------+------+ 36
 * `index`: of the HeaderName (Header, Cookie, Query, Path, Host) or of the tag (Tag).
 * `name`: of the cookie or query field. `expected`: the truth of Present.
 * `operand`: bytes; for In an array of Slice, for Address one of networks, `operandSize` counting;
 * for Regex an automaton (bytes/automaton.ts).
 * `tablePtr`: search table of Contains. `first`, `next`: children of All, Any, Not.
 */
@unmanaged
export class Condition {
  subject: u8;
  operator: u8;
  fold: bool;
  expected: bool;
  index: u32;
  namePtr: usize;
  nameSize: u32;
  operandPtr: usize;
  operandSize: u32;
  tablePtr: usize;
  first: usize;
  next: usize;
}
export const CONDITION_SIZE: u32 = 36;

/**
 * Where a policy takes a value of the request from.
 *   0         4       8         12
 *   +---------+-------+---------+----------+
 *   | subject | index | namePtr | nameSize |   index, name: as in a Condition
 *   +---------+-------+---------+----------+ 16
 */
@unmanaged
export class Source {
  /** Header, Cookie, Query or Address. */
  subject: u32;
  index: u32;
  namePtr: usize;
  nameSize: u32;
}
export const SOURCE_SIZE: u32 = 16;

/**
 * A cookie for visitors without an identity.
 *   0         4          8               12               16          20       24
 *   +---------+----------+---------------+----------------+-----------+--------+------------+
 *   | namePtr | nameSize | attributesPtr | attributesSize | index     | metric | pass:      |
 *   |         |          |               |                |           |        | mintedPtr  |
 *   +---------+----------+---------------+----------------+-----------+--------+------------+
 *   | pass: sent |
 *   +------------+ 32
 * `attributes`: "; Path=/; …", what follows the value in the Set-Cookie header.
 */
@unmanaged
export class Mint {
  namePtr: usize;
  nameSize: u32;
  attributesPtr: usize;
  attributesSize: u32;
  /** Of the HeaderName `cookie`. */
  index: u32;
  metric: u32;
  /** Pass: the identity that this request was given, 0 = none. */
  mintedPtr: usize;
  /** Pass: whether a rule in force decided by it, so that the visitor is to keep it. */
  sent: bool;
}
export const MINT_SIZE: u32 = 32;
/** Different cookies that an entry may mint. */
export const MINTS_MAX: u32 = 4;

/**
 * A share of all identities.
 *   0           4         8          12        16            20
 *   +-----------+---------+----------+---------+-------------+------+
 *   | threshold | saltPtr | saltSize | sources | sourceCount | mint |
 *   +-----------+---------+----------+---------+-------------+------+ 24
 * `salt` ends in the 0x00 that stands before the identity when both are hashed.
 */
@unmanaged
export class Percent {
  /** Buckets below it are in: hundredths of a percent. */
  threshold: u32;
  saltPtr: usize;
  saltSize: u32;
  /** Array of Source; the first that is present gives the identity. */
  sources: usize;
  sourceCount: u32;
  /** Mint, 0 = none. */
  mint: usize;
}
export const PERCENT_SIZE: u32 = 24;

/**
 *   0      4         8        12         16         20          24       28
 *   +------+---------+--------+----------+----------+-----------+--------+--------+
 *   | when | percent | namePtr| nameSize | valuePtr | valueSize | copied | dryRun |
 *   +------+---------+--------+----------+----------+-----------+--------+--------+
 *   | metric |
 *   +--------+ 36
 */
@unmanaged
export class Rule {
  /** Condition, 0 = always. */
  when: usize;
  /** Percent, 0 = everybody. */
  percent: usize;
  namePtr: usize;
  nameSize: u32;
  /** The tag, or for a copied value its label in metrics. */
  valuePtr: usize;
  valueSize: u32;
  /** 1 + index of the HeaderName that the value is copied from, 0 = `value` itself. */
  copied: u32;
  /** Whether a match only counts. */
  dryRun: bool;
  metric: u32;
}
export const RULE_SIZE: u32 = 36;

/**
 *   0          1      2       4       8          12           16      20          24
 *   +----------+------+-------+-------+----------+------------+-------+-----------+
 *   | incoming | echo | carry | index | allowPtr | allowCount | rules | ruleCount |
 *   +----------+------+-------+-------+----------+------------+-------+-----------+
 *   | defaultPtr | defaultSize | keptMetric | strippedMetric | defaultMetric |
 *   +------------+-------------+------------+----------------+---------------+ 44
 *   | pass: valuePtr | valueSize | came | camePtr | cameSize |
 *   +----------------+-----------+------+---------+----------+
 *   | pass: members | memberPtr | memberSize | restoredPtr | restoredSize |
 *   +---------------+-----------+------------+-------------+--------------+ 84
 */
@unmanaged
export class Tag {
  incoming: u8;
  echo: bool;
  /** Whether the tag also travels as a member of the baggage header. */
  carry: bool;
  /** Of the HeaderName. */
  index: u32;
  /** Array of Slice. */
  allowPtr: usize;
  allowCount: u32;
  rules: usize;
  ruleCount: u32;
  /** Size 0 = no default. */
  defaultPtr: usize;
  defaultSize: u32;
  keptMetric: u32;
  strippedMetric: u32;
  defaultMetric: u32;
  /** Pass: the tag of this request; size 0 = none. */
  valuePtr: usize;
  valueSize: u32;
  /** Pass: how many values came with the request; `CAME_UNKNOWN` if that could not be read. */
  came: u32;
  /** Pass: the first value that came. */
  camePtr: usize;
  cameSize: u32;
  /** Pass: how many members of baggage came for this tag, and what the first one says. */
  members: u32;
  memberPtr: usize;
  memberSize: u32;
  /** Pass: what the store remembers of this tag; size 0 = nothing. */
  restoredPtr: usize;
  restoredSize: u32;
}
export const TAG_SIZE: u32 = 84;
/** Tag headers of one entry. */
export const TAGS_MAX: u32 = 16;
export const CAME_UNKNOWN: u32 = <u32>-1;

/** The header by which a request is found again. */
export enum StoreKey {
  RequestId = 0,
  Traceparent = 1,
  B3 = 2,
}

/** How a trace context is written into headers. */
export enum TraceFormat {
  B3 = 0,
  B3Multi = 1,
  W3c = 2,
}

/**
 * A header that is carried through the application besides the trace set.
 *   0       4
 *   +-------+-----+
 *   | index | tag |   of the HeaderName; 1 + index of the Tag, 0 = it is none
 *   +-------+-----+ 8
 */
@unmanaged
export class Carried {
  index: u32;
  tag: u32;
}
export const CARRIED_SIZE: u32 = 8;
/** Entries of a slot: whoever is found again, is found before so many others came to its slot. */
export const SLOT_ENTRIES: u32 = 4;
/** Headers that may be carried besides the trace set. */
export const CARRIED_MAX: u32 = 16;

/**
 *   0      3      6       9          10          11           12              13
 *   +------+------+-------+----------+-----------+------------+---------------+---+
 *   | keys | read | write | keyCount | readCount | writeCount | makeRequestId | - |
 *   +------+------+-------+----------+-----------+------------+---------------+---+ 16
 *   | ttlNs: u64 | policyHash: u64 | slotMask | slotPtr | slotSize |
 *   +------------+-----------------+----------+---------+----------+ 44
 *   | writersPtr | writersSize | carried | carriedCount |
 *   +------------+-------------+---------+--------------+ 60
 *   | ten indices of names | seven metrics |
 *   +----------------------+---------------+ 128
 * `keys`, `read`, `write`: a byte each, StoreKey or TraceFormat, in the policy's order.
 * `slot`: the name of a slot in shared data; its last four bytes, the slot's number in hexadecimal,
 * are written anew for each call.
 */
@unmanaged
export class Propagate {
  key0: u8;
  key1: u8;
  key2: u8;
  read0: u8;
  read1: u8;
  read2: u8;
  write0: u8;
  write1: u8;
  write2: u8;
  keyCount: u8;
  readCount: u8;
  writeCount: u8;
  makeRequestId: bool;
  ttlNs: u64;
  /** Names of two policies that share a VM differ in it. */
  policyHash: u64;
  /** Slots less one; their number is a power of two. */
  slotMask: u32;
  slotPtr: usize;
  slotSize: u32;
  /** Name of the list of those who write into this store. */
  writersPtr: usize;
  writersSize: u32;
  /** Array of Carried. */
  carried: usize;
  carriedCount: u32;
  /** Of the HeaderName of each header of the trace set. */
  requestId: u32;
  traceparent: u32;
  tracestate: u32;
  b3: u32;
  b3TraceId: u32;
  b3SpanId: u32;
  b3ParentSpanId: u32;
  b3Sampled: u32;
  b3Flags: u32;
  otSpanContext: u32;
  /** tagalong_propagate_total by outcome. */
  storedMetric: u32;
  restoredMetric: u32;
  missedMetric: u32;
  evictedMetric: u32;
  conflictMetric: u32;
  malformedMetric: u32;
  madeMetric: u32;
}
export const PROPAGATE_SIZE: u32 = 128;

/** The keys of a store in their order. */
export function keyAt(propagate: Propagate, index: u32): StoreKey {
  return load<u8>(changetype<usize>(propagate) + index);
}

/** The formats that are read, the first of them first. */
export function readFormatAt(propagate: Propagate, index: u32): TraceFormat {
  return load<u8>(changetype<usize>(propagate) + 3 + index);
}

/** The formats that are written. */
export function writeFormatAt(propagate: Propagate, index: u32): TraceFormat {
  return load<u8>(changetype<usize>(propagate) + 6 + index);
}

export function carriedAt(propagate: Propagate, index: u32): Carried {
  return changetype<Carried>(propagate.carried + index * CARRIED_SIZE);
}

/** Which requests share the buckets of a limit. */
export enum Scope {
  /** Those of this VM. */
  Worker = 0,
  /** Those of all workers of this Envoy, exactly. */
  Proxy = 1,
  /** Those of all proxies, by Envoy's rate limit service; in this Envoy as Proxy. */
  Global = 2,
}

/** What a value gets when as many as `maxKeys` are in use. */
export enum Overflow {
  /** One bucket for all that have none of their own. */
  Shared = 0,
  Reject = 1,
  Admit = 2,
}

/** What became of a request at a limit. */
export enum Verdict {
  /** The limit is not for this request. */
  Unmatched = 0,
  /** It has a token for it. */
  Admitted = 1,
  Rejected = 2,
  /** The other workers must be asked. */
  Asking = 3,
  /** Admitted without a token: there is no bucket for it, or no way to it. */
  Untracked = 4,
}

/**
 * A part of a bucket's key.
 *   0         1       2       3            4       8         12         16            20
 *   +---------+-------+-------+------------+-------+---------+----------+-------------+--------------+
 *   | subject | bits4 | bits6 | credential | index | namePtr | nameSize | templatePtr | templateSize |
 *   +---------+-------+-------+------------+-------+---------+----------+-------------+--------------+ 24
 * `index`, `name`: as in a Condition; for Path the variable of the template.
 */
@unmanaged
export class KeyPart {
  /** Header, Cookie, Query, Path, Host, Address or Tag. */
  subject: u8;
  bits4: u8;
  bits6: u8;
  /** Of Header: whether its value begins with an authentication scheme. */
  credential: bool;
  index: u32;
  namePtr: usize;
  nameSize: u32;
  templatePtr: usize;
  templateSize: u32;
}
export const KEY_PART_SIZE: u32 = 24;

/**
 * A limit: GCRA (bytes/gcra.ts) in units of 2^shift ns.
 *   0          8           16         24         32       40
 *   +----------+-----------+----------+----------+--------+
 *   | interval | tolerance | lateness | identity | before |   u64 each
 *   +----------+-----------+----------+----------+--------+ 40
 *   | when | namePtr | nameSize | keys | keyCount | shift | burst | leaseMax | maxKeys |
 *   +------+---------+----------+------+----------+-------+-------+----------+---------+ 76
 *   | scope | overflow | dryRun | onSuccess | slotBuckets | pass: verdict | taken |
 *   +-------+----------+--------+-----------+-------------+---------------+-------+ 83, 84
 *   | table | slotPtr | slotSize | slotCount | handOver |
 *   +-------+---------+----------+-----------+----------+ 104
 *   | status | bodyPtr | bodySize | headers | headerCount | headersSize |
 *   +--------+---------+----------+---------+-------------+-------------+ 128
 *   | policyPtr | policySize | jitterSeconds |
 *   +-----------+------------+---------------+ 140
 *   | okMetric | limitedMetric | dryMetric | overflowMetric | remainingMetric |
 *   +----------+---------------+-----------+----------------+-----------------+ 160
 *   | pass: bucket | slot | free | - | wait: u64 | hash: u64 |
 *   +--------------+------+------+---+-----------+-----------+ 192
 */
@unmanaged
export class Limit {
  /** Units between two requests of the rate. */
  interval: u64;
  /** Units that a burst may be ahead: burst × interval. */
  tolerance: u64;
  /** Units that a leased token may be spent late (features/limiting/lease.ts). */
  lateness: u64;
  /** Two limits of one identity have the same buckets, whatever their configuration is. */
  identity: u64;
  /** Pass: the bucket's word before this request was charged. */
  before: u64;
  /** Condition, 0 = always. */
  when: usize;
  namePtr: usize;
  nameSize: u32;
  /** Array of KeyPart; none = one bucket. */
  keys: usize;
  keyCount: u32;
  shift: u32;
  burst: u32;
  /** Tokens that a worker may take ahead; 0 = none. */
  leaseMax: u32;
  maxKeys: u32;
  scope: u8;
  overflow: u8;
  dryRun: bool;
  /** Whether admitted answers say what is left, too. */
  onSuccess: bool;
  /** Buckets of a slot. */
  slotBuckets: u8;
  /** Pass: Verdict. */
  verdict: u8;
  /** Pass: whether one token was taken from the shared bucket, and no other with it. */
  taken: bool;
  /** The VM's buckets of this limit (features/limiting/table.ts). */
  table: usize;
  /** Name of a slot in shared data; its last eight bytes are lane and slot in hexadecimal. */
  slotPtr: usize;
  slotSize: u32;
  /** Slots of this limit, without the one for the overflow. */
  slotCount: u32;
  /** 1 + index of the HeaderName that hands a request over to the rate limit service, 0 = none. */
  handOver: u32;
  status: u32;
  bodyPtr: usize;
  bodySize: u32;
  /** Array of Slice: names and values by turns, and the bytes of all. */
  headers: usize;
  headerCount: u32;
  headersSize: u32;
  /** The value of ratelimit-policy. */
  policyPtr: usize;
  policySize: u32;
  jitterSeconds: u32;
  okMetric: u32;
  limitedMetric: u32;
  dryMetric: u32;
  overflowMetric: u32;
  remainingMetric: u32;
  /** Pass: the Bucket (features/limiting/table.ts), 0 = none. */
  bucket: usize;
  /** Pass: the slot in shared data. */
  slot: u32;
  /** Pass: tokens left. */
  free: u32;
  /** Pass: units until there is one. */
  wait: u64;
  /** Pass: the key's hash. */
  hash: u64;
}
export const LIMIT_SIZE: u32 = 192;
/** Limits of one entry. */
export const LIMITS_MAX: u32 = 16;
/** Bytes of the secret that keys are hashed with. */
export const SECRET_SIZE: u32 = 16;

/** Who is taken for the client of a request. */
export enum ClientAddress {
  /** As Envoy derived it: `source.address`. */
  Envoy = 0,
  /** An entry of x-forwarded-for, counted from its end. */
  Forwarded = 1,
}

/**
 *   0         4          8           9      10         11         12      16     20
 *   +---------+----------+-----------+------+----------+----------+-------+------+----------+
 *   | textPtr | textSize | direction | mode | readPlan | responds | names | tags | tagCount |
 *   +---------+----------+-----------+------+----------+----------+-------+------+----------+
 *   | mints | mintCount | baggage | propagate | idPtr | idSize |
 *   +-------+-----------+---------+-----------+-------+--------+ 48
 *   | pathsRaw | pathsFold | client | trustedHops | clientBits4 | clientBits6 |
 *   +----------+-----------+--------+-------------+-------------+-------------+ 54, 56
 *   | forwardedFor | limits | limitCount | secret |
 *   +--------------+--------+------------+--------+ 72
 *   | headersErrors | writeErrors | responseErrors | addressErrors | randomErrors |
 *   +---------------+-------------+----------------+---------------+--------------+
 *   | baggageErrors | storeErrors | replyErrors |
 *   +---------------+-------------+-------------+ 104
 */
@unmanaged
export class Config {
  /** The bytes as they came. */
  textPtr: usize;
  textSize: u32;
  direction: u8;
  mode: u8;
  readPlan: u8;
  /** Whether anything waits for the response: an echo, or a cookie. */
  responds: bool;
  /** HeaderNames. */
  names: usize;
  tags: usize;
  tagCount: u32;
  /** Array of Mint. */
  mints: usize;
  mintCount: u32;
  /** 1 + index of the HeaderName `baggage` where a tag is carried in it, else 0. */
  baggage: u32;
  /** Propagate, 0 = nothing is propagated. */
  propagate: usize;
  idPtr: usize;
  idSize: u32;
  /** `paths`: whether paths are compared as they came, and whether without case. */
  pathsRaw: bool;
  pathsFold: bool;
  /** ClientAddress. */
  client: u8;
  /** Entries at the end of x-forwarded-for that are left out. */
  trustedHops: u8;
  /** Bits of an address that tell clients apart. */
  clientBits4: u8;
  clientBits6: u8;
  /** Of the HeaderName x-forwarded-for, where `client` is Forwarded and an address is needed. */
  forwardedFor: u32;
  /** Array of Limit. */
  limits: usize;
  limitCount: u32;
  /** What the keys of limits are hashed with, `SECRET_SIZE` bytes. */
  secret: usize;
  /** tagalong_errors_total by kind. */
  headersErrors: u32;
  writeErrors: u32;
  responseErrors: u32;
  addressErrors: u32;
  randomErrors: u32;
  baggageErrors: u32;
  storeErrors: u32;
  replyErrors: u32;
}
export const CONFIG_SIZE: u32 = 104;

export function tagAt(config: Config, index: u32): Tag {
  return changetype<Tag>(config.tags + index * TAG_SIZE);
}

export function mintAt(config: Config, index: u32): Mint {
  return changetype<Mint>(config.mints + index * MINT_SIZE);
}

export function ruleAt(tag: Tag, index: u32): Rule {
  return changetype<Rule>(tag.rules + index * RULE_SIZE);
}

export function nameAt(names: HeaderNames, index: u32): HeaderName {
  return changetype<HeaderName>(names.names + index * HEADER_NAME_SIZE);
}

export function limitAt(config: Config, index: u32): Limit {
  return changetype<Limit>(config.limits + index * LIMIT_SIZE);
}

export function keyPartAt(limit: Limit, index: u32): KeyPart {
  return changetype<KeyPart>(limit.keys + index * KEY_PART_SIZE);
}
