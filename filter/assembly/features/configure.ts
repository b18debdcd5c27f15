// configure: what happens when the host offers a configuration: accept it, or refuse it so that
// traffic goes on and somebody notices: one log line and a gauge.
// Promise: a refusal leaves in force what was in force. Where the VM is strict, Envoy is told and
// refuses the update too; elsewhere the filter answers true and keeps its last good configuration,
// from this VM or from shared data, or lets requests pass unchanged.

import { BufferType, LogLevel, Status } from '../abi/enums';
import { Slice } from '../bytes/slice';
import { putAscii, putByte, putBytes, putNumber, textReset } from '../bytes/text';
import { CONFIG_SIZE_MAX, compileConfig } from '../config/config';
import { faultReset, faultWhole, putFault } from '../config/fault';
import { Config } from '../config/layout';
import {
  configOf,
  install,
  newestConfig,
  newestSerial,
  renew,
  SLOTS_MAX,
  slotFor,
  slotIdPtr,
  slotIdSize,
  slotsInUse,
  spareArea,
} from '../config/store';
import { readVmConfig, vmDirectionLabel, vmIdPtr, vmIdSize, vmIsStrict } from '../config/vm';
import { arenaReset } from '../shim/arena';
import { getBuffer } from '../shim/buffers';
import { groupOfRoot, NO_NOTE, noteOfRoot, rememberRoot, rootOfStream } from '../shim/contexts';
import { logEnabled, logInit, logText } from '../shim/log';
import { increment, record } from '../shim/metrics';
import { getProperty, propertyPath } from '../shim/properties';
import { counter, gauge, metricBegin, putWord, uncounted } from './labels';
import { findGood, keepGood } from './last-good';
import { limitsInit, limitsTell } from './limiting/install';
import { propagationInit } from './propagation/outcomes';
import { responseInit, WAITING_SIZE, WAITING_SIZE_LIMITS } from './response';
import { defineTagMetrics } from './tagging/tagging';

const PLUGIN_NAME = 'plugin_name';
const pluginName: usize = propertyPath(PLUGIN_NAME);
const out: Slice = changetype<Slice>(memory.data(8, 8));
/** Streams whose root context is not known; labelled by the VM's first plugin. */
let contextErrors: u32 = 0;

/** proxy_on_vm_start: a VM configuration that cannot be read is as none, and is said. */
export function startVm(size: u32): void {
  arenaReset();
  logInit();
  if (size == 0) return;
  const read =
    size <= CONFIG_SIZE_MAX && getBuffer(BufferType.VmConfiguration, size, out) == Status.Ok;
  if (read && readVmConfig(out.ptr, out.size)) return;
  textReset();
  putAscii('tagalong: VM configuration not understood, going on without one: ');
  if (read) putFault();
  else putAscii('it cannot be read');
  logText(LogLevel.Error);
}

/** proxy_on_configure: the answer to the host. */
export function configure(rootId: u32, size: u32): bool {
  arenaReset();
  const slot = identify();
  if (slot < 0) {
    textReset();
    putAscii('tagalong: configuration refused: ');
    putNumber(SLOTS_MAX);
    putAscii(' plugins share this VM already, wanted a VM configuration with an "id" for each');
    logText(LogLevel.Error);
    return !vmIsStrict();
  }
  arenaReset();
  // Before the counters of any rule: a full table must not hide the state.
  defineState(slot);
  const accepted = readText(size) && accept(slot, out.ptr, out.size);
  if (!accepted) refuse(slot);
  rememberRoot(slot, rootId, newestSerial(slot));
  report(slot, !accepted);
  return accepted || !vmIsStrict();
}

/** The plugin that is being configured: by the VM's id, else by its name. */
function identify(): i32 {
  if (vmIdSize() != 0) return slotFor(vmIdPtr(), vmIdSize());
  if (getProperty(pluginName, PLUGIN_NAME.length, out) != Status.Ok) out.size = 0;
  makePlain(out.ptr, out.size);
  return slotFor(out.ptr, out.size);
}

/** A name that goes into log lines and labels as it is: what would end either becomes `_`. */
function makePlain(ptr: usize, size: u32): void {
  for (let i: u32 = 0; i < size; i++) {
    const byte: u32 = load<u8>(ptr + i);
    if (byte < 0x20 || byte == 0x7f || byte == 0x3b || byte == 0x3d) store<u8>(ptr + i, 0x5f);
  }
}

/** The configuration's bytes into `out`. */
function readText(size: u32): bool {
  faultReset();
  if (size > CONFIG_SIZE_MAX) return faultWhole('a configuration over 256 KiB', 'a smaller one');
  if (size == 0) return faultWhole('no configuration', 'a JSON object');
  const status = getBuffer(BufferType.PluginConfiguration, size, out);
  if (status == Status.Ok && out.size == size) return true;
  return faultWhole(
    'a configuration that the host does not show',
    'proxy_get_buffer_bytes allowed',
  );
}

