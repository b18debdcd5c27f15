// percent: the share of identities that a rule takes, from JSON to a Percent (layout.ts).

import { putAscii, putByte, putBytes, textPtr, textReset, textSize } from '../bytes/text';
import { areaCopy, areaTake } from './area';
import { faultValue, faultWords } from './fault';
import { Config, HeaderName, PERCENT_SIZE, Percent, SOURCE_SIZE, Source } from './layout';
import { checkLabel, member } from './members';
import { compileMint } from './mint';
import { Kind, Node, nodeAt } from './node';
import { NO_QUANTITY, percentOf } from './quantity';
import { compileSource } from './source';

/** Sources of an identity that a rule may try. */
const SOURCES_MAX: u32 = 8;

/** `percent` of a rule that has one, and what stands beside it; 0 with a fault raised. */
export function compilePercent(node: Node, config: Config, tagName: HeaderName): usize {
  const at = member(node, 'percent');
  const threshold = percentOf(nodeAt(at));
  if (threshold == NO_QUANTITY) return 0;
  const ptr = areaTake(PERCENT_SIZE);
  if (ptr == 0) return 0;
  const percent = changetype<Percent>(ptr);
  percent.threshold = <u32>threshold;
  const identity = member(node, 'identity');
  const mint = member(node, 'mint');
  if (identity == 0 && mint == 0) {
    faultWords(node, '"percent" without an identity', '"identity" or "mint" beside it');
    return 0;
  }
  if (identity != 0 && !compileIdentity(nodeAt(identity), config, percent)) return 0;
  if (mint != 0) {
    percent.mint = compileMint(nodeAt(mint), config);
    if (percent.mint == 0) return 0;
  }
  return compileSalt(member(node, 'salt'), config, tagName, percent) ? ptr : 0;
}

/** A rule without `percent` has nothing that belongs to it. */
export function checkNoPercent(node: Node): bool {
  if (member(node, 'identity') != 0) return faultAlone(node, '"identity" without "percent"');
  if (member(node, 'salt') != 0) return faultAlone(node, '"salt" without "percent"');
  if (member(node, 'mint') != 0) return faultAlone(node, '"mint" without "percent"');
  return true;
}

function faultAlone(node: Node, found: string): bool {
  return faultWords(node, found, 'both or neither');
}

function compileIdentity(node: Node, config: Config, percent: Percent): bool {
  if (node.kind != Kind.Array || node.count == 0) {
    return faultValue(node, 'an array of sources such as {"cookie": "uid"}, at least one');
  }
  if (node.count > SOURCES_MAX) return faultWords(node, 'more sources', 'at most 8');
  percent.sources = areaTake(node.count * SOURCE_SIZE);
  if (percent.sources == 0) return false;
  for (let at = node.first; at != 0; at = nodeAt(at).next) {
    const source = changetype<Source>(percent.sources + percent.sourceCount * SOURCE_SIZE);
    if (!compileSource(nodeAt(at), config, source)) return false;
    percent.sourceCount++;
  }
  return true;
}

/** The salt with its 0x00; by default NAMESPACE/POLICY/HEADER. */
function compileSalt(at: usize, config: Config, tagName: HeaderName, percent: Percent): bool {
  textReset();
  if (at != 0) {
    if (!checkLabel(nodeAt(at), 'a salt: visible text, no blank at its ends')) return false;
    putBytes(nodeAt(at).ptr, nodeAt(at).size);
  } else {
    putBytes(config.idPtr, policySize(config.idPtr, config.idSize));
    putAscii('/');
    putBytes(tagName.ptr, tagName.size);
  }
  putByte(0);
  percent.saltSize = textSize();
  percent.saltPtr = areaCopy(textPtr(), textSize());
  return percent.saltPtr != 0;
}

/** Bytes of NAMESPACE/POLICY in NAMESPACE/POLICY/ENTRY; all of an id without a slash. */
export function policySize(idPtr: usize, idSize: u32): u32 {
  for (let end = idSize; end > 0; end--) {
    if (load<u8>(idPtr + end - 1) == 0x2f) return end - 1;
  }
  return idSize;
}
