import { describe, expect, it } from 'vitest';
import { HeaderMap, Host, ManualClock, type Stream } from '../../../envoyfilter/src/host/index.js';
import { load, logged, one } from './load.js';
import { Guest, word } from './wat.js';

const ALL = ['request_headers', 'response_headers', 'log', 'done', 'delete'];

/** Says which of its callbacks runs; `create` for those of streams. */
function talking(bodies: Readonly<Record<string, (g: Guest) => string>> = {}, answer = 0): Guest {
  const g = new Guest('talks');
  g.on('proxy_on_context_create', `(if (local.get $1) (then ${g.say('create')}))`);
  for (const name of ALL) {
    const result = name === 'request_headers' ? answer : undefined;
    g.on(`proxy_on_${name}`, g.say(name) + (bodies[name]?.(g) ?? ''), result);
  }
  return g;
}

async function opened(g: Guest, host = new Host()): Promise<{ host: Host; stream: Stream }> {
  return { host, stream: (await load(host, g)).open() };
}

const replies = (status: number) => (g: Guest) =>
  `(drop ${g.call('send_local_response', status, 0, 0, g.text('body'), 0, 0, -1)})`;

describe('a stream', () => {
  it('is known to the guest from its request on, and gone when it is done', async () => {
    const g = talking();
    const { host, stream } = await opened(g);
    expect(logged(host, g)).toEqual([]);
    stream.requestHeaders([]);
    stream.responseHeaders([]);
    stream.done();
    stream.done();
    expect(logged(host, g)).toEqual(['create', ...ALL]);
  });

  it('without a request has no say in the response, and is logged all the same', async () => {
    const g = talking();
    const { host, stream } = await opened(g);
    const response = stream.responseHeaders([[':status', '400']]);
    expect(response).toMatchObject({ action: 'continue' });
    expect(logged(host, g)).toEqual([]);
    stream.done();
    expect(logged(host, g)).toEqual(['create', 'log', 'done', 'delete']);
  });

  it('passes where the guest has no callback', async () => {
    const plugin = await load(new Host(), new Guest('silent'));
    expect(one(plugin)).toMatchObject({
      request: { action: 'continue' },
      response: { action: 'continue' },
    });
  });

  it('takes a map as it is, and pairs as they come', async () => {
    const plugin = await load(new Host(), new Guest('silent'));
    const map = HeaderMap.fromRequest([['X', '1']]);
    expect(plugin.open().requestHeaders(map).headers).toBe(map);
    const { headers } = plugin.open().requestHeaders(new Map([['X', '€']]));
    expect(headers.toPairs()).toEqual([['x', '\xe2\x82\xac']]);
  });

  it('counts the writes to its request', async () => {
    const write = (g: Guest) =>
      `(drop ${g.call('add_header_map_value', 0, g.text('a'), g.text('b'))})
       (drop ${g.call('remove_header_map_value', 0, g.text('none'))})
       (drop ${g.call('add_header_map_value', 2, g.text('a'), g.text('b'))})`;
    const plugin = await load(
      new Host(),
      talking({ request_headers: write, response_headers: write }),
    );
    expect(one(plugin).stream.routeCleared).toBe(2);
  });

  it('gets its reply after the response callback has seen it', async () => {
    const g = talking({
      request_headers: replies(401),
      response_headers: (g) =>
        `(drop ${g.call('replace_header_map_value', 2, g.text(':status'), g.text('403'))})`,
    });
    const { host, stream } = await opened(g);
    const { action, reply, failed } = stream.requestHeaders([]);
    expect({ action, failed }).toEqual({ action: 'pause', failed: undefined });
    expect(reply).toMatchObject({ status: 403, body: 'body', details: '', grpcStatus: undefined });
    expect(reply!.headers.get(':status')).toBe('403');
    stream.done();
    expect(logged(host, g)).toEqual(['create', ...ALL]);
  });

  it('keeps the details of its reply, with white space as underscores', async () => {
    const none = '(i32.const 0) (i32.const 0)';
    const reply = (g: Guest) =>
      `(drop ${g.call('send_local_response', 401, g.text('a b\tc\r\nd\x1fe'), none, none, 3)})`;
    const { stream } = await opened(talking({ request_headers: reply }));
    const outcome = stream.requestHeaders([]);
    expect(outcome.reply?.details).toBe('a_b_c__d\x1fe');
  });

  it('may be answered from the response callback, and then by nobody else', async () => {
    const g = talking({ response_headers: replies(410) });
    const { host, stream } = await opened(g);
    expect(stream.requestHeaders([]).reply).toBeUndefined();
    const { reply, action } = stream.responseHeaders([[':status', '200']]);
    expect(action).toBe('pause');
    expect(reply).toMatchObject({ status: 410, body: 'body' });
    expect(logged(host, g)).toEqual(['create', 'request_headers', 'response_headers']);
  });

  it('that is paused may be continued, answered or closed later', async () => {
    const acts: [string, (g: Guest) => string, object][] = [
      ['continued', (g) => g.call('continue_stream', 0), { action: 'continue' }],
      [
        'answered',
        (g) => g.call('send_local_response', 418, 0, 0, 0, 0, 0, 0, -1),
        { action: 'pause', reply: { status: 418 } },
      ],
      ['closed', (g) => g.call('close_stream', 1), { action: 'pause', reset: true }],
    ];
    for (const [name, act, outcome] of acts) {
      const host = new Host({ clock: new ManualClock() });
      const g = talking({}, 1);
      g.on('proxy_on_configure', `(drop ${g.call('set_tick_period_milliseconds', 10)})`);
      g.on('proxy_on_tick', `(drop ${g.call('set_effective_context', 2)}) (drop ${act(g)})`);
      const { stream } = await opened(g, host);
      const paused = stream.requestHeaders([['x', '1']]);
      expect(paused, name).toEqual({ action: 'pause', headers: paused.headers });
      expect(stream.later(), name).toBeUndefined();
      host.advance(10);
      const later = stream.later();
      expect(later, name).toMatchObject(outcome);
      expect(later!.headers, name).toBe(paused.headers);
      expect(stream.later(), name).toBeUndefined();
    }
  });

  it('that is under way when its VM fails is answered 503, whatever the policy', async () => {
    const host = new Host();
    const trap = (g: Guest) =>
      `(if (i32.eqz ${g.call('get_header_map_value', 0, g.text('x-trap'), word(0), word(1))})
        (then unreachable))`;
    const g = talking({ request_headers: trap });
    const plugin = await load(host, g, { failurePolicy: 'open' });
    const [before, victim] = [plugin.open(), plugin.open()];
    expect(before.requestHeaders([]).failed).toBeUndefined();
    expect(victim.requestHeaders([['x-trap', '']]).reply?.status).toBe(503);
    const response = before.responseHeaders([[':status', '200']]);
    expect(response).toMatchObject({ action: 'pause', failed: 'closed', reply: { status: 503 } });
    // And after that the answer is left alone.
    expect(before.responseHeaders([]).failed).toBeUndefined();
    for (const stream of [before, victim]) stream.done();
    expect(logged(host, g)).toEqual(['create', 'request_headers', 'create', 'request_headers']);
    expect(plugin.open().requestHeaders([])).toMatchObject({ action: 'continue', failed: 'open' });
  });

  it('that is closed is reset, and logged', async () => {
    const g = talking({ request_headers: (g) => `(drop ${g.call('close_stream', 0)})` });
    const { host, stream } = await opened(g);
    expect(stream.requestHeaders([])).toMatchObject({ action: 'pause', reset: true });
    stream.done();
    expect(logged(host, g)).toEqual(['create', 'request_headers', 'log', 'done', 'delete']);
  });

  it('shows its headers to the log as they were at the end', async () => {
    const g = talking({
      response_headers: (g) =>
        `(drop ${g.call('add_header_map_value', 2, g.text('x-end'), g.text('1'))})`,
      log: (g) => g.header('path', 0, ':path') + g.header('end', 2, 'x-end'),
    });
    const host = new Host();
    one(await load(host, g));
    expect(logged(host, g).slice(4, 6)).toEqual(['path=/', 'end=1']);
  });

  it('leaves nothing behind: ten thousand streams, and no context', async () => {
    const plugin = await load(new Host({ logLevel: 'error' }), talking());
    let last = 0;
    for (let i = 0; i < 10_000; i += 1) last = one(plugin).stream.id;
    const [, vm] = plugin.vms;
    expect(last).toBe(10_001);
    const left = Array.from({ length: last + 1 }, (_, id) => vm!.contextById(id));
    expect(left.filter((context) => context !== undefined).map(({ id }) => id)).toEqual([1]);
  });
});
