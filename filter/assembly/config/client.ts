// client: the `client` section: whom conditions on `ip` and identities by `ip` take for the client.

import { equalsAscii } from '../bytes/slice';
import { faultValue, faultWords } from './fault';
import { ClientAddress, Config, HeaderNames } from './layout';
import { checkObject, member } from './members';
import { checkInterned, internLiteral } from './names';
import { Kind, nodeAt } from './node';
import { countOf, NO_QUANTITY } from './quantity';

const KEYS = 'address trustedHops prefix';
const HOPS_MAX: u32 = 255;
const BITS_MAX_V4: u32 = 32;
const BITS_MAX_V6: u32 = 128;
/** An IPv6 client may take any address of its /64, so that this is who it is. */
const BITS_V6: u32 = 64;

/** `at`: the section, 0 = none. */
export function compileClient(at: usize, config: Config): bool {
  config.clientBits4 = <u8>BITS_MAX_V4;
  config.clientBits6 = <u8>BITS_V6;
  if (at == 0) return true;
  const node = nodeAt(at);
  if (!checkObject(node, KEYS)) return false;
  const address = member(node, 'address');
  if (address != 0) {
    const value = nodeAt(address);
    const isText = value.kind == Kind.String;
    if (isText && equalsAscii(value.ptr, value.size, 'forwarded')) {
      config.client = <u8>ClientAddress.Forwarded;
    } else if (!isText || !equalsAscii(value.ptr, value.size, 'envoy')) {
      return faultValue(value, '"envoy" or "forwarded"');
    }
  }
  const hops = member(node, 'trustedHops');
  if (hops != 0) {
    if (config.client == <u8>ClientAddress.Envoy) {
      return faultWords(
        node,
        '"trustedHops" without forwarded',
        '"address": "forwarded" beside it',
      );
    }
    const count = countOf(nodeAt(hops), 0, HOPS_MAX, 'a whole number from 0 to 255');
    if (count == NO_QUANTITY) return false;
    config.trustedHops = <u8>count;
  }
  const prefix = member(node, 'prefix');
  return prefix == 0 || compilePrefix(prefix, config);
}

/** `{v4: BITS, v6: BITS}`: what tells clients apart. */
function compilePrefix(at: usize, config: Config): bool {
  const node = nodeAt(at);
  if (!checkObject(node, 'v4 v6')) return false;
  const v4 = member(node, 'v4');
  if (v4 != 0) {
    const bits = countOf(nodeAt(v4), 0, BITS_MAX_V4, 'a whole number from 0 to 32');
    if (bits == NO_QUANTITY) return false;
    config.clientBits4 = <u8>bits;
  }
  const v6 = member(node, 'v6');
  if (v6 == 0) return true;
  const bits = countOf(nodeAt(v6), 0, BITS_MAX_V6, 'a whole number from 0 to 128');
  config.clientBits6 = <u8>bits;
  return bits != NO_QUANTITY;
}

/** For whoever needs the client's address: the header that it stands in is read with the others. */
export function internClient(config: Config): bool {
  if (config.client == <u8>ClientAddress.Envoy) return true;
  config.forwardedFor = internLiteral(changetype<HeaderNames>(config.names), 'x-forwarded-for');
  return checkInterned(config.forwardedFor);
}
