// percent: is the identity behind a request in the share that a rule takes.
// bucket = XXH64(seed 0, salt ++ 0x00 ++ identity) mod 10000, and who is below the threshold is in:
// sticky, and raising the share keeps those who were in. The SDK has the same function.

import { Slice } from '../../bytes/slice';
import { xxh64 } from '../../bytes/xxh64';
import { Config, Mint, Percent, SOURCE_SIZE, Source } from '../../config/layout';
import { WHOLE } from '../../config/quantity';
import { arenaMark, arenaRelease, arenaTake } from '../../shim/arena';
import { readCookie, readSource } from '../matching/source';
import { MINTED_SIZE, mintIdentity } from './mint';

/** No identity, and none could be minted. */
export const NO_BUCKET: u32 = <u32>-1;

const identity: Slice = changetype<Slice>(memory.data(8, 8));

/** 0..9999, or `NO_BUCKET`. `live`: whether what is minted for it goes to the visitor. */
export function bucketOf(config: Config, percent: Percent, live: bool): u32 {
  const mark = arenaMark();
  if (findIdentity(config, percent)) {
    const bucket = hashIdentity(percent);
    // What a source decoded is given back, or a long query and many rules would use the arena up.
    arenaRelease(mark);
    return bucket;
  }
  return giveIdentity(config, percent, live) ? hashIdentity(percent) : NO_BUCKET;
}

/** The first source that is present, else the cookie that was minted. */
function findIdentity(config: Config, percent: Percent): bool {
  for (let i: u32 = 0; i < percent.sourceCount; i++) {
    const source = changetype<Source>(percent.sources + i * SOURCE_SIZE);
    if (readSource(config, source, identity)) return true;
  }
  if (percent.mint == 0) return false;
  const mint = changetype<Mint>(percent.mint);
  return readCookie(config, mint.index, mint.namePtr, mint.nameSize, identity);
}

function giveIdentity(config: Config, percent: Percent, live: bool): bool {
  if (percent.mint == 0) return false;
  const mint = changetype<Mint>(percent.mint);
  identity.ptr = mintIdentity(config, mint);
  identity.size = MINTED_SIZE;
  if (identity.ptr == 0) return false;
  if (live) mint.sent = true;
  return true;
}

function hashIdentity(percent: Percent): u32 {
  const mark = arenaMark();
  const text = arenaTake(percent.saltSize + identity.size);
  if (text == 0) return NO_BUCKET;
  memory.copy(text, percent.saltPtr, percent.saltSize);
  memory.copy(text + percent.saltSize, identity.ptr, identity.size);
  const bucket = <u32>(xxh64(text, percent.saltSize + identity.size) % WHOLE);
  arenaRelease(mark);
  return bucket;
}
