// mint: identities for visitors who have none. One is made when a rule asks for it, decides this
// very request, and goes into a cookie of the response, so that the visitor keeps it.

import { putHexDigits } from '../../bytes/hex';
import { Config, Mint, mintAt } from '../../config/layout';
import { arenaTake } from '../../shim/arena';
import { increment } from '../../shim/metrics';
import { randomBytes } from '../../shim/random';
import { responseTake, Verb } from '../response';

/** Random bytes of an identity: 128 bits, which nobody can guess or meet twice. */
const RANDOM_SIZE: u32 = 16;
/** Hexadecimal digits. */
export const MINTED_SIZE: u32 = RANDOM_SIZE << 1;

const random: usize = memory.data(16, 8);
const setCookie: usize = memory.data<u8>([
  0x73, 0x65, 0x74, 0x2d, 0x63, 0x6f, 0x6f, 0x6b, 0x69, 0x65,
]);
const SET_COOKIE_SIZE: u32 = 10;
const EQUALS: u32 = 0x3d;

/** Before the first rule of a request. */
export function mintBegin(config: Config): void {
  for (let i: u32 = 0; i < config.mintCount; i++) {
    const mint = mintAt(config, i);
    mint.mintedPtr = 0;
    mint.sent = false;
  }
}

/** The identity that this request is given, the same for all rules that mint this cookie. */
export function mintIdentity(config: Config, mint: Mint): usize {
  if (mint.mintedPtr != 0) return mint.mintedPtr;
  const ptr = arenaTake(MINTED_SIZE);
  if (ptr == 0 || !randomBytes(random, RANDOM_SIZE)) {
    increment(config.randomErrors, 1);
    return 0;
  }
  putHexDigits(random, RANDOM_SIZE, ptr);
  mint.mintedPtr = ptr;
  return ptr;
}

/** Whether a cookie goes into the response. */
export function mintsAny(config: Config): bool {
  for (let i: u32 = 0; i < config.mintCount; i++) if (mintAt(config, i).sent) return true;
  return false;
}

/** Leaves the cookies for the response; false where one does not fit. */
export function mintSend(config: Config, contextId: u32): bool {
  let fits = true;
  for (let i: u32 = 0; i < config.mintCount; i++) {
    const mint = mintAt(config, i);
    if (!mint.sent) continue;
    const size = mint.nameSize + 1 + MINTED_SIZE + mint.attributesSize;
    let at = responseTake(contextId, Verb.Add, setCookie, SET_COOKIE_SIZE, size);
    if (at == 0) {
      fits = false;
      continue;
    }
    memory.copy(at, mint.namePtr, mint.nameSize);
    at += mint.nameSize;
    store<u8>(at, <u8>EQUALS);
    memory.copy(at + 1, mint.mintedPtr, MINTED_SIZE);
    memory.copy(at + 1 + MINTED_SIZE, mint.attributesPtr, mint.attributesSize);
    increment(mint.metric, 1);
  }
  return fits;
}
