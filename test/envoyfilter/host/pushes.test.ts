// Pushes of configurations by config discovery: which VMs are asked, which contexts come and go.
// The same on this host and in Envoy, where the order between threads is nobody's promise.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EnvoyProcess, findEnvoy, startEnvoy } from '../../../envoyfilter/src/envoy/index.js';
import { Host, type Plugin } from '../../../envoyfilter/src/host/index.js';
import { bootstrap, route } from '../../harness/bootstrap.js';
import { type Answer, send } from '../../harness/client.js';
import { DiscoveryFolder, until } from '../../harness/ecds.js';
import { VM_CONFIGURATION } from './probe.js';
import { discovered, guestLines, WASM, wasmFilter } from './probe-envoy.js';
import { Guest, i32, load, word } from './wat.js';

const NAME = 'pushed';
/** A configuration that begins with this is refused. */
const BAD = 'b'.charCodeAt(0);
/** How long the upstream takes where it is asked to. */
const SLOW_MS = 600;

function guest(): Guest {
  const g = new Guest(NAME);
  const id = (label: string) => g.note(label, '(local.get $0)');
  g.on('proxy_on_context_create', `(if (i32.eqz (local.get $1)) (then ${id('create')}))`);
  g.on('proxy_on_vm_start', id('start'));
  g.on(
    'proxy_on_configure',
    `(drop ${g.call('get_buffer_bytes', 7, 0, 100, word(0), word(1))})
     ${id('configure')} ${g.noteBytes('with')}`,
    `(i32.ne (i32.load8_u ${load(word(0))}) ${i32(BAD)})`,
  );
  g.on('proxy_on_request_headers', id('request'));
  g.on('proxy_on_done', id('done'));
  g.on('proxy_on_delete', id('delete'));
  return g;
}

/** What a VM logs where a root is made, and where it ends. */
const made = (id: number, configuration: string) => [
  `create=${id}`,
  `start=${id}`,
  `configure=${id}`,
  `with=${configuration}`,
];
const ended = (id: number) => [`done=${id}`, `delete=${id}`];

interface Step {
  readonly name: string;
  readonly push?: string;
  readonly lines: readonly string[];
}

// Canary, main, worker 0: each a VM that counts its own contexts; a stream takes a number too.
const steps: readonly Step[] = [
  { name: 'a bad one, first', push: 'bad', lines: made(1, 'bad') },
  { name: 'a good one', push: 'one', lines: [1, 1, 1].flatMap((id) => made(id, 'one')) },
  { name: 'a request', lines: ['request=2', ...ended(2)] },
  {
    name: 'another good one',
    push: 'two',
    lines: [...made(1, 'two'), ...made(2, 'two'), ...made(3, 'two'), ...ended(1), ...ended(1)],
  },
  { name: 'a bad one: the canary alone is asked', push: 'bad', lines: made(1, 'bad') },
  { name: 'a request that the one before serves', lines: ['request=4', ...ended(4)] },
  {
    name: 'a good one again: its canary is not asked again',
    push: 'one',
    lines: [...made(3, 'one'), ...made(5, 'one'), ...ended(2), ...ended(3)],
  },
  {
    name: 'another one while a request is on its way: the root waits for it',
    push: 'two',
    lines: ['request=6', ...made(4, 'two'), ...made(7, 'two'), ...ended(3)],
  },
  { name: 'the end of that request', lines: [...ended(6), ...ended(5)] },
];

const SLOW_AT = 7;

interface Runner {
  push(configuration: string): Promise<void>;
  request(path: string): Promise<number>;
  /** Lines since the last time, once there are so many. */
  lines(count: number): Promise<string[]>;
  stop(): Promise<void>;
}

class OnHost implements Runner {
  readonly #host = new Host();
  #plugin: Plugin | undefined;
  #seen = 0;

