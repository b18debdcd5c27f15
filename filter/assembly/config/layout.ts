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
 * Names found by hash, open addressing: `index` holds 1 + position in `names`, 0 = free.
 *   0       4        8 (u16 × NAME_INDEX_COUNT)          HEADER_NAMES_SIZE
 *   +-------+--------+------------------------------------+
 *   | names | count  | index                              |
 *   +-------+--------+------------------------------------+
 */
@unmanaged
export class HeaderNames {
  names: usize;
  count: u32;
}
/** Different headers that a policy may read. */
export const NAMES_MAX: u32 = 256;
export const NAME_INDEX_COUNT: u32 = NAMES_MAX << 1;
export const NAME_INDEX: usize = 8;
export const HEADER_NAMES_SIZE: u32 = 8 + (NAME_INDEX_COUNT << 1);

/**
 *   0         1          2      3          4       8         12         16           20
 *   +---------+----------+------+----------+-------+---------+----------+------------+
 *   | subject | operator | fold | expected | index | namePtr | nameSize | operandPtr |
 *   +---------+----------+------+----------+-------+---------+----------+------------+
 *   | operandSize | tablePtr | first | next |
 *   +-------------+----------+-------+------+ 36
 * `index`: of the HeaderName (Header, Cookie, Query, Path, Host) or of the tag (Tag).
 * `name`: of the cookie or query field. `expected`: the truth of Present.
 * `operand`: bytes; for In an array of Slice, for Address one of networks, `operandSize` counting.
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
 *   0      4         8          12         16          20
 *   +------+---------+----------+----------+-----------+--------+
 *   | when | namePtr | nameSize | valuePtr | valueSize | metric |
 *   +------+---------+----------+----------+-----------+--------+ 24
 */
@unmanaged
export class Rule {
  /** Condition, 0 = always. */
  when: usize;
  namePtr: usize;
  nameSize: u32;
  valuePtr: usize;
  valueSize: u32;
  metric: u32;
}
export const RULE_SIZE: u32 = 24;

/**
 *   0          1      4       8           12           16      20          24         28
 *   +----------+------+-------+-----------+------------+-------+-----------+----------+
 *   | incoming | echo | index | allowPtr  | allowCount | rules | ruleCount | default… |
 *   +----------+------+-------+-----------+------------+-------+-----------+----------+
 *   | …Size | keptMetric | strippedMetric | defaultMetric | pass: valuePtr, valueSize, came, … |
 *   +-------+------------+----------------+---------------+-------------------------------------+
 *   | …camePtr, cameSize |
 *   +--------------------+ 64
 */
@unmanaged
export class Tag {
  incoming: u8;
  echo: bool;
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
}
export const TAG_SIZE: u32 = 64;
/** Tag headers of one entry. */
export const TAGS_MAX: u32 = 16;
export const CAME_UNKNOWN: u32 = <u32>-1;

/**
 *   0         4          8           9      10         11       12      16     20
 *   +---------+----------+-----------+------+----------+--------+-------+------+----------+
 *   | textPtr | textSize | direction | mode | readPlan | echoes | names | tags | tagCount |
 *   +---------+----------+-----------+------+----------+--------+-------+------+----------+
 *   | idPtr | idSize | headersErrors | writeErrors | echoErrors | addressErrors |
 *   +-------+--------+---------------+-------------+------------+---------------+ 48
 */
@unmanaged
export class Config {
  /** The bytes as they came. */
  textPtr: usize;
  textSize: u32;
  direction: u8;
  mode: u8;
  readPlan: u8;
  /** Whether any tag is copied into the response. */
  echoes: bool;
  /** HeaderNames. */
  names: usize;
  tags: usize;
  tagCount: u32;
  idPtr: usize;
  idSize: u32;
  /** tagalong_errors_total by kind. */
  headersErrors: u32;
  writeErrors: u32;
  echoErrors: u32;
  addressErrors: u32;
}
export const CONFIG_SIZE: u32 = 48;

export function tagAt(config: Config, index: u32): Tag {
  return changetype<Tag>(config.tags + index * TAG_SIZE);
}

export function ruleAt(tag: Tag, index: u32): Rule {
  return changetype<Rule>(tag.rules + index * RULE_SIZE);
}

export function nameAt(names: HeaderNames, index: u32): HeaderName {
  return changetype<HeaderName>(names.names + index * HEADER_NAME_SIZE);
}
