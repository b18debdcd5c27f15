// ratelimit-service: Envoy's rate limit service with a Redis of its own, as real processes. They
// listen on sockets in a temp folder, so that no port can be taken, and none is theirs for long.
// Promise: both end when stopped, and with this process however that ends.

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildRateLimitService } from './ratelimit-build.js';
import { SocketProcess } from './socket-process.js';

const REDIS = 'redis-server';

/** What is needed to run it. */
export interface RateLimitProgram {
  readonly path: string;
}

/**
 * Finds or builds what is needed. Where that cannot be had, says so and returns undefined: tests
 * are then skipped.
 * @throws Error in CI, where no test may be skipped
 */
export async function findRateLimitService(
  env = process.env,
): Promise<RateLimitProgram | undefined> {
  const { error, status } = spawnSync(REDIS, ['--version'], { env });
  const built = await buildRateLimitService(env);
  const missing = [
    ...(error || status !== 0 ? [`${REDIS}: not found (Debian: apt-get install ${REDIS})`] : []),
    ...(built.path === undefined ? built.reasons : []),
  ];
  if (missing.length === 0 && built.path !== undefined) return { path: built.path };
  const message = ["Envoy's rate limit service cannot be run here:", ...missing].join('\n  ');
  if (env.CI) throw new Error(message);
  console.warn(`${message}\nTests of limits with "scope: global" are skipped.`);
  return undefined;
}

export class RateLimitService {
  /** Where it takes gRPC calls: a path. */
  readonly socket: string;
  readonly #folder: string;
  readonly #redis: SocketProcess;
  readonly #service: SocketProcess;

  private constructor(
    folder: string,
    socket: string,
    redis: SocketProcess,
    service: SocketProcess,
  ) {
    this.#folder = folder;
    this.socket = socket;
    this.#redis = redis;
    this.#service = service;
  }

  /** Starts it with one configuration file. */
  static async start({ path }: RateLimitProgram, config: string): Promise<RateLimitService> {
    const folder = await mkdtemp(join(tmpdir(), 'tagalong-ratelimit-'));
    const runtime = join(folder, 'runtime');
    const redisSocket = join(folder, 'redis.sock');
    const socket = join(folder, 'grpc.sock');
    const started: SocketProcess[] = [];
    const start = async (command: string[], socket: string, env: Record<string, string> = {}) => {
      const process = new SocketProcess({ command, socket, folder, env });
      started.push(process);
      await process.listening();
      return process;
    };
    try {
      await mkdir(join(runtime, 'tagalong', 'config'), { recursive: true });
      await writeFile(join(runtime, 'tagalong', 'config', 'policy.yaml'), config);
      const memoryOnly = ['--save', '', '--appendonly', 'no'];
      const redisCommand = [REDIS, '--port', '0', '--unixsocket', redisSocket, ...memoryOnly];
      const redis = await start(redisCommand, redisSocket);
      const service = await start([path], socket, {
        RUNTIME_ROOT: runtime,
        RUNTIME_SUBDIRECTORY: 'tagalong',
        REDIS_SOCKET_TYPE: 'unix',
        REDIS_URL: redisSocket,
        GRPC_UDS: socket,
        // It insists on two more listeners, which nobody here asks: the kernel chooses.
        ...{ HOST: '127.0.0.1', PORT: '0', DEBUG_HOST: '127.0.0.1', DEBUG_PORT: '0' },
        ...{ USE_STATSD: 'false', DISABLE_STATS: 'true', LOG_LEVEL: 'warn' },
      });
      return new RateLimitService(folder, socket, redis, service);
    } catch (error) {
      await Promise.all(started.map((process) => process.kill()));
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The cluster by which an Envoy reaches it. */
  cluster(name: string): object {
    const protocol = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
    return {
      name,
      type: 'STATIC',
      connect_timeout: '5s',
      typed_extension_protocol_options: {
        [protocol]: {
          '@type': `type.googleapis.com/${protocol}`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
      load_assignment: {
        cluster_name: name,
        endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: this.socket } } } }] }],
      },
    };
  }

  /** From now on it takes calls, and answers none. */
  hang(): void {
    this.#service.signal('SIGSTOP');
  }

  /** It is gone, as a crash would have it; its Redis stays. */
  kill(): Promise<void> {
    return this.#service.kill();
  }

  async stop(): Promise<void> {
    await this.#service.kill();
    await this.#redis.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