/** Puts in force, again or anew; false with a fault raised. Bytes in force already change nothing. */
function accept(slot: u32, ptr: usize, size: u32): bool {
  const before = newestSerial(slot);
  if (!renew(slot, ptr, size) && !offer(slot, ptr, size)) return false;
  if (newestSerial(slot) != before) tellInForce(slot);
  return true;
}

/** Compiles and puts in force as the newest; false with a fault raised. */
function offer(slot: u32, ptr: usize, size: u32): bool {
  const at = compileConfig(spareArea(), ptr, size);
  if (at == 0) return false;
  const config = changetype<Config>(at);
  install(slot, at);
  defineTagMetrics(config);
  propagationInit(config);
  limitsInit(config);
  if (config.responds) responseInit(limitsTell(config) ? WAITING_SIZE_LIMITS : WAITING_SIZE);
  if (uncounted() != 0) {
    const count = uncounted();
    textReset();
    putSubject(slot);
    putNumber(count);
    putAscii(' counters are not shown: the VM has as many as it can remember');
    logText(LogLevel.Warn);
  }
  return true;
}

/** What is in force now: kept for VMs that start with one they must refuse, and logged. */
function tellInForce(slot: u32): void {
  if (!vmIsStrict()) {
    const config = changetype<Config>(newestConfig(slot));
    const direction = vmDirectionLabel();
    keepGood(slotIdPtr(slot), slotIdSize(slot), direction, config.textPtr, config.textSize);
  }
  if (!logEnabled(LogLevel.Info)) return;
  textReset();
  putSubject(slot);
  putAscii('configuration in force');
  logText(LogLevel.Info);
}

/** Says what is wrong, and finds what serves instead. */
function refuse(slot: u32): void {
  textReset();
  putSubject(slot);
  putAscii('configuration refused at ');
  putFault();
  putAscii(whatServes(slot));
  logText(LogLevel.Error);
  if (vmIsStrict() || newestConfig(slot) != 0) return;
  arenaReset();
  if (!findGood(slotIdPtr(slot), slotIdSize(slot), vmDirectionLabel(), out)) return;
  if (!offer(slot, out.ptr, out.size)) return;
  textReset();
  putSubject(slot);
  putAscii('the last good configuration is in force again');
  logText(LogLevel.Warn);
}

/** What serves while an offer is refused, as far as this VM can know. */
function whatServes(slot: u32): string {
  if (newestConfig(slot) != 0) return '; the one before stays in force';
  // Envoy tries an offer in a VM made for that, which knows nothing of those that serve.
  if (vmIsStrict()) return '; Envoy keeps the one before, and without one requests pass';
  return '; none is in force, requests pass';
}

/** Whom a log line is about: Envoy prints vm_id and root_id before it, alike for all policies. */
function putSubject(slot: u32): void {
  putAscii('tagalong ');
  putBytes(slotIdPtr(slot), slotIdSize(slot));
  putByte(0x20);
  putAscii(vmDirectionLabel());
  putAscii(': ');
}

/** The gauges of this plugin: what is in force, what was refused, and the VM's memory. */
function report(slot: u32, rejected: bool): void {
  const active = stateGauge(slot, 'active');
  if (newestConfig(slot) != 0) record(active, 1);
  else if (!vmIsStrict()) record(active, 0);
  record(stateGauge(slot, 'rejected'), rejected ? 1 : 0);
  record(heapGauge(slot), heapMark());
}

function defineState(slot: u32): void {
  stateGauge(slot, 'active');
  stateGauge(slot, 'rejected');
  heapGauge(slot);
  if (contextErrors != 0) return;
  metricBegin('tagalong_errors_total', slotIdPtr(slot), slotIdSize(slot), vmDirectionLabel());
  putWord('kind', 'context');
  contextErrors = counter();
}

function heapGauge(slot: u32): u32 {
  metricBegin('tagalong_heap_bytes', slotIdPtr(slot), slotIdSize(slot), vmDirectionLabel());
  return gauge();
}

function stateGauge(slot: u32, state: string): u32 {
  metricBegin('tagalong_config', slotIdPtr(slot), slotIdSize(slot), vmDirectionLabel());
  putWord('state', state);
  return gauge();
}

/** Where the next allocation would be: what grows if anything allocates that should not. */
function heapMark(): u64 {
  const mark = heap.alloc(0);
  heap.free(mark);
  return mark;
}

/**
 * The configuration that serves a stream: what its root context was given, else the newest one of
 * the VM's only plugin; 0: the request passes, counted if the VM serves anybody.
 */
export function configOfStream(contextId: u32): usize {
  const serial = noteOfRoot(rootOfStream(contextId));
  if (serial != NO_NOTE) return configOf(groupOfRoot(), serial);
  if (slotsInUse() == 1) return newestConfig(0);
  increment(contextErrors, 1);
  return 0;
}
