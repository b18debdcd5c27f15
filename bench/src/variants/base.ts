// base: what all others are measured against: no filter, the same once more, and a wasm that does
// nothing, which is the least that any wasm can cost.

import initWabt from 'wabt';
import { NO_OP, NONE, NONE_AGAIN } from '../record/record.js';
import { STABLE } from './answers.js';
import { STREAM } from './requests.js';
import type { Variant } from './variant.js';

const TYPE = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';

/** One callback, which lets the request through. Envoy asks for the first three. */
const NO_OP_TEXT = `(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) i32.const 0))`;

/** A module as Envoy's filter; with all capabilities, as one has who sets nothing. */
export function wasmFilter(name: string, module: Uint8Array, configuration = ''): object {
  const value = (text: string) => ({
    '@type': 'type.googleapis.com/google.protobuf.StringValue',
    value: text,
  });
  return {
    name,
    typed_config: {
      '@type': TYPE,
      config: {
        name,
        root_id: name,
        vm_config: {
          vm_id: name,
          runtime: 'envoy.wasm.runtime.v8',
          code: { local: { inline_bytes: Buffer.from(module).toString('base64') } },
        },
        configuration: value(configuration),
      },
    },
  };
}

export async function noOpFilter(): Promise<object> {
  const wabt = await initWabt();
  return wasmFilter('no-op', wabt.parseWat('no-op.wat', NO_OP_TEXT).toBinary({}).buffer);
}

const load = { listener: 'bench', requests: STREAM, expect: STABLE };

const none: Variant = {
  name: NONE,
  title: 'no filter but the router',
  group: 'base',
  listeners: async () => [{ name: 'bench', filters: [] }],
  load,
};

export const BASE: readonly Variant[] = [
  none,
  { ...none, name: NONE_AGAIN, title: 'the same once more: what equals differ by' },
  {
    name: NO_OP,
    title: 'a wasm that does nothing: the floor',
    group: 'base',
    listeners: async () => [{ name: 'bench', filters: [await noOpFilter()] }],
    load,
  },
];
