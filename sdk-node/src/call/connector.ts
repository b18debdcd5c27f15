// connector: a connection by a way that has an address of its own.
// Promise: an error before the connection, or its TLS, stands is marked as never established.

import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { TagalongError } from '../core/errors.js';
import { settings } from '../options/settings.js';
import { life } from '../sidecar/life.js';
import { atOnce } from '../sidecar/passing.js';
import { neverEstablished } from './proof.js';
import type { Target, Way } from './way.js';

/**
 * Until a connection, and its TLS, stands: room for two lost packets, which Linux sends again after 1
 * and 3 s. With more, a hop that swallows packets would use up the deadline of a call.
 */
const CONNECT_TIMEOUT_MS = 4_000;

/**
 * Connects, and calls back once: with an error, or with a socket whose TLS, if any, stands. What is
 * returned gives up. `base`: options of the socket that the client was given; `alpn`: what is
 * spoken over TLS.
 */
export function connectWay(
  way: Way,
  target: Target,
  base: object,
  alpn: string,
  done: (error: Error | null, socket?: Socket) => void,
): () => void {
  const { place, tls } = way;
  const address = place ?? { host: target.host, port: target.port };
  const secured = tls ?? (target.secure && place === undefined ? {} : undefined);
  const options = { ...base, ...address };
  // What waits for the sidecar has waited; what goes past it has nothing to wait for.
  const socket = atOnce(() =>
    secured === undefined
      ? connect(options as NetConnectOpts)
      : process.getBuiltinModule('node:tls').connect({
          ...serverName(target.host),
          ...options,
          ...secured,
          ALPNProtocols: [alpn],
        } as ConnectionOptions),
  );
  return established(socket, secured !== undefined, way, done);
}

/** Calls back when a socket that is connecting stands, or never will; returns what gives up. */
export function established(
  socket: Socket,
  secured: boolean,
  way: Way,
  done: (error: Error | null, socket?: Socket) => void,
): () => void {
  const event = secured ? 'secureConnect' : 'connect';
  const settle = () => {
    clearTimeout(timer);
    socket.off(event, onConnect).off('error', onError).off('close', onClose);
  };
  const onConnect = () => {
    settle();
    done(null, socket);
  };
  const onError = (error: Error) => {
    settle();
    // A second error has nobody to be told to.
    socket.on('error', () => {});
    done(neverEstablished(explained(error, way)));
  };
  const onClose = () =>
    onError(
      Object.assign(new Error('The connection was closed before it stood.'), {
        code: 'ECONNRESET',
        syscall: 'connect',
      }),
    );
  const timer = setTimeout(() => {
    socket.destroy(
      Object.assign(new Error(`Not connected within ${CONNECT_TIMEOUT_MS} ms.`), {
        code: 'ETIMEDOUT',
        syscall: 'connect',
      }),
    );
  }, CONNECT_TIMEOUT_MS);
  socket.on(event, onConnect).on('error', onError).on('close', onClose);
  return () => {
    settle();
    socket.on('error', () => {});
    socket.destroy();
  };
}

/** RFC 6066: an address is no server name. */
function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** Tells the sidecar's life of a refusal; names the cause where the redirection catches a hop. */
function explained(error: Error, way: Way): Error {
  if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return error;
  if (way.via === 'sidecar') life().noticeRefused();
  return capturedBy(way, error) ?? error;
}

/** What is told of a hop that was refused, if the sidecar's redirection has caught it. */
export function capturedBy(way: Way, cause: unknown): TagalongError | undefined {
  return way.via === 'direct' && capturesNow() ? captured(cause, way) : undefined;
}

/**
 * The redirection sends every connection to the sidecar's port, where nobody listens while it is
 * dead: then whatever is refused was caught, or is dead as well.
 */
function capturesNow(): boolean {
  return settings().sidecar.proxy === undefined && life().state === 'dead';
}

function captured(cause: unknown, { place }: Way): TagalongError {
  const port = place !== undefined && 'port' in place ? place.port : '';
  return new TagalongError(
    'TAGALONG_DIRECT_CAPTURED',
    `The direct connection to port ${port} is refused while the sidecar is dead: its redirection catches it. Annotate the pod with traffic.sidecar.istio.io/excludeOutboundPorts: "${port}".`,
    { cause },
  );
}
