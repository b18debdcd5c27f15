// REFUSED_STREAM and GOAWAY prove that a call was not processed, where the client says which streams
// they are about; nothing else does. Against live HTTP/2 servers, without an idempotency key.

import { beforeAll, describe, expect, it } from 'vitest';
import { nodes, runApp, type Told } from './apps.js';

const TIMEOUT_MS = 60_000;
const again = { answer: 'ok', processed: 2 };
const maybe = { code: 'TAGALONG_MAYBE_PROCESSED', sent: 'maybe' };

const copies = nodes.flatMap((node) =>
  ['undici', ...(node.major >= 22 ? ['undici8'] : [])].map(
    (copy) => [node.version, copy, node] as const,
  ),
);

describe.each(copies)('on Node %s with %s', (_, copy, node) => {
  let found: Record<'undici' | 'grpc' | 'keyed', Record<string, Told>>;
  beforeAll(async () => {
    found = await runApp(node, 'h2.mjs', [copy]);
  }, TIMEOUT_MS);

  it('undici: repeats what was refused, and nothing that may have been taken', () => {
    expect(found.undici).toEqual({
      refused: again,
      // undici 7 does not say which streams a GOAWAY has left out: in doubt it is not repeated.
      'goaway above': copy === 'undici' ? { ...maybe, processed: 1 } : again,
      'goaway taken': { ...maybe, processed: 2 },
      cancel: { ...maybe, processed: 2 },
      internal: { ...maybe, processed: 2 },
      destroy: { ...maybe, processed: 2 },
    });
  });

  it('grpc-js: repeats a call with a key whose answer came without its status', () => {
    expect(found.keyed).toEqual({ answer: 'ok', processed: 3 });
  });

  it('grpc-js: repeats what was refused, and nothing that may have been taken', () => {
    const dropped = { status: 14, ...maybe, processed: 2 };
    expect(found.grpc).toEqual({
      refused: again,
      'goaway above': again,
      'goaway taken': dropped,
      cancel: { status: 1, processed: 2 },
      internal: dropped,
      destroy: dropped,
    });
  });
});
