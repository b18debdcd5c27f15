import { describe, expect, it } from 'vitest';
import { HOST_CALLS, Host, Status } from '../../../envoyfilter/src/host/index.js';
import { load, logged, one } from './load.js';
import { load as at, Guest, word } from './wat.js';

const GET = 'proxy_get_header_map_value';

function getter(name = 'getter'): Guest {
  const g = new Guest(name);
  const get = g.try('get', GET, 0, g.text(':path'), word(0), word(1));
  g.on('proxy_on_configure', g.say('configured'));
  g.on('proxy_on_request_headers', get + get);
  g.on('proxy_on_response_headers', g.try('root', 'set_effective_context', 1) + get);
  return g;
}

describe('host calls', () => {
  it('are counted by the stream they act on', async () => {
    const plugin = await load(new Host(), getter());
    const { stream } = one(plugin);
    expect(Object.fromEntries(stream.calls)).toEqual({
      proxy_get_header_map_value: 2,
      proxy_set_effective_context: 1,
      proxy_log: 2,
    });
    expect(plugin.open().calls.size).toBe(0);
  });

  it('are refused by a fault, which is told call and stream, and does not perform them', async () => {
    const asked: [string, number][] = [];
    const host = new Host({
      fault: (call, id) => {
        asked.push([call, id]);
        return call === 'proxy_send_local_response' ? Status.InternalFailure : undefined;
      },
    });
    const g = new Guest('replies');
    const none = [0, 0, 0, 0, 0, 0] as const;
    g.on('proxy_on_request_headers', g.try('reply', 'send_local_response', 401, ...none, -1));
    const plugin = await load(host, g);
    const { request, stream } = one(plugin);
    expect(request).toMatchObject({ action: 'continue' });
    expect(request.reply).toBeUndefined();
    expect(logged(host, g)).toEqual(['reply=10']);
    expect(asked).toContainEqual(['proxy_send_local_response', stream.id]);
  });

  it('pause where a reply was refused and the guest pauses all the same', async () => {
    const host = new Host({
      fault: (call) => (call === 'proxy_send_local_response' ? 10 : undefined),
    });
    const g = new Guest('replies');
    const reply = g.call('send_local_response', 401, 0, 0, 0, 0, 0, 0, -1);
    g.on('proxy_on_request_headers', `(drop ${reply})`, 1);
    const stream = (await load(host, g)).open();
    expect(stream.requestHeaders([])).toMatchObject({ action: 'pause' });
    expect(stream.later()).toBeUndefined();
  });

  it('have a number each, and 0.1.0 is not among them', () => {
    expect(new Set(HOST_CALLS).size).toBe(HOST_CALLS.length);
    expect(HOST_CALLS).not.toContain('proxy_clear_route_cache');
    expect(HOST_CALLS).toHaveLength(39);
  });

  it('answer Unimplemented for shared queues', async () => {
    const host = new Host();
    const g = new Guest('queues');
    g.on(
      'proxy_on_request_headers',
      g.try('register', 'register_shared_queue', g.text('q'), word(0)),
    );
    one(await load(host, g));
    expect(logged(host, g)).toEqual(['register=12']);
  });

  it('that are not allowed say so in the log, and are not counted', async () => {
    const host = new Host();
    const allowedCapabilities = ['proxy_log', 'proxy_on_request_headers'];
    const g = getter();
    const plugin = await load(host, g, { allowedCapabilities });
    const { stream } = one(plugin);
    expect(host.logs.filter(({ level }) => level === 'error')).toEqual(
      [1, 2].map(() => ({
        level: 'error',
        message: `Attempted call to restricted proxy-wasm capability: ${GET}`,
        vm: 'worker 0',
        plugin: 'getter',
      })),
    );
    expect(logged(host, g)).toEqual(['get=10', 'get=10']);
    expect([...stream.calls.keys()]).toEqual(['proxy_log']);
  });

  it('take random bytes from the host, and log what is UTF-8 as such', async () => {
    const host = new Host({ random: (bytes) => bytes.fill(7) });
    const g = new Guest('random');
    g.on(
      'proxy_on_request_headers',
      `${g.try('random', 'wasi.random_get', word(0), 4)} ${g.note('is', at(word(0)))}
       (drop ${g.call('log', 4, g.text(Buffer.from('random é€\0')))})`,
    );
    one(await load(host, g));
    expect(logged(host, g)).toEqual(['random=0', `is=${0x07070707}`, 'é€\0']);
    expect(host.logs.at(-1)?.level).toBe('error');
  });
});
