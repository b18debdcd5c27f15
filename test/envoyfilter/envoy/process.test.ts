import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdminClient, AdminError } from '../../../envoyfilter/src/envoy/admin.js';
import { EnvoyFailed, EnvoyNotFound } from '../../../envoyfilter/src/envoy/errors.js';
import { findEnvoy } from '../../../envoyfilter/src/envoy/find.js';
import { type EnvoyProcess, startEnvoy } from '../../../envoyfilter/src/envoy/process.js';
import { until } from './fakes.js';

const TYPES = 'type.googleapis.com/envoy.extensions';

/** One listener on port 0 that answers 200 `hi` itself and writes an access log. */
const BOOTSTRAP = {
  static_resources: {
    listeners: [
      {
        name: 'in',
        address: { socket_address: { address: '0.0.0.0', port_value: 0 } },
        filter_chains: [
          {
            filters: [
              {
                name: 'http',
                typed_config: {
                  '@type': `${TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
                  stat_prefix: 'in',
                  access_log: [
                    {
                      name: 'file',
                      typed_config: {
                        '@type': `${TYPES}.access_loggers.file.v3.FileAccessLog`,
                        path: '/dev/stdout',
                      },
                    },
                  ],
                  http_filters: [
                    {
                      name: 'router',
                      typed_config: {
                        '@type': `${TYPES}.filters.http.router.v3.Router`,
                      },
                    },
                  ],
                  route_config: {
                    virtual_hosts: [
                      {
                        name: 'all',
                        domains: ['*'],
                        routes: [
                          {
                            match: { prefix: '/' },
                            direct_response: {
                              status: 200,
                              body: { inline_string: 'hi' },
                            },
                          },
                        ],
                      },
                    ],
                  },
                },
              },
            ],
          },
        ],
      },
    ],
  },
};

// Top-level, since it decides whether there are tests at all: without Envoy they are skipped.
const found = await findEnvoy().catch((error: unknown) => {
  if (!(error instanceof EnvoyNotFound)) throw error;
  console.warn(error.message);
});
const path = found?.path ?? '';
const describeReal = describe.skipIf(found === undefined);

async function rejection(promise: Promise<unknown>): Promise<EnvoyFailed> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EnvoyFailed);
  return error as EnvoyFailed;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Dead but not yet collected by its parent, which may be a slow init, is dead enough.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/\) Z /.test(readFileSync(stat, 'utf8'));
}

describeReal('a running Envoy', () => {
  let envoy: EnvoyProcess;

  beforeAll(async () => {
    const args = ['--file-flush-interval-msec', '20'];
    envoy = await startEnvoy({
      path,
      bootstrap: BOOTSTRAP,
      name: 'edge',
      args,
    });
  });
  afterAll(() => envoy.stop());

  it('is ready, and tells the real address of its listener', async () => {
    expect(await envoy.admin.ready()).toBe(true);
    const { host, port } = await envoy.listener('in');
    expect(host).toBe('127.0.0.1');
    const response = await fetch(`http://${host}:${port}/`);
    expect([response.status, await response.text()]).toEqual([200, 'hi']);
  });

  it('says which listeners there are where the wanted one is not', async () => {
    const error = await rejection(envoy.listener('out', 50));
    expect(error.message).toMatch(/^edge has no listener "out"; it has: in\./);
  });

  it('waits for a log line, also of an access log to /dev/stdout', async () => {
    const { host, port } = await envoy.listener('in');
    const after = envoy.logCount;
    await (await fetch(`http://${host}:${port}/looked-for`)).text();
    expect(await envoy.waitForLog(/GET \/looked-for/, { after })).toContain(' 200 ');
    expect(envoy.logs.some((line) => line.includes('/looked-for'))).toBe(true);
  });

  it('gives up on a log line at the deadline', async () => {
    const error = await rejection(envoy.waitForLog(/never/, { timeoutMs: 30 }));
    expect(error.message).toMatch(/^edge: no log line matches \/never\/: 30 ms passed\./);
  });

  it('answers by its admin interface', async () => {
    const { admin } = envoy;
    const stats = await admin.stats('^server\\.(live|concurrency)$');
    expect([...stats].sort()).toEqual([
      ['server.concurrency', 1],
      ['server.live', 1],
    ]);
    const all = await admin.prometheus();
    expect(all.find(({ name }) => name === 'envoy_server_live')?.value).toBe(1);
    const admins = await admin.prometheus('http\\.admin\\.downstream_rq_total');
    expect(admins.map(({ name, labels }) => [name, labels])).toEqual([
      ['envoy_http_downstream_rq_total', { envoy_http_conn_manager_prefix: 'admin' }],
    ]);
    const dump = await admin.configDump('?resource=static_listeners');
    expect(JSON.stringify(dump)).toContain('"name":"in"');
    expect((await admin.memory()).allocated).toBeGreaterThan(1e6);
    expect(await admin.post('/logging?wasm=debug')).toContain('wasm: debug');
    expect(await new AdminClient(admin.url).state()).toBe('LIVE');
  });

  it('says status and question where the admin interface refuses', async () => {
    const error = await envoy.admin.get('/nothing').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AdminError);
    expect((error as AdminError).status).toBe(404);
    expect((error as AdminError).message).toContain(`GET ${envoy.admin.url}/nothing: 404 `);
  });

  it('got a node of its name, and workers as asked', async () => {
    const info = JSON.parse(await envoy.admin.get('/server_info'));
    expect([info.node.id, info.command_line_options.concurrency]).toEqual(['edge', 1]);
  });
});

describeReal('stop', () => {
  it('ends the process and removes its folder, any number of times', async () => {
    const envoy = await startEnvoy({ path, bootstrap: {} });
    expect(existsSync(join(envoy.dir, 'bootstrap.json'))).toBe(true);
    const waiting = rejection(envoy.waitForLog(/never/));
    await Promise.all([envoy.stop(), envoy.stop()]);
    await envoy.stop();
    expect(await envoy.exited).toEqual({ code: 0, signal: null });
    expect((await waiting).message).toContain('it has ended');
    expect(isAlive(envoy.pid)).toBe(false);
    expect(existsSync(envoy.dir)).toBe(false);
    const error = await envoy.admin.ready(500).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AdminError);
  });

  it('kills what does not listen to SIGTERM', async () => {
    const envoy = await startEnvoy({ path, bootstrap: {}, stopTimeoutMs: 50 });
    process.kill(envoy.pid, 'SIGSTOP');
    await envoy.stop();
    expect(await envoy.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('comes by the signal, too', async () => {
    const controller = new AbortController();
    const envoy = await startEnvoy({
      path,
      bootstrap: {},
      signal: controller.signal,
    });
    controller.abort();
    await envoy.exited;
    await until('its folder is removed', () => !existsSync(envoy.dir));
  });

  it('tidies up after an Envoy that was killed', async () => {
    const envoy = await startEnvoy({ path, bootstrap: {} });
    process.kill(envoy.pid, 'SIGKILL');
    expect(await envoy.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await envoy.stop();
    expect(existsSync(envoy.dir)).toBe(false);
  });
});

describeReal('a start that fails', () => {
  const bad = {
    static_resources: { listeners: [{ name: 'x', no_such_field: 1 }] },
  };

  it('throws with the last log lines where Envoy ends early', async () => {
    const error = await rejection(startEnvoy({ path, bootstrap: bad, name: 'typo' }));
    expect(error.code).toBe('ENVOY_FAILED');
    expect(error.message).toMatch(/^typo ended with code 1 before it was ready\./);
    expect(error.message).toContain('no_such_field');
    expect(error.exit).toEqual({ code: 1, signal: null });
    const file = /\S+bootstrap\.json/.exec(error.logs.join('\n'))?.[0];
    expect(file && existsSync(dirname(file))).toBe(false);
  });

  it('is the result where it was expected', async () => {
    const envoy = await startEnvoy({
      path,
      bootstrap: bad,
      expectFailure: true,
    });
    expect(await envoy.exited).toEqual({ code: 1, signal: null });
    expect(envoy.logs.join('\n')).toContain('no_such_field');
    await envoy.stop();
    expect(existsSync(envoy.dir)).toBe(false);
  });

  it('fails where a failure was expected and none came', async () => {
    const error = await rejection(startEnvoy({ path, bootstrap: {}, expectFailure: true }));
    expect(error.message).toContain('became ready, and was expected to fail');
  });

  it('says the state where it is not ready in time', async () => {
    // A cluster whose endpoints never come holds the initialisation up.
    const bootstrap = {
      static_resources: {
        clusters: [
          {
            name: 'xds',
            type: 'STATIC',
            typed_extension_protocol_options: {
              'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
                '@type': `${TYPES}.upstreams.http.v3.HttpProtocolOptions`,
                explicit_http_config: { http2_protocol_options: {} },
              },
            },
            load_assignment: { cluster_name: 'xds' },
          },
        ],
      },
      dynamic_resources: {
        cds_config: {
          resource_api_version: 'V3',
          initial_fetch_timeout: '0s',
          api_config_source: {
            api_type: 'GRPC',
            transport_api_version: 'V3',
            grpc_services: [{ envoy_grpc: { cluster_name: 'xds' } }],
          },
        },
      },
    };
    const error = await rejection(startEnvoy({ path, bootstrap, readyTimeoutMs: 700 }));
    expect(error.message).toMatch(/was not ready within 700 ms: (PRE_)?INITIALIZING\./);
    expect(error.exit).toBeUndefined();
  });

  it('names a path that cannot be run', async () => {
    const error = await rejection(startEnvoy({ path: '/nowhere/envoy', bootstrap: {} }));
    expect(error.message).toMatch(/^envoy: \/nowhere\/envoy cannot be run: .*ENOENT/);
  });

  it('throws the reason of a signal that came while it started', async () => {
    const controller = new AbortController();
    const started = startEnvoy({
      path,
      bootstrap: {},
      signal: controller.signal,
    });
    controller.abort(new Error('not now'));
    await expect(started).rejects.toThrow('not now');
  });
});

describeReal('the end of the parent', () => {
  const orphan = fileURLToPath(new URL('orphan.ts', import.meta.url));

  async function start(how: string) {
    const parent = spawn(process.execPath, ['--import', 'tsx', orphan, path, how], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = await once(createInterface(parent.stdout), 'line');
    return { parent, ...(JSON.parse(line) as { pid: number; dir: string }) };
  }

  it.each(['exit', 'throw'])('by %s takes Envoy and its folder along', async (how) => {
    const { parent, pid, dir } = await start(how);
    if (parent.exitCode === null) await once(parent, 'exit');
    await until('Envoy is gone', () => !isAlive(pid));
    await until('its folder is gone', () => !existsSync(dir));
  });

  it.each(['SIGKILL', 'SIGINT', 'SIGTERM'] as const)('by %s does, too', async (signal) => {
    const { parent, pid, dir } = await start('wait');
    expect(isAlive(pid)).toBe(true);
    parent.kill(signal);
    await until('Envoy is gone', () => !isAlive(pid));
    await until('its folder is gone', () => !existsSync(dir));
  });

  it('takes the folder of an Envoy that had died before', async () => {
    const { parent, pid, dir } = await start('wait');
    process.kill(pid, 'SIGKILL');
    await until('Envoy is gone', () => !isAlive(pid));
    writeFileSync(join(dir, 'more'), '');
    parent.kill('SIGKILL');
    await until('its folder is gone', () => !existsSync(dir));
  });
});
