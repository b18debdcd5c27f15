// agent: agents of node:http and node:https whose connections wait for the sidecar and fall to the
// next hop where one cannot be established. Once it stands, nothing is repeated.
// The hop is in the pool's key: what went direct once does not stay there when the sidecar is back.

import type { Agent, AgentOptions, ClientRequest } from 'node:http';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { TagalongError } from '../core/errors.js';
import { settings } from '../options/settings.js';
import { hold } from '../sidecar/hold.js';
import { life } from '../sidecar/life.js';
import { atOnce } from '../sidecar/passing.js';
import { connectWay, established } from './connector.js';
import { Course, type Step } from './course.js';
import { type CallOptions, type Policy, policyOf } from './options.js';
import { type Target, type Way, waitsForSidecar, waysOf } from './way.js';

/** What the agents take beside the options of node:http's. */
export type ConnectOptions = Pick<CallOptions, 'routes' | 'deadlineMs' | 'breaker'>;

/** On the options of a request: the way it goes, and how it came to it. */
const WAY = Symbol('tagalong way');
const COURSE = Symbol('tagalong course');
/** The connection that was made for it. */
const SOCKET = Symbol('tagalong socket');

interface Options extends Record<string, unknown> {
  readonly host?: string;
  readonly port?: number | string;
  readonly timeout?: number;
  readonly socketPath?: string;
  readonly [WAY]?: Way;
  readonly [COURSE]?: Journey;
  readonly [SOCKET]?: Socket;
}

interface Journey {
  readonly course: Course;
  readonly target: Target;
  /** A connection was begun by it. */
  used: boolean;
}

/** What a socket tells when it stands. */
const CONNECTED = ['lookup', 'connect', 'ready', 'secureConnect'] as const;

type Created = (error: Error | null, socket?: Socket) => void;

/** What is used of an agent beside its public face; the same on Node 20 to 26. */
interface Inner {
  totalSocketCount: number;
  readonly sockets: Record<string, Socket[]>;
  readonly requests: Record<string, ClientRequest[]>;
  readonly keepAlive: boolean;
  readonly keepAliveMsecs: number;
  readonly maxSockets: number;
  addRequest(req: ClientRequest, options: Options | string, ...legacy: unknown[]): void;
  createSocket(req: ClientRequest, options: Options, created: Created): void;
  createConnection(options: object, created?: Created): Socket;
  removeSocket(socket: Socket, options: Options): void;
  getName(options: Options): string;
  keepSocketAlive(socket: Socket): boolean;
}

type AgentClass = new (options?: AgentOptions) => Inner;