  async push(configuration: string): Promise<void> {
    const code = await guest().assemble();
    const names = { name: NAME, rootId: NAME, vmId: NAME, vmConfiguration: VM_CONFIGURATION };
    if (this.#plugin !== undefined) this.#plugin.configure(configuration);
    else this.#plugin = this.#host.load({ ...names, configuration, code });
  }

  async request(path: string): Promise<number> {
    const stream = this.#plugin!.open();
    const { action, reply } = stream.requestHeaders([[':path', path]]);
    if (path === '/slow') await delay(SLOW_MS);
    stream.done();
    return reply?.status ?? (action === 'continue' ? 200 : 0);
  }

  async lines(): Promise<string[]> {
    const lines = this.#host.logs.map(({ message }) => message.slice(NAME.length + 1));
    const from = this.#seen;
    this.#seen = lines.length;
    return lines.slice(from);
  }

  async stop(): Promise<void> {}
}

class InEnvoy implements Runner {
  readonly #envoy: EnvoyProcess;
  readonly #discovery: DiscoveryFolder;
  readonly #upstream: Server;
  readonly #directory: string;
  #seen = 0;

  constructor(envoy: EnvoyProcess, discovery: DiscoveryFolder, upstream: Server, dir: string) {
    this.#envoy = envoy;
    this.#discovery = discovery;
    this.#upstream = upstream;
    this.#directory = dir;
  }

  static async start(first: string): Promise<InEnvoy> {
    const directory = await mkdtemp(join(tmpdir(), 'tagalong-pushes-'));
    await writeFile(join(directory, NAME), await guest().assemble());
    const discovery = await DiscoveryFolder.make();
    const upstream = createServer((request, response) => {
      setTimeout(() => response.end('up'), request.url === '/slow' ? SLOW_MS : 0);
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    await discovery.push(NAME, [InEnvoy.#filter(directory, first)]);
    const source = { config_source: discovery.source(NAME), type_urls: [WASM] };
    const filters = [{ name: NAME, config_discovery: source }];
    const cluster = { name: 'up', port: (upstream.address() as AddressInfo).port };
    const envoy = await startEnvoy({
      path: (await findEnvoy({ version: '1.40.0' })).path,
      bootstrap: bootstrap([{ name: NAME, filters, routes: [route('up')] }], [cluster]),
      componentLogLevel: 'wasm:info',
    });
    return new InEnvoy(envoy, discovery, upstream, directory);
  }

  static #filter(directory: string, configuration: string): object {
    return discovered(wasmFilter({ guest: guest() }, join(directory, NAME), configuration));
  }

  push(configuration: string): Promise<void> {
    return this.#discovery.push(NAME, [InEnvoy.#filter(this.#directory, configuration)]);
  }

  async request(path: string): Promise<number> {
    const { port } = await this.#envoy.listener(NAME);
    return send({ port, path }).then(({ status }: Answer) => status);
  }

  async lines(count: number): Promise<string[]> {
    const all = () => guestLines(this.#envoy.logs).map((line) => line.slice(NAME.length + 1));
    await until(`${count} lines`, async () => all().length >= this.#seen + count);
    // And no more of them.
    await delay(50);
    const from = this.#seen;
    this.#seen = all().length;
    return all().slice(from);
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await this.#discovery.remove();
    await rm(this.#directory, { recursive: true, force: true });
    await new Promise((resolve) => this.#upstream.close(resolve));
  }
}

describe.each([
  ['this host', async () => new OnHost()],
  ['Envoy', () => InEnvoy.start('bad')],
] as const)('a push in %s', (where, start) => {
  let runner: Runner;
  let slow: Promise<number> | undefined;

  beforeAll(async () => {
    runner = await start();
  });
  afterAll(() => runner?.stop());

  it.each(
    steps.map((step, index) => [step.name, step, index] as const),
  )('%s', async (_name, step, index) => {
    if (index === SLOW_AT) {
      slow = runner.request('/slow');
      await delay(100);
    }
    // Envoy was started with the first.
    if (step.push !== undefined && (index > 0 || where === 'this host'))
      await runner.push(step.push);
    if (index === SLOW_AT + 1) expect(await slow).toBe(200);
    else if (step.push === undefined) expect(await runner.request('/')).toBe(200);
    expect((await runner.lines(step.lines.length)).sort()).toEqual([...step.lines].sort());
    if (index === 0) expect(await runner.request('/')).toBe(500);
  });
});
