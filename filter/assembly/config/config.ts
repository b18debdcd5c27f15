// config: one configuration, from the bytes that the host delivers to a Config in its area.
// Promise: it touches nothing but the open area and the arena; a refusal leaves a fault behind
// (fault.ts) and what is in force as it was.

import { equalsAscii } from '../bytes/slice';
import { areaCopy, areaOpen, areaOverflowed, areaTake } from './area';
import { compileClient } from './client';
import { faultRaised, faultReset, faultValue, faultWhole } from './fault';
import { parseJson } from './json';
import {
  CONFIG_SIZE,
  Config,
  Direction,
  HeaderNames,
  Incoming,
  MINT_SIZE,
  MINTS_MAX,
  Mode,
  nameAt,
  ReadPlan,
  SECRET_SIZE,
  tagAt,
} from './layout';
import { compileLimits } from './limits';
import { checkLabel, checkObject, checkText, member, requiredMember } from './members';
import { namesMake } from './names';
import { Node, nodeAt } from './node';
import { compilePaths } from './paths';
import { compilePropagate } from './propagate';
import { compileTags } from './tags';

/** Bytes of the largest configuration; a larger one is refused unread. */
export const CONFIG_SIZE_MAX: u32 = 256 << 10;

const KEYS = 'id direction mode client paths tags limits propagate';

/** The Config in the area, or 0 with a fault raised. */
export function compileConfig(areaPtr: usize, textPtr: usize, textSize: u32): usize {
  faultReset();
  areaOpen(areaPtr);
  const ptr = compile(textPtr, textSize);
  if (ptr == 0 && !faultRaised() && areaOverflowed()) {
    faultWhole('more than fits into 1 MiB once compiled', 'a smaller configuration');
  }
  return ptr;
}

function compile(textPtr: usize, textSize: u32): usize {
  // The copy comes first: parsing may fold names where they stand.
  const copy = areaCopy(textPtr, textSize);
  const ptr = areaTake(CONFIG_SIZE);
  const names = namesMake();
  const mints = areaTake(MINTS_MAX * MINT_SIZE);
  if (copy == 0 || ptr == 0 || names == 0 || mints == 0) return 0;
  const config = changetype<Config>(ptr);
  config.textPtr = copy;
  config.textSize = textSize;
  config.names = names;
  config.mints = mints;

  const root = parseJson(textPtr, textSize);
  if (root == 0) return 0;
  const node = nodeAt(root);
  if (!checkObject(node, KEYS)) return 0;
  if (!compileId(node, config) || !compileDirection(node, config)) return 0;
  const mode = member(node, 'mode');
  if (mode != 0 && !compileMode(nodeAt(mode), config)) return 0;
  // What conditions and sources compile to depends on these.
  if (!compileClient(member(node, 'client'), config)) return 0;
  if (!compilePaths(member(node, 'paths'), config)) return 0;
  const tags = member(node, 'tags');
  if (tags != 0 && !compileTags(nodeAt(tags), config)) return 0;
  config.secret = areaTake(SECRET_SIZE);
  if (config.secret == 0) return 0;
  const limits = member(node, 'limits');
  if (limits != 0 && !compileLimits(nodeAt(limits), config)) return 0;
  const propagate = member(node, 'propagate');
  if (propagate != 0) {
    config.propagate = compilePropagate(nodeAt(propagate), config);
    if (config.propagate == 0) return 0;
  }
  config.readPlan = <u8>planReads(config);
  return ptr;
}

function compileId(node: Node, config: Config): bool {
  const id = requiredMember(node, 'id', ': NAMESPACE/POLICY/ENTRY');
  if (id == 0 || !checkLabel(nodeAt(id), 'an id such as shop/checkout/0')) return false;
  config.idSize = nodeAt(id).size;
  config.idPtr = areaCopy(nodeAt(id).ptr, config.idSize);
  return config.idPtr != 0;
}

function compileDirection(node: Node, config: Config): bool {
  const wanted = '"gateway", "inbound" or "outbound"';
  const at = requiredMember(node, 'direction', ': "gateway", "inbound" or "outbound"');
  if (at == 0 || !checkText(nodeAt(at), 1, wanted)) return false;
  const value = nodeAt(at);
  if (equalsAscii(value.ptr, value.size, 'gateway')) config.direction = <u8>Direction.Gateway;
  else if (equalsAscii(value.ptr, value.size, 'inbound')) config.direction = <u8>Direction.Inbound;
  else if (equalsAscii(value.ptr, value.size, 'outbound'))
    config.direction = <u8>Direction.Outbound;
  else return faultValue(value, wanted);
  return true;
}

function compileMode(node: Node, config: Config): bool {
  const wanted = '"enforce", "dryRun" or "disabled"';
  if (!checkText(node, 1, wanted)) return false;
  if (equalsAscii(node.ptr, node.size, 'enforce')) config.mode = <u8>Mode.Enforce;
  else if (equalsAscii(node.ptr, node.size, 'dryRun')) config.mode = <u8>Mode.DryRun;
  else if (equalsAscii(node.ptr, node.size, 'disabled')) config.mode = <u8>Mode.Disabled;
  else return faultValue(node, wanted);
  return true;
}

/**
 * One header that is all told by its first value is read alone: a pseudo-header, which cannot
 * repeat, or a tag that is stripped, of which only the presence matters. Everything else takes the
 * one pairs call. Two single reads would often be cheaper still (0.6 to 2.2 µs against 2.6, Envoy
 * 1.40), but a get shows the first value of a repeated header only, and the budget is one call.
 */
function planReads(config: Config): ReadPlan {
  const names = changetype<HeaderNames>(config.names);
  if (names.count == 0 || config.mode == <u8>Mode.Disabled) return ReadPlan.Nothing;
  if (names.count > 1) return ReadPlan.Pairs;
  if (load<u8>(nameAt(names, 0).ptr) == 0x3a) return ReadPlan.Single;
  const isStrippedTag = config.tagCount != 0 && tagAt(config, 0).incoming == <u8>Incoming.Strip;
  return isStrippedTag ? ReadPlan.Single : ReadPlan.Pairs;
}
