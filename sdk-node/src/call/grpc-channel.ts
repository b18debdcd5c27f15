// grpc-channel: a channel of grpc-js that is one channel for each hop, chosen anew for each call.

import type { Tls } from '../core/hop.js';
import { authorityOfTarget, joined, type Place, split } from '../core/place.js';
import { type ChannelSettings, type Routed, RoutedCall } from './grpc-call.js';
import { Door } from './grpc-door.js';
import type { Call, Channel, CreateCall, Grpc } from './grpc-js.js';
import { type Target, type Way, type Ways, waysOf } from './way.js';

/**
 * From one connection that failed to the next: grpc-js's own go up to two minutes, in which calls
 * fail though the sidecar is back. It is asked by one channel, on this machine.
 */
const RECONNECT_MS = 100;
const RECONNECT_MAX_MS = 250;

export class RoutedChannel implements Channel, Routed {
  readonly settings: ChannelSettings;
  readonly target: Target;
  /** The hops of the route have one each, made when first needed. */
  readonly #doors = new Map<string, Door>();
  #closed = false;

  constructor(settings: ChannelSettings) {
    this.settings = settings;
    const own = settings.options['grpc.default_authority'];
    const authority = typeof own === 'string' ? own : authorityOfTarget(settings.target);
    const secure = settings.credentials._isSecure?.() ?? false;
    this.target = { authority, ...split(authority, 443), secure };
  }

  ways(): Ways {
    const { policy } = this.settings;
    return waysOf(policy.router.hops(this.target.authority, 443), this.target);
  }

  close(): void {
    this.#closed = true;
    for (const { channel } of this.#doors.values()) channel.close();
    this.#doors.clear();
  }

  getTarget(): string {
    return this.#first().getTarget();
  }

  // Of the first hop that its breaker does not hold for dead: what a call would take.
  getConnectivityState(tryToConnect: boolean): number {
    return this.#first().getConnectivityState(tryToConnect);
  }

  watchConnectivityState(state: number, deadline: Date | number, callback: (e?: Error) => void) {
    this.#first().watchConnectivityState(state, deadline, callback);
  }

  getChannelzRef(): unknown {
    return this.#first().getChannelzRef();
  }

  createCall(...args: CreateCall): Call {
    if (this.#closed) throw new Error('Channel has been shut down');
    return new RoutedCall(this, args);
  }

  #first(): Channel {
    if (this.#closed) throw new Error('Channel has been shut down');
    const { usable } = this.ways();
    const { breakers } = this.settings.policy;
    const way = usable.find(({ key }) => !breakers.of(key).open) ?? usable[0];
    return way === undefined ? this.#own() : this.door(way).channel;
  }

  door(way: Way): Door {
    if (this.#closed) throw new Error('Channel has been shut down');
    let door = this.#doors.get(way.key);
    if (door === undefined) {
      door = new Door(way.place === undefined ? this.#own() : this.#toPlace(way, way.place));
      this.#doors.set(way.key, door);
    }
    return door;
  }

  #own(): Channel {
    const { grpc, target, credentials, options } = this.settings;
    return new grpc.Channel(target, credentials, { ...RECONNECT, ...options });
  }

  #toPlace(way: Way, place: Place): Channel {
    const { grpc, options } = this.settings;
    const { authority, host } = this.target;
    const address =
      'path' in place ? `unix:${place.path}` : `dns:${joined(place.host, place.port)}`;
    const credentials =
      way.tls === undefined ? grpc.credentials.createInsecure() : secured(grpc, way.tls);
    const name = way.tls?.servername ?? host;
    return new grpc.Channel(address, credentials, {
      ...RECONNECT,
      ...options,
      'grpc.default_authority': authority,
      // Already the address that is wanted: not by way of an http_proxy of the environment.
      'grpc.enable_http_proxy': 0,
      ...(way.tls === undefined ? {} : { 'grpc.ssl_target_name_override': name }),
    });
  }
}

const RECONNECT = {
  'grpc.initial_reconnect_backoff_ms': RECONNECT_MS,
  'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS,
};

function secured(grpc: Grpc, tls: Tls): object {
  const context = process.getBuiltinModule('node:tls').createSecureContext(tls);
  const { checkServerIdentity, rejectUnauthorized } = tls;
  return grpc.credentials.createFromSecureContext(context, {
    ...(checkServerIdentity === undefined ? {} : { checkServerIdentity }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
}
