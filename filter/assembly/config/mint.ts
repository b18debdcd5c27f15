// mint: the cookie for visitors without an identity, from JSON to a Mint (layout.ts).
// Promise: what a browser would silently throw away is refused (RFC 6265bis section 5.6).

import { equal, equalsAscii } from '../bytes/slice';
import { putAscii, putBytes, putNumber, textPtr, textReset, textSize } from '../bytes/text';
import { areaCopy } from './area';
import { faultValue, faultWords } from './fault';
import { Config, HeaderNames, MINTS_MAX, mintAt } from './layout';
import {
  checkBoolean,
  checkObject,
  checkText,
  checkToken,
  member,
  requiredMember,
} from './members';
import { checkInterned, internLiteral } from './names';
import { Kind, Node, nodeAt } from './node';
import { NO_QUANTITY, secondsOf } from './quantity';

const KEYS = 'cookie maxAge path domain sameSite secure';
/** Bytes of name, path and domain together: a cookie waits in a ring with fixed entries. */
const NAMES_SIZE_MAX: u32 = 256;
/** 400 days, the most that browsers keep a cookie. */
const MAX_AGE_MAX: u32 = 400 * 86400;
const MAX_AGE_DEFAULT: u32 = 30 * 86400;

/** The mint of the configuration that says the same, made if new; 0 with a fault raised. */
export function compileMint(node: Node, config: Config): usize {
  if (!checkObject(node, KEYS)) return 0;
  const cookie = requiredMember(node, 'cookie', ': the name of the cookie');
  if (cookie == 0 || !checkToken(nodeAt(cookie), 'the name of a cookie')) return 0;
  if (!putAttributes(node, nodeAt(cookie))) return 0;
  const name = nodeAt(cookie);
  for (let i: u32 = 0; i < config.mintCount; i++) {
    const mint = mintAt(config, i);
    if (!equal(mint.namePtr, mint.nameSize, name.ptr, name.size)) continue;
    if (equal(mint.attributesPtr, mint.attributesSize, textPtr(), textSize())) {
      return changetype<usize>(mint);
    }
    faultValue(name, 'the attributes that another rule gives this cookie');
    return 0;
  }
  if (config.mintCount == MINTS_MAX) {
    faultWords(node, 'more cookies', 'at most 4 different ones');
    return 0;
  }
  const mint = mintAt(config, config.mintCount++);
  mint.nameSize = name.size;
  mint.namePtr = areaCopy(name.ptr, name.size);
  mint.attributesSize = textSize();
  mint.attributesPtr = areaCopy(textPtr(), textSize());
  mint.index = internLiteral(changetype<HeaderNames>(config.names), 'cookie');
  if (mint.namePtr == 0 || mint.attributesPtr == 0) return 0;
  config.responds = true;
  return checkInterned(mint.index) ? changetype<usize>(mint) : 0;
}

/** `; Path=…; Domain=…; Max-Age=…; HttpOnly; Secure; SameSite=…` into bytes/text.ts. */
function putAttributes(node: Node, name: Node): bool {
  const path = member(node, 'path');
  if (path != 0) {
    const first = nodeAt(path);
    const rooted = first.kind == Kind.String && first.size > 0 && load<u8>(first.ptr) == 0x2f;
    if (!rooted || !checkAttribute(first)) return faultValue(first, 'a path such as /');
  }
  const domain = member(node, 'domain');
  if (domain != 0) {
    const text = nodeAt(domain);
    if (text.kind != Kind.String || text.size == 0 || !checkAttribute(text)) {
      return faultValue(text, 'a domain such as example.com');
    }
  }
  let age: i64 = MAX_AGE_DEFAULT;
  const maxAge = member(node, 'maxAge');
  if (maxAge != 0) {
    age = secondsOf(nodeAt(maxAge), 1, MAX_AGE_MAX, 'a time such as 12h or 30d, at most 400d');
    if (age == NO_QUANTITY) return false;
  }
  let site = 'Lax';
  const sameSite = member(node, 'sameSite');
  if (sameSite != 0) {
    const text = nodeAt(sameSite);
    const wanted = '"Lax", "Strict" or "None"';
    if (!checkText(text, 1, wanted)) return false;
    if (equalsAscii(text.ptr, text.size, 'Strict')) site = 'Strict';
    else if (equalsAscii(text.ptr, text.size, 'None')) site = 'None';
    else if (!equalsAscii(text.ptr, text.size, 'Lax')) return faultValue(text, wanted);
  }
  const secure = member(node, 'secure');
  if (secure != 0 && !checkBoolean(nodeAt(secure))) return false;
  const isSecure = secure == 0 || nodeAt(secure).kind == Kind.True;
  if (!isSecure && site == 'None') {
    return faultWords(node, '"sameSite: None" without "secure"', 'a secure cookie');
  }
  if (!checkPrefix(node, name, isSecure, path, domain)) return false;
  let size = name.size + (path == 0 ? 1 : nodeAt(path).size);
  if (domain != 0) size += nodeAt(domain).size;
  if (size > NAMES_SIZE_MAX) {
    return faultWords(node, 'a longer cookie', 'name, path and domain of at most 256 bytes in all');
  }
  textReset();
  putAscii('; Path=');
  if (path == 0) putAscii('/');
  else putBytes(nodeAt(path).ptr, nodeAt(path).size);
  if (domain != 0) {
    putAscii('; Domain=');
    putBytes(nodeAt(domain).ptr, nodeAt(domain).size);
  }
  putAscii('; Max-Age=');
  putNumber(<u32>age);
  putAscii('; HttpOnly');
  if (isSecure) putAscii('; Secure');
  putAscii('; SameSite=');
  putAscii(site);
  return true;
}

/** Visible ASCII that does not end the attribute. */
function checkAttribute(node: Node): bool {
  for (let i: u32 = 0; i < node.size; i++) {
    const byte: u32 = load<u8>(node.ptr + i);
    if (byte <= 0x20 || byte >= 0x7f || byte == 0x3b || byte == 0x2c) return false;
  }
  return true;
}

/** What a name that starts with __Secure- or __Host- promises. */
function checkPrefix(node: Node, name: Node, secure: bool, path: usize, domain: usize): bool {
  const host = startsWith(name, '__host-');
  if (!host && !startsWith(name, '__secure-')) return true;
  if (!secure) return faultWords(node, 'a prefixed cookie without "secure"', 'a secure cookie');
  if (!host) return true;
  const atRoot = path == 0 || nodeAt(path).size == 1;
  if (atRoot && domain == 0) return true;
  return faultWords(node, 'a __Host- cookie with a domain or path', 'path / and no domain');
}

/** Browsers compare prefixes without case. */
function startsWith(node: Node, prefix: string): bool {
  if (node.size < <u32>prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) {
    const unit: u32 = prefix.charCodeAt(i);
    const byte: u32 = load<u8>(node.ptr + i);
    if (byte != unit && !(unit - 0x61 < 26 && (byte | 0x20) == unit)) return false;
  }
  return true;
}
