// handle: one request, in one pass: read, restore or decide, write, remember.

import { Config, Direction, Mode } from '../config/layout';
import { arenaReset } from '../shim/arena';
import { rememberRequest } from './propagation/remember';
import { findRequest, restoreRequest } from './propagation/restore';
import { readRequest } from './request';
import { baggageBegin } from './tagging/baggage';
import { tagRequest } from './tagging/tagging';

export function handleRequest(config: Config, contextId: u32): void {
  if (config.mode == <u8>Mode.Disabled) return;
  arenaReset();
  const readable = readRequest(config);
  const propagates = readable && config.propagate != 0;
  const outbound = config.direction == <u8>Direction.Outbound;
  baggageBegin(config);
  const written = config.mode == <u8>Mode.Enforce;
  if (propagates && !outbound && !written) rememberRequest(config);
  if (propagates && outbound) findRequest(config);
  tagRequest(config, contextId, readable);
  if (!propagates) return;
  if (outbound) restoreRequest(config);
  else if (written) rememberRequest(config);
}
