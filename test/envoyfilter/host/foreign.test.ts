import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { foreignFunctions } from '../../../envoyfilter/src/host/foreign.js';
import { Host, Status } from '../../../envoyfilter/src/host/index.js';
import { load, one } from './load.js';
import { load as at, Guest, SCRATCH, word } from './wat.js';

const nobody = { id: 0, clearRouteCache: () => {} };

describe('foreign functions', () => {
  it('are those of Envoy; what is known and not here answers Unimplemented', () => {
    const all = foreignFunctions();
    expect([...all.keys()].sort()).toEqual([
      'clear_route_cache',
      'compress',
      'declare_property',
      'expr_create',
      'expr_delete',
      'expr_evaluate',
      'set_envoy_filter_state',
      'sign',
      'uncompress',
      'verify_signature',
    ]);
    expect(all.get('sign')!(Buffer.of(), nobody)).toEqual({ status: Status.Unimplemented });
  });

  it('compress and uncompress as zlib does', () => {
    const all = foreignFunctions();
    const text = Buffer.from('a'.repeat(100));
    const { result } = all.get('compress')!(text, nobody);
    expect(all.get('uncompress')!(result!, nobody).result).toEqual(text);
    expect(all.get('uncompress')!(deflateSync(text), nobody).status).toBe(Status.Ok);
    expect(all.get('uncompress')!(text, nobody)).toEqual({ status: Status.SerializationFailure });
  });

  it("are joined by the embedder's own, which see argument and stream", async () => {
    const seen: [number, string][] = [];
    const host = new Host({
      foreign: {
        double: (argument, { id }) => {
          seen.push([id, Buffer.from(argument).toString()]);
          return { status: Status.Ok, result: Buffer.concat([argument, argument]) };
        },
        compress: () => ({ status: Status.Empty }),
      },
    });
    const g = new Guest('foreign');
    const call = (name: string) =>
      g.try(name, 'call_foreign_function', g.text(name), g.text('ab'), SCRATCH, SCRATCH + 4);
    g.on(
      'proxy_on_request_headers',
      `${call('double')} (i64.store (i32.const 0) (i64.load (i32.const ${SCRATCH})))
       ${g.noteBytes('is')} ${call('compress')} ${g.note('size', at(SCRATCH + 4))}
       (drop ${g.call('call_foreign_function', g.text('clear_route_cache'), 0, 0, word(0), 0)})`,
    );
    const plugin = await load(host, g);
    const stream = one(plugin).stream;
    expect(host.logs.map(({ message }) => message)).toEqual([
      'foreign double=0',
      'foreign is=abab',
      'foreign compress=7',
      'foreign size=0',
    ]);
    expect(seen).toEqual([[stream.id, 'ab']]);
    expect(stream.routeCleared).toBe(1);
  });

  it('answer InvalidMemoryAccess where the guest has no memory for a result that it wants', async () => {
    const host = new Host();
    const g = new Guest('full', { allocate: '(i32.const 0)' });
    const call = (label: string, resultPtr: number) =>
      g.try(label, 'call_foreign_function', g.text('compress'), g.text('a'), resultPtr, SCRATCH);
    g.on('proxy_on_request_headers', call('wanted', SCRATCH + 4) + call('unwanted', 0));
    one(await load(host, g));
    expect(host.logs.map(({ message }) => message)).toEqual(['full wanted=6', 'full unwanted=0']);
  });
});
