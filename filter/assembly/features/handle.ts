// handle: one request, in one pass: read, restore or decide, limit, write, remember.

import { Action } from '../abi/enums';
import { Config, Direction, Mode } from '../config/layout';
import { arenaClose, arenaOpen, arenaReset } from '../shim/arena';
import { clockReset } from '../shim/clock';
import { limitRequest, tellAdmitted } from './limiting/gate';
import { rememberRequest } from './propagation/remember';
import { findRequest, restoreRequest } from './propagation/restore';
import { readRequest } from './request';
import { baggageBegin } from './tagging/baggage';
import { decideTags, writeTags } from './tagging/tagging';

/** Pause: the request was answered here. */
export function handleRequest(config: Config, contextId: u32): Action {
  if (config.mode == <u8>Mode.Disabled) return Action.Continue;
  arenaReset();
  clockReset();
  const readable = readRequest(config);
  // What the arena keeps is for limits and writes: no request may be too large for them.
  arenaClose();
  const propagates = readable && config.propagate != 0;
  const outbound = config.direction == <u8>Direction.Outbound;
  baggageBegin(config);
  const written = config.mode == <u8>Mode.Enforce;
  if (propagates && !outbound && !written) rememberRequest(config);
  if (propagates && outbound) findRequest(config);
  decideTags(config, readable);
  arenaOpen();
  if (config.limitCount != 0 && limitRequest(config, readable)) return Action.Pause;
  if (readable) writeTags(config, contextId);
  if (config.limitCount != 0) tellAdmitted(config, contextId);
  if (!propagates) return Action.Continue;
  if (outbound) restoreRequest(config);
  else if (written) rememberRequest(config);
  return Action.Continue;
}