/** An agent's class with hops; `secure`: of https. */
export function routed<T extends typeof Agent>(Base: T, secure: boolean): unknown {
  class Routed extends (Base as unknown as AgentClass) {
    readonly #policy: Policy;

    constructor(options: AgentOptions & ConnectOptions = {}) {
      const { routes, deadlineMs, breaker, ...rest } = options;
      super(rest);
      this.#policy = policyOf({
        ...(routes === undefined ? {} : { routes }),
        ...(deadlineMs === undefined ? {} : { deadlineMs }),
        ...(breaker === undefined ? {} : { breaker }),
        retry: false,
      });
    }

    override addRequest(req: ClientRequest, given: Options | string, ...legacy: unknown[]): void {
      // A Unix socket of the caller's own is no authority.
      if (typeof given === 'string' || given.socketPath || !settings().enabled) {
        super.addRequest(req, given, ...legacy);
        return;
      }
      const journey = this.#journey(given);
      const step = journey.course.begin(performance.now());
      if (step.kind !== 'go') {
        fail(req, step);
        return;
      }
      super.addRequest(req, { ...given, [WAY]: step.way, [COURSE]: journey });
    }

    override createSocket(req: ClientRequest, options: Options, created: Created): void {
      const way = options[WAY];
      if (way === undefined) {
        super.createSocket(req, options, created);
        return;
      }
      let journey = options[COURSE]!;
      // A request that has waited in a queue is handed the options of who was there before it, with
      // the socket that has ended.
      if (journey.used) {
        journey = this.#journey(options);
        const step = journey.course.begin(performance.now());
        if (step.kind !== 'go' || step.way.key !== way.key) {
          this.#unqueue(req, options);
          if (step.kind !== 'go') {
            fail(req, step);
            return;
          }
          super.addRequest(req, { ...options, [WAY]: step.way, [COURSE]: journey });
          return;
        }
      }
      journey.used = true;
      const { [SOCKET]: _ended, ...rest } = options;
      this.#connect(req, { ...rest, [COURSE]: journey }, journey, way, created);
    }

    override createConnection(options: Options, created?: Created): Socket {
      return options[SOCKET] ?? super.createConnection(options, created);
    }

    override getName(options: Options): string {
      const way = options?.[WAY];
      return way === undefined ? super.getName(options) : `${super.getName(options)}:${way.key}`;
    }

    override keepSocketAlive(socket: Socket): boolean {
      return life().state !== 'draining' && super.keepSocketAlive(socket);
    }

    #journey(options: Options): Journey {
      const host = String(options.host ?? 'localhost').replace(/^\[|\]$/g, '');
      const usual = secure ? 443 : 80;
      const port = Number(options.port ?? usual);
      const shown = host.includes(':') ? `[${host}]` : host;
      const authority = port === usual ? shown : `${shown}:${port}`;
      const target = { authority, host, port, secure };
      const policy = this.#policy;
      const course = new Course(
        {
          policy,
          target,
          ways: waysOf(policy.router.hops(authority, usual), target),
          idempotent: () => false,
          replayable: () => true,
          draining: () => life().state === 'draining',
          random: Math.random,
        },
        performance.now(),
      );
      return { course, target, used: false };
    }

    #connect(
      req: ClientRequest,
      options: Options,
      { course, target }: Journey,
      way: Way,
      created: Created,
    ): void {
      // Counted among the sockets while it is not there, so that maxSockets holds.
      const place = this.#reserve(options);
      const open = (done: Created): (() => void) => {
        if (!waitsForSidecar(way, target)) return this.#open(options, way, target, done);
        let stop = hold(target.authority, () => {
          stop = this.#open(options, way, target, done);
        });
        stop ??= this.#open(options, way, target, done);
        return () => stop?.();
      };
      const settled = (error: Error | null, socket?: Socket) => {
        if (!end()) return;
        if (error === null) {
          course.started();
          this.#release(place, options);
          for (const event of CONNECTED) place.emit(event);
          place.setTimeout(0);
          super.createSocket(req, { ...options, [SOCKET]: socket! }, created);
          return;
        }
        const step = course.ended({ kind: 'unconnected', error }, performance.now());
        this.#unqueue(req, options);
        this.#giveUp(place, options);
        if (step.kind === 'go') {
          super.addRequest(req, {
            ...options,
            [WAY]: step.way,
            [COURSE]: { course, target, used: false },
          });
          return;
        }
        const own = (error as { code?: string }).code === 'TAGALONG_DIRECT_CAPTURED';
        fail(req, own ? { kind: 'fail', error: error as TagalongError } : step);
      };
      // What the caller does meanwhile; without a socket nobody would tell it.
      const watch = watched(req, options.timeout, (reason) => {
        if (!end()) return;
        stop();
        this.#unqueue(req, options);
        this.#giveUp(place, options);
        onSocket(req, reason ?? hangUp());
      });
      const overdue = () => {
        if (!end()) return;
        stop();
        this.#unqueue(req, options);
        this.#giveUp(place, options);
        const error = course.overdue(false, life().state, performance.now());
        fail(req, { kind: 'fail', error });
      };
      const timer = setTimeout(overdue, course.deadlineAtMs - performance.now());
      let over = false;
      const end = (): boolean => {
        if (over) return false;
        over = true;
        clearTimeout(timer);
        watch();
        return true;
      };
      // An agent that is destroyed destroys what stands for the connection as well.
      place.once('close', () => {
        if (!end()) return;
        stop();
        onSocket(req, hangUp());
      });
      const stop = open(settled);
      // Who counts time from the event `socket` on, as axios does, is to count now. The connection
      // itself, when it stands, is told again.
      process.nextTick(() => {
        if (over || req.destroyed) return;
        for (const listener of req.listeners('socket')) listener.call(req, place);
      });
    }

    #open(options: Options, way: Way, target: Target, done: Created): () => void {
      const base: Record<string, unknown> = { ...options };
      if (this.keepAlive) {
        base.keepAlive = true;
        base.keepAliveInitialDelay = this.keepAliveMsecs;
      }
      if (!secure && way.place !== undefined) {
        return connectWay(way, target, base, 'http/1.1', done);
      }
      // With the sessions that an agent of https keeps.
      const wish = { ...base, ...way.tls, ...way.place, _agentKey: this.getName(options) };
      const socket = atOnce(() => super.createConnection(wish));
      return established(socket, secure, way, done);
    }

    #reserve(options: Options): Socket {
      const name = this.getName(options);
      const place = new Socket();
      (place as { connecting: boolean }).connecting = true;
      place.on('error', () => {});
      this.sockets[name] ??= [];
      this.sockets[name].push(place);
      this.totalSocketCount++;
      return place;
    }

    #release(place: Socket, options: Options): void {
      const name = this.getName(options);
      const sockets = this.sockets[name];
      const index = sockets?.indexOf(place) ?? -1;
      if (index >= 0) sockets!.splice(index, 1);
      this.totalSocketCount--;
    }

    /** Frees a place, for the next request that waits for one. */
    #giveUp(place: Socket, options: Options): void {
      this.totalSocketCount--;
      this.removeSocket(place, options);
    }

    /** A request that a connection is made for may still stand in the queue. */
    #unqueue(req: ClientRequest, options: Options): void {
      const name = this.getName(options);
      const requests = this.requests[name];
      const index = requests?.indexOf(req) ?? -1;
      if (index < 0) return;
      requests!.splice(index, 1);
      if (requests!.length === 0) delete this.requests[name];
    }
  }
  return Routed;
}

