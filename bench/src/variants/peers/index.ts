// index: everything that is measured beside Tagalong.

import { LUA } from './lua.js';
import { NATIVE } from './native.js';
import type { Peer } from './peer.js';
import { SDKS } from './sdk.js';

export type { Bucket, Job, Peer } from './peer.js';

export const PEERS: readonly Peer[] = [...NATIVE, ...LUA, ...SDKS];
