// metadata: how a call of gRPC is given what it carries on.

import type { Headed } from './context.js';
import { type Fields, fill } from './outgoing.js';

/** What is used of grpc-js's. */
export interface Metadata {
  clone(): Metadata;
  get(name: string): unknown[];
  set(name: string, value: string | Buffer): void;
}

/** A copy with what a context carries on, if the authority is in the mesh; else the given one. */
export function filledMetadata<M extends Metadata>(
  context: Headed,
  authority: string,
  metadata: M,
): M {
  try {
    const copy = metadata.clone() as M;
    fill(context, authority, copy, METADATA);
    return copy;
  } catch {
    return metadata;
  }
}

const METADATA: Fields<Metadata> = {
  has: (metadata, name) => metadata.get(name).length > 0,
  set(metadata, name, value) {
    try {
      // In HTTP a value of a binary name is base64; in metadata it is the bytes.
      metadata.set(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value);
    } catch {
      // gRPC takes printable ASCII only.
    }
  },
};