/** Ends a request that has no connection. */
function fail(req: ClientRequest, step: Step): void {
  if (step.kind !== 'fail') throw new Error(`a request cannot ${step.kind}`);
  onSocket(req, step.error);
}

function onSocket(req: ClientRequest, error: Error): void {
  (req.onSocket as (socket: unknown, error: Error) => void)(null, error);
}

/** What node:http says of a request whose socket is gone. */
function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}

/** Until called off: tells when the request is destroyed, and has its timeouts come when due. */
function watched(
  req: ClientRequest,
  timeoutMs: number | undefined,
  destroyed: (reason?: Error) => void,
) {
  const { destroy, setTimeout: setRequestTimeout } = req;
  let timer: NodeJS.Timeout | undefined;
  const arm = (ms: number | undefined) => {
    clearTimeout(timer);
    timer = ms ? setTimeout(() => req.emit('timeout'), ms) : undefined;
  };
  const restart = (ms: number, callback?: () => void) => {
    const result = setRequestTimeout.call(req, ms, callback);
    arm(ms);
    return result;
  };
  const end = (...args: [Error?]) => {
    const result = destroy.apply(req, args);
    destroyed(...args);
    return result;
  };
  Object.defineProperty(req, 'destroy', { value: end, configurable: true, writable: true });
  Object.defineProperty(req, 'setTimeout', { value: restart, configurable: true, writable: true });
  arm((req as { timeout?: number }).timeout ?? timeoutMs);
  return () => {
    clearTimeout(timer);
    delete (req as Partial<ClientRequest>).destroy;
    delete (req as Partial<ClientRequest>).setTimeout;
  };
}
