// vm: the VM configuration: which entry of which policy this VM serves, and how it refuses.
//   {"id": "NAMESPACE/POLICY/ENTRY", "direction": "inbound", "caps": "…", "strict": true}
// With an id the VM belongs to one entry and direction. Without one (WasmPlugin can set none)
// several plugins may share the VM, and are told apart by their names.
// `caps` is there to make a VM of its own for each list of capabilities; it is not read.

import { equalsAscii } from '../bytes/slice';
import { faultReset, faultValue } from './fault';
import { parseJson } from './json';
import {
  checkBoolean,
  checkLabel,
  checkObject,
  checkText,
  LABEL_SIZE_MAX,
  member,
} from './members';
import { Kind, Node, nodeAt } from './node';

const KEYS = 'id direction caps strict';

const idBuffer: usize = memory.data(256);
let idSize: u32 = 0;
let vmDirection: string = 'any';
let strict: bool = false;

/** From proxy_on_vm_start. False with a fault raised; the VM then is as one without configuration. */
export function readVmConfig(ptr: usize, size: u32): bool {
  vmReset();
  if (readMembers(ptr, size)) return true;
  vmReset();
  return false;
}

function vmReset(): void {
  idSize = 0;
  vmDirection = 'any';
  strict = false;
}

function readMembers(ptr: usize, size: u32): bool {
  faultReset();
  const root = parseJson(ptr, size);
  if (root == 0) return false;
  const node = nodeAt(root);
  if (!checkObject(node, KEYS)) return false;
  const strictly = member(node, 'strict');
  if (strictly != 0) {
    if (!checkBoolean(nodeAt(strictly))) return false;
    strict = nodeAt(strictly).kind == Kind.True;
  }
  const direction = member(node, 'direction');
  if (direction != 0 && !readDirection(nodeAt(direction))) return false;
  const id = member(node, 'id');
  if (id == 0) return true;
  if (!checkLabel(nodeAt(id), 'an id such as shop/checkout/0')) return false;
  idSize = min(nodeAt(id).size, LABEL_SIZE_MAX);
  memory.copy(idBuffer, nodeAt(id).ptr, idSize);
  return true;
}

function readDirection(node: Node): bool {
  const wanted = '"gateway", "inbound" or "outbound"';
  if (!checkText(node, 1, wanted)) return false;
  if (equalsAscii(node.ptr, node.size, 'gateway')) vmDirection = 'gateway';
  else if (equalsAscii(node.ptr, node.size, 'inbound')) vmDirection = 'inbound';
  else if (equalsAscii(node.ptr, node.size, 'outbound')) vmDirection = 'outbound';
  else return faultValue(node, wanted);
  return true;
}

export function vmIdPtr(): usize {
  return idBuffer;
}

/** 0 = no id: plugins may share this VM. */
export function vmIdSize(): u32 {
  return idSize;
}

/** As a label of metrics; "any" where the VM configuration does not say. */
export function vmDirectionLabel(): string {
  return vmDirection;
}

/** Whether a refused configuration is answered false, which makes Envoy refuse the update. */
export function vmIsStrict(): bool {
  return strict;
}
